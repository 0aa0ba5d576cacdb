"""Rows that record how far ingest has come with each video.

Owns the tables `stages` and `stage_parts`. When a record still holds is decided by `ingest.pipeline`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rewatch.memory.connection import Connection, storable
from rewatch.memory.errors import StorageError
from rewatch.memory.types import CoverageStatus

_NOW = "strftime('%Y-%m-%dT%H:%M:%SZ', 'now')"


@dataclass(frozen=True, slots=True)
class StageRecord:
    """How far one stage has come with one video."""

    name: str
    params_hash: str
    """Hash of the parameters it ran with; "" when a stage that it needs was run again since."""
    parameters: Mapping[str, str | int | float | bool]
    finished: bool
    status: CoverageStatus
    """What its channel holds; meaningful once finished."""
    note: str
    parts: frozenset[str]
    """Keys of the parts that are stored."""
    done_seconds: float
    """How far along the video the stored parts reach."""


class StageRows(Connection):
    """Reads and writes stage records. All methods raise StorageError."""

    def start_stage(
        self,
        video_id: str,
        name: str,
        params_hash: str,
        parameters: Mapping[str, str | int | float | bool],
        dependents: Sequence[str] = (),
    ) -> None:
        """Record that a stage begins from nothing, and that its dependents' results no longer hold.

        Args:
            video_id: The video; stored already.
            name: The stage.
            params_hash: Hash of its parameters, never "".
            parameters: The same, for people.
            dependents: Names of the stages that read its rows.
        """
        with self.transaction():
            self.change("DELETE FROM stages WHERE video_id = ? AND name = ?", (video_id, name))
            self.change(
                f"INSERT INTO stages VALUES (?, ?, ?, ?, 0, 'unavailable', '', {_NOW}, NULL)",
                (video_id, name, params_hash, json.dumps(dict(parameters), sort_keys=True)),
            )
            self.change(
                "UPDATE stages SET params_hash = '', finished = 0 "
                "WHERE video_id = ? AND name IN (SELECT value FROM json_each(?))",
                (video_id, json.dumps(list(dependents))),
            )

    def put_part(self, video_id: str, name: str, key: str, done_seconds: float) -> None:
        """Record that a part of a stage is stored, in the transaction that stores it."""
        self.change("INSERT INTO stage_parts VALUES (?, ?, ?, ?)", (video_id, name, key, float(done_seconds)))

    def finish_stage(self, video_id: str, name: str, status: CoverageStatus, note: str = "") -> None:
        """Record that every part of a stage is stored."""
        changed = self.change(
            f"UPDATE stages SET finished = 1, status = ?, note = ?, finished_at = {_NOW} "
            "WHERE video_id = ? AND name = ?",
            (status, storable(note), video_id, name),
        )
        if not changed:
            raise StorageError(
                f"the video was removed from {self.folder} while it was being indexed; run again"
            )

    def stage_records(self, video_id: str) -> list[StageRecord]:
        """The records of all stages that ever began, in the order in which they last began."""
        parts: dict[str, dict[str, float]] = {}
        for stage, key, seconds in self.rows(
            "SELECT stage, key, done_seconds FROM stage_parts WHERE video_id = ?", (video_id,)
        ):
            parts.setdefault(stage, {})[key] = seconds
        found = self.rows(
            "SELECT name, params_hash, parameters, finished, status, note FROM stages "
            "WHERE video_id = ? ORDER BY rowid",
            (video_id,),
        )
        return [
            StageRecord(
                name=name,
                params_hash=params_hash,
                parameters=json.loads(parameters),
                finished=bool(finished),
                status=status,
                note=note,
                parts=frozenset(parts.get(name, ())),
                done_seconds=max(parts.get(name, {}).values(), default=0.0),
            )
            for name, params_hash, parameters, finished, status, note in found
        ]
