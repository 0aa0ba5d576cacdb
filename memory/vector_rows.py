"""Rows of vectors: what an encoder made of sentences and of frames, space by space.

Owns the tables `vector_spaces`, `vectors` (of sentences) and `frame_vectors`. An embedding space holds one of
the two, and everything below the rows treats both alike: comparing them is `index`'s work.
"""

import json
import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rewatch.memory.connection import Connection, Value
from rewatch.memory.text_rows import scope
from rewatch.memory.types import Span, TextKind

Holds = Literal["sentences", "frames"]
"""What the vectors of a space stand for."""

_BLOCK = 20_000
"""Vectors read at once: some ten megabytes."""


@dataclass(frozen=True, slots=True)
class VectorState:
    """Tells, without reading them, whether the vectors of a space are still the same."""

    dimensions: int
    token: str
    """Random mark of the space in this library."""
    changes: int
    """Number of changes made to its vectors so far."""
    holds: Holds = "sentences"


@dataclass(frozen=True, slots=True)
class FrameVector:
    """Which frame a vector stands for."""

    id: int
    """Row id in the store."""
    video_id: str
    seconds: float
    """The frame's own timestamp."""


class VectorRows(Connection):
    """Reads and writes vectors. All methods raise StorageError."""

    def add_vectors(self, space_id: str, ids: Sequence[int], vectors: NDArray[np.float32]) -> None:
        """Store the vectors of sentences; an earlier vector of a sentence is replaced.

        Args:
            space_id: The embedding space; all its vectors have the same length.
            ids: Row ids of the sentences.
            vectors: float32 `[N, D]`, unit length, finite.

        Raises:
            ValueError: The array has another shape or holds values that are not finite.
        """
        keys = [{"sentence_id": int(row_id)} for row_id in ids]
        self._add("vectors", "sentences", space_id, keys, vectors)

    def add_frame_vectors(
        self, space_id: str, video_id: str, seconds: Sequence[float], vectors: NDArray[np.float32]
    ) -> None:
        """Store the vectors of frames; an earlier vector of a frame gives way to a new row.

        Args:
            space_id: The embedding space; all its vectors have the same length.
            video_id: The video.
            seconds: The frames' own timestamps.
            vectors: float32 `[N, D]`, unit length, finite.

        Raises:
            ValueError: The array has another shape or holds values that are not finite.
        """
        keys = [{"video_id": video_id, "seconds": float(at)} for at in seconds]
        self._add("frame_vectors", "frames", space_id, keys, vectors)

    def frame_seconds(self, space_id: str, video_id: str) -> list[float]:
        """Times of a video's frames that have a vector in a space, in order."""
        found = self.rows(
            "SELECT seconds FROM frame_vectors WHERE space_id = ? AND video_id = ? ORDER BY seconds",
            (space_id, video_id),
        )
        return [float(seconds) for (seconds,) in found]

    def frames_by_id(self, ids: Sequence[int]) -> list[FrameVector]:
        """The frames of these row ids, in their order; ids that are gone are left out."""
        found = self.rows(
            "SELECT id, video_id, seconds FROM frame_vectors WHERE id IN (SELECT value FROM json_each(?))",
            (_listed(ids),),
        )
        by_id = {row[0]: FrameVector(*row) for row in found}
        return [by_id[row_id] for row_id in ids if row_id in by_id]

    def vectors(
        self, space_id: str, video_id: str | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Vectors of a space, of one video or of all.

        Returns:
            Row ids of the sentences or frames, int64 `[N]`, ascending, and their vectors, float32 `[N, D]`.
        """
        ids = None if video_id is None else self.vector_ids(space_id, video_id)
        blocks = list(self.vector_blocks(space_id, ids))
        if not blocks:
            state = self.vector_state(space_id)
            return np.zeros(0, np.int64), np.zeros((0, state.dimensions if state else 0), np.float32)
        return np.concatenate([block[0] for block in blocks]), np.concatenate([block[1] for block in blocks])

    def vector_blocks(
        self, space_id: str, ids: Sequence[int] | NDArray[np.int64] | None = None
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """Read vectors piece by piece, by row id, so that a large space need not fit into memory twice.

        Args:
            space_id: The embedding space.
            ids: Which ones, ascending; None reads all of them. Ids that are gone are left out.

        Yields:
            Row ids, int64 `[N]`, and vectors, float32 `[N, D]`; never an empty piece.
        """
        state = self.vector_state(space_id)
        if state is None:
            return
        table, key = _TABLES[state.holds]
        select = f"SELECT {key}, vector FROM {table} WHERE space_id = :space AND"
        last, first = -1, 0
        while ids is None or first < len(ids):
            if ids is None:
                found = self.rows(
                    f"{select} {key} > :last ORDER BY {key} LIMIT {_BLOCK}",
                    {"space": space_id, "last": last},
                )
            else:
                # No other bound on the key: SQLite would walk the whole space and look each row up in the list.
                found = self.rows(
                    f"{select} {key} IN (SELECT value FROM json_each(:ids)) ORDER BY {key}",
                    {"space": space_id, "ids": _listed(ids[first : first + _BLOCK])},
                )
            first += _BLOCK
            if found:
                last = found[-1][0]
                values = np.frombuffer(b"".join(vector for _, vector in found), dtype="<f4")
                rows = np.array([row_id for row_id, _ in found], dtype=np.int64)
                yield rows, values.astype(np.float32).reshape(len(rows), state.dimensions)
            elif ids is None:
                return

    def vector_ids(
        self,
        space_id: str,
        video_ids: str | Collection[str] | None = None,
        span: Span | None = None,
        kinds: Collection[TextKind] | None = None,
    ) -> NDArray[np.int64]:
        """Row ids of what has a vector in a space and lies in scope.

        Args:
            space_id: The embedding space.
            video_ids: One or several videos; None takes all.
            span: Sentences that overlap it, or frames that begin in it.
            kinds: Kinds of text; frames have none.

        Returns:
            int64 `[N]`, ascending.
        """
        state = self.vector_state(space_id)
        if state is None:
            return np.zeros(0, np.int64)
        if state.holds == "frames":
            where, values = _frame_scope(video_ids, span)
            sql = f"SELECT id FROM frame_vectors WHERE space_id = :space AND {where}"
        else:
            where, values = scope("sentences", video_ids, span, kinds)
            sql = (
                "SELECT sentence_id FROM sentences CROSS JOIN vectors ON sentence_id = sentences.id "
                f"WHERE space_id = :space AND {where}"
            )
        found = self.rows(sql, {"space": space_id, **values})
        # Sorted here: for an order of SQLite's own it would walk the whole space by id.
        return np.sort(np.array([row_id for (row_id,) in found], np.int64))

    def vector_state(self, space_id: str) -> VectorState | None:
        """The state of a space's vectors, or None when none was ever stored."""
        found = self.rows(
            "SELECT dimensions, token, changes, holds FROM vector_spaces WHERE space_id = ?", (space_id,)
        )
        return VectorState(*found[0]) if found else None

    def _add(
        self,
        table: str,
        holds: Holds,
        space_id: str,
        keys: Sequence[Mapping[str, Any]],
        vectors: NDArray[np.float32],
    ) -> None:
        if vectors.ndim != 2 or len(vectors) != len(keys) or not np.isfinite(vectors).all():
            raise ValueError(f"{len(keys)} {holds} need as many finite vectors, not an array {vectors.shape}")
        with self.transaction():
            self._require_space(space_id, vectors.shape[1], holds)
            little_endian = np.ascontiguousarray(vectors, dtype="<f4")
            rows = (
                {"space_id": space_id, **key, "vector": vector.tobytes()}
                for key, vector in zip(keys, little_endian, strict=True)
            )
            self.insert(table, rows, replace=True)

    def _require_space(self, space_id: str, dimensions: int, holds: Holds) -> None:
        state = self.vector_state(space_id)
        if state is None:
            self.change(
                "INSERT INTO vector_spaces (space_id, dimensions, token, changes, holds) "
                "VALUES (?, ?, ?, 0, ?)",
                (space_id, dimensions, secrets.token_hex(8), holds),
            )
        elif (state.dimensions, state.holds) != (dimensions, holds):
            raise ValueError(
                f"space {space_id!r} holds vectors of {state.dimensions} numbers for {state.holds}, "
                f"not of {dimensions} for {holds}"
            )


_TABLES: Mapping[Holds, tuple[str, str]] = {
    "sentences": ("vectors", "sentence_id"),
    "frames": ("frame_vectors", "id"),
}
"""Where the vectors of a space lie, and the column of their row ids."""


def _frame_scope(video_ids: str | Collection[str] | None, span: Span | None) -> tuple[str, dict[str, Value]]:
    clauses, values = ["TRUE"], dict[str, Value]()
    if video_ids is not None:
        clauses.append("video_id IN (SELECT value FROM json_each(:videos))")
        values["videos"] = json.dumps([video_ids] if isinstance(video_ids, str) else sorted(video_ids))
    if span is not None:
        clauses.append("seconds >= :start AND seconds < :end")
        values |= {"start": float(span.start_seconds), "end": float(span.end_seconds)}
    return " AND ".join(clauses), values


def _listed(ids: Sequence[int] | NDArray[np.int64]) -> str:
    """Row ids as one JSON text: SQLite bounds the number of values a statement may have."""
    return json.dumps([int(row_id) for row_id in ids])
