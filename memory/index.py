"""Nearest sentences by their vectors, exactly, through a flat FAISS index.

Owns the FAISS files under `vectors/`. They are derived: the store holds every vector, so a file that is
missing, damaged or out of step is built again. Embedding a text is the encoder's work, ranking by words that
of `word_search`. FAISS is imported when the first search needs it.
"""

import json
import os
import secrets
import zlib
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from rewatch.memory.store import Store, VectorState
from rewatch.memory.types import Span, TextKind


class VectorIndex:
    """Exact search in one embedding space. May be shared between threads."""

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
        """Find the sentences whose vectors are nearest to a query.

        Args:
            query: float32 `[D]`, unit length.
            k: Return at most so many.
            video_ids: Restrict to one or several videos.
            span: Restrict to sentences that overlap it.
            kinds: Restrict to kinds of text.

        Returns:
            Sentence ids with their cosine, best first.

        Raises:
            StorageError: The library cannot be read.
            ValueError: The query has another length than the vectors of the space.
        """
        loaded = self._current()
        if loaded is None or k < 1:
            return []
        if query.shape != (loaded.flat.d,):
            raise ValueError(f"{self.space_id!r} needs a query of {loaded.flat.d} numbers, not {query.shape}")
        wanted = None
        if (video_ids, span, kinds) != (None, None, None):
            ids = np.array(self._store.sentence_ids(video_ids, span, kinds), dtype=np.int64)
            wanted = np.flatnonzero(np.isin(loaded.ids, ids, assume_unique=True))
        return loaded.nearest(query, k, wanted)

    def _current(self) -> "_Loaded | None":
        """The index in step with the store: the one in memory, else the file, else a new one."""
        with self._lock:
            state = self._store.vector_state(self.space_id)
            if state is None:
                return None
            if self._loaded is None or self._loaded.state != state:
                self._loaded = _read(self.path, state) or self._build()
            return self._loaded

    def _build(self) -> "_Loaded":
        import faiss

        with self._store.transaction():
            state = self._store.vector_state(self.space_id)
            ids, vectors = self._store.vectors(self.space_id)
        assert state is not None
        flat = faiss.IndexFlatIP(state.dimensions)
        flat.add(vectors)
        # The index in memory is whole: a library that cannot take the file is only slower to open next time.
        with suppress(OSError):
            _write(self.path, flat, ids, state)
        return _Loaded(state, ids, flat)


@dataclass(frozen=True, slots=True)
class _Loaded:
    """An index in memory: row `i` of `flat` is the vector of sentence `ids[i]`."""

    state: VectorState
    ids: NDArray[np.int64]
    flat: Any

    def nearest(
        self, query: NDArray[np.float32], k: int, wanted: NDArray[np.int64] | None
    ) -> list[tuple[int, float]]:
        """Rank the rows `wanted` (ascending), or all rows."""
        import faiss

        if not len(self.ids if wanted is None else wanted):
            return []
        parameters = None
        if wanted is not None:
            parameters = faiss.SearchParameters(sel=_selector(wanted))  # type: ignore[call-arg]
        cosines, rows = self.flat.search(
            np.ascontiguousarray(query[None], dtype=np.float32),
            min(k, len(self.ids)),
            params=parameters,
        )
        return [
            (int(self.ids[row]), float(cosine))
            for row, cosine in zip(rows[0], cosines[0], strict=True)
            if row >= 0
        ]


def _selector(wanted: NDArray[np.int64]) -> Any:
    import faiss

    first, last = int(wanted[0]), int(wanted[-1])
    if last - first + 1 == len(wanted):
        return faiss.IDSelectorRange(first, last + 1, True)
    return faiss.IDSelectorArray(wanted)


# FAISS's own file, which FAISS reads, followed by the ids and by one line that tells what they belong to.
_TRAILER_BYTES = 256
_UNFINISHED = ".unfinished"


def _write(path: Path, flat: Any, ids: NDArray[np.int64], state: VectorState) -> None:
    """Write the file whole or not at all; of two processes that write at once, one wins."""
    import faiss

    vectors = faiss.serialize_index(flat).tobytes()
    body = vectors + ids.astype("<i8").tobytes()
    trailer = {
        "dimensions": state.dimensions,
        "token": state.token,
        "changes": state.changes,
        "vector_bytes": len(vectors),
        "crc32": zlib.crc32(body),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    # What a killed process left is removed; if another is writing just now, it goes without its file.
    for abandoned in path.parent.glob(f"*{_UNFINISHED}"):
        abandoned.unlink(missing_ok=True)
    unfinished = path.with_suffix(f".{secrets.token_hex(4)}{_UNFINISHED}")
    try:
        unfinished.write_bytes(body + json.dumps(trailer).encode().rjust(_TRAILER_BYTES))
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def _read(path: Path, state: VectorState) -> _Loaded | None:
    """Read the file if it is whole and belongs to this state of the store, else None."""
    try:
        content = path.read_bytes()
        trailer = json.loads(content[-_TRAILER_BYTES:])
        found = VectorState(trailer["dimensions"], trailer["token"], trailer["changes"])
        vector_bytes, checksum = trailer["vector_bytes"], trailer["crc32"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    body = memoryview(content)[:-_TRAILER_BYTES]
    if found != state or checksum != zlib.crc32(body):
        return None
    import faiss

    flat = faiss.deserialize_index(np.frombuffer(body[:vector_bytes], dtype=np.uint8))
    return _Loaded(state, np.frombuffer(body[vector_bytes:], dtype="<i8").astype(np.int64), flat)
