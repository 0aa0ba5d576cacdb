"""Rows that the agent leaves behind: what its tools saw, its runs, their claims and evidence.

Owns the tables `observations`, `runs`, `run_videos`, `claims` and `evidence`. A run's answer is taken as the
JSON object that the agent prints; what its fields mean is the agent's.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from rewatch.memory.connection import Connection, storable
from rewatch.memory.types import Cost, Observation, PictureCompression, Span

_OBSERVATION_COLUMNS = (
    "id, video_id, tool, channel, start_seconds, end_seconds, text, boxes, "
    "frame_seconds, score, probability, model, params_hash, cost, error, compression"
)


class AgentRows(Connection):
    """Reads and writes what was seen and answered. All methods raise StorageError."""

    def put_observation(self, observation: Observation, query: str = "") -> None:
        """Store what a tool call saw; the same call seen again takes its place."""
        row = {
            **{name: getattr(observation, name) for name in ("id", "video_id", "tool", "channel")},
            **{name: getattr(observation, name) for name in ("score", "probability", "model", "params_hash")},
            "query": storable(query),
            "start_seconds": float(observation.span.start_seconds),
            "end_seconds": float(observation.span.end_seconds),
            "text": storable(observation.text),
            "boxes": json.dumps(observation.boxes),
            "frame_seconds": json.dumps(observation.frame_seconds),
            "cost": json.dumps(asdict(observation.cost)),
            "error": storable(observation.error),
            "compression": json.dumps(asdict(observation.compression)) if observation.compression else None,
            "seen_at": _now(),
        }
        self.upsert("observations", row, key="id")

    def observation(self, observation_id: str) -> Observation | None:
        """The observation of that id, or None."""
        found = self.observations([observation_id])
        return found[0] if found else None

    def observations(self, observation_ids: Sequence[str]) -> list[Observation]:
        """The observations of these ids, in their order; ids that are gone are left out."""
        found = self.rows(
            f"SELECT {_OBSERVATION_COLUMNS} FROM observations WHERE id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(observation_ids)),),
        )
        by_id = {row[0]: _observation(row) for row in found}
        return [by_id[row_id] for row_id in observation_ids if row_id in by_id]

    def observations_of(self, video_id: str, *, tool: str, query: str, model: str) -> list[Observation]:
        """What a tool has seen of a video with a model, when it was asked this, by time."""
        found = self.rows(
            f"SELECT {_OBSERVATION_COLUMNS} FROM observations "
            "WHERE video_id = ? AND tool = ? AND query = ? AND model = ? ORDER BY start_seconds, id",
            (video_id, tool, storable(query), model),
        )
        return [_observation(row) for row in found]

    def put_run(self, answer: Mapping[str, Any], *, video_ids: Sequence[str], thread: str = "") -> None:
        """Store an answer with its claims and evidence, in place of an earlier one of the same run.

        Args:
            answer: The JSON object of the answer, with `run_id`, `question`, `found`, `stopped`, `claims`
                and `evidence`.
            video_ids: The videos that were asked about.
            thread: Name of the conversation it belongs to.
        """
        run_id = str(answer["run_id"])
        with self.transaction():
            self.change("DELETE FROM runs WHERE id = ?", (run_id,))
            row = {
                "id": run_id,
                "question": storable(answer["question"]),
                "thread": storable(thread),
                "found": int(answer["found"]),
                "stopped": answer["stopped"],
                "answer": json.dumps(answer),
                "ended_at": _now(),
            }
            self.insert("runs", [row])
            self.insert(
                "run_videos", ({"run_id": run_id, "video_id": name} for name in sorted(set(video_ids)))
            )
            self.insert("claims", _claim_rows(run_id, answer["claims"]))
            self.insert("evidence", _evidence_rows(run_id, answer["evidence"]))

    def run(self, run_id: str) -> dict[str, Any] | None:
        """The answer of a run as it was stored, or None."""
        found = self.rows("SELECT answer FROM runs WHERE id = ?", (run_id,))
        return json.loads(found[0][0]) if found else None

    def runs(self, video_id: str | None = None, thread: str | None = None) -> list[dict[str, Any]]:
        """Stored answers, oldest first, of one video and one thread or of all."""
        found = self.rows(
            "SELECT answer FROM runs WHERE (:thread IS NULL OR thread = :thread) "
            "AND (:video IS NULL OR id IN (SELECT run_id FROM run_videos WHERE video_id = :video)) "
            "ORDER BY ended_at, rowid",
            {"thread": thread, "video": video_id},
        )
        return [json.loads(answer) for (answer,) in found]


def _claim_rows(run_id: str, claims: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "run_id": run_id,
            "position": position,
            "text": storable(claim["text"]),
            "verdict": claim["verdict"],
            "evidence_ids": json.dumps(list(claim["evidence_ids"])),
        }
        for position, claim in enumerate(claims)
    ]


def _evidence_rows(run_id: str, evidence: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    plain = ("id", "video_id", "start_seconds", "end_seconds", "source", "score")
    return [
        {
            "run_id": run_id,
            **{name: item[name] for name in plain},
            "text": storable(item["text"]),
            "boxes": json.dumps(list(item["boxes"])),
            "frame_seconds": json.dumps(list(item["frame_seconds"])),
        }
        for item in evidence
    ]


def _observation(row: Sequence[Any]) -> Observation:
    row_id, video_id, tool, channel, start, end, text, boxes, frames, score, probability, *rest = row
    model, params_hash, cost, error, compression = rest
    return Observation(
        id=row_id,
        video_id=video_id,
        tool=tool,
        channel=channel,
        span=Span(start, end),
        text=text,
        boxes=tuple(map(tuple, json.loads(boxes))),
        frame_seconds=tuple(json.loads(frames)),
        score=score,
        probability=probability,
        model=model,
        params_hash=params_hash,
        cost=Cost(**json.loads(cost)),
        error=error,
        compression=PictureCompression(**json.loads(compression)) if compression else None,
    )


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
