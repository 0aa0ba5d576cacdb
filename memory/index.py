"""Nearest vectors of one embedding space, kept in step with the store through a FAISS file.

Owns the FAISS files under `vectors/`. They are derived: the store holds every vector, so a file that is
missing, damaged or out of step is built again. It makes no difference here whether the vectors stand for
sentences or for frames. How FAISS finds the nearest is the work of `nearest`, embedding that of an encoder,
ranking by words that of `word_search`.
"""

import json
import os
import secrets
import zlib
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from rewatch.memory.nearest import Nearest
from rewatch.memory.store import Store, VectorState
from rewatch.memory.types import Span, TextKind


class VectorIndex:
    """Search in one embedding space. May be shared between threads."""

    def __init__(self, store: Store, folder: Path, space_id: str) -> None:
        """Prepare the index; nothing is read before the first search.

        Args:
            store: Holds the vectors.
            folder: Where the FAISS file is kept.
            space_id: The embedding space.
        """
        self._store = store
        self.space_id = space_id
        self.path = folder / f"{quote(space_id, safe='')}.faiss"
        """The derived file; it may be deleted at any time."""
        self._lock = Lock()
        self._loaded: _Loaded | None = None

    def search(
        self,
        query: NDArray[np.float32],
        k: int,
        *,
        video_ids: str | Collection[str] | None = None,
        span: Span | None = None,
        kinds: Collection[TextKind] | None = None,
    ) -> list[tuple[int, float]]:
        """Find the sentences or frames whose vectors are nearest to a query.

        Exact up to `nearest.EXACT_UP_TO` vectors; in larger spaces nearly so, with exact cosines.

        Args:
            query: float32 `[D]`, unit length.
            k: Return at most so many.
            video_ids: Restrict to one or several videos.
            span: Restrict to sentences that overlap it, or to frames in it.
            kinds: Restrict to kinds of text.

        Returns:
            Row ids with their cosine, best first.

        Raises:
            StorageError: The library cannot be read.
            ValueError: The query has another length than the vectors of the space.
        """
        loaded = self._current()
        if loaded is None or k < 1:
            return []
        if query.shape != (loaded.state.dimensions,):
            raise ValueError(
                f"{self.space_id!r} needs a query of {loaded.state.dimensions} numbers, not {query.shape}"
            )
        restricted = (video_ids, span, kinds) != (None, None, None)
        among = self._store.vector_ids(self.space_id, video_ids, span, kinds) if restricted else None
        found = loaded.nearest.search(query, k, among)
        return found if loaded.nearest.is_exact else self._ranked(query, found, k)

    def _ranked(
        self, query: NDArray[np.float32], found: list[tuple[int, float]], k: int
    ) -> list[tuple[int, float]]:
        """Compare candidates again with the vectors as they are stored, unrounded."""
        ids = sorted(row_id for row_id, _ in found)
        exact = [
            (int(row_id), float(cosine))
            for rows, vectors in self._store.vector_blocks(self.space_id, ids)
            for row_id, cosine in zip(rows, vectors @ query, strict=True)
        ]
        return sorted(exact, key=lambda pair: -pair[1])[:k]

    def _current(self) -> "_Loaded | None":
        """The index in step with the store: the one in memory, else the file, else brought up to date."""
        with self._lock:
            state = self._store.vector_state(self.space_id)
            if state is None:
                return None
            if self._loaded is None or self._loaded.state != state:
                before = self._loaded or _read(self.path, state)
                self._loaded = before if before and before.state == state else self._updated(state, before)
            return self._loaded

    def _updated(self, state: VectorState, before: "_Loaded | None") -> "_Loaded":
        """Build the index of a state of the store, from an earlier one where that saves work.

        A change of the store meanwhile leaves the index of a state that is no more: the next search goes on
        from there.
        """
        ids = self._store.vector_ids(self.space_id)
        # A sentence's vector may change under its id; a frame that is embedded again gets a new one.
        if before is not None and state.holds == "frames" and before.nearest.can_become(len(ids)):
            nearest = before.nearest.copy()
            nearest.remove(np.setdiff1d(nearest.ids, ids, assume_unique=True))
            new = np.setdiff1d(ids, nearest.ids, assume_unique=True)
        else:
            nearest, new = Nearest.empty(state.dimensions, len(ids)), ids
            if not nearest.is_exact:
                some = new[:: max(len(new) // nearest.training_size, 1)]
                nearest.train(np.concatenate([b for _, b in self._store.vector_blocks(self.space_id, some)]))
        for rows, vectors in self._store.vector_blocks(self.space_id, new):
            nearest.add(rows, vectors)
        # The index in memory is whole: a library that cannot take the file is only slower to open next time.
        with suppress(OSError):
            _write(self.path, nearest, state)
        return _Loaded(state, nearest)


@dataclass(frozen=True, slots=True)
class _Loaded:
    """An index in memory, and the state of the store that it holds."""

    state: VectorState
    nearest: Nearest


# FAISS's own file, which FAISS reads, followed by one line that tells what it belongs to.
_TRAILER_BYTES = 256
_UNFINISHED = ".unfinished"


def _write(path: Path, nearest: Nearest, state: VectorState) -> None:
    """Write the file whole or not at all; of two processes that write at once, one wins."""
    body = nearest.to_bytes()
    trailer = {
        "dimensions": state.dimensions,
        "token": state.token,
        "changes": state.changes,
        "holds": state.holds,
        "crc32": zlib.crc32(body),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    # What a killed process left is removed; if another is writing just now, it goes without its file.
    for abandoned in path.parent.glob(f"*{_UNFINISHED}"):
        abandoned.unlink(missing_ok=True)
    unfinished = path.with_suffix(f".{secrets.token_hex(4)}{_UNFINISHED}")
    try:
        with unfinished.open("wb") as file:
            file.write(body)
            file.write(json.dumps(trailer).encode().rjust(_TRAILER_BYTES))
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def _read(path: Path, state: VectorState) -> _Loaded | None:
    """Read the file if it is whole and belongs to this state of the store or to an earlier one, else None."""
    try:
        content = path.read_bytes()
        trailer = dict(json.loads(content[-_TRAILER_BYTES:]))
        checksum = trailer.pop("crc32")
        found = VectorState(**trailer)
        body = memoryview(content)[:-_TRAILER_BYTES]
        if replace(found, changes=state.changes) != state or checksum != zlib.crc32(body):
            return None
        return _Loaded(found, Nearest.from_bytes(body, state.dimensions))
    except (OSError, ValueError, KeyError, TypeError):
        return None
