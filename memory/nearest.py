"""How FAISS finds the nearest vectors: exactly where that is fast enough, by lists of neighbours where not.

Owns the choice of the structure by the number of vectors, its parameters, and the use of a GPU where FAISS's
GPU build finds one. Up to EXACT_UP_TO vectors each one is compared. Above, the vectors lie, rounded to a byte
a number, in lists around centres (IVF with scalar quantisation), and a query visits the lists of its nearest
centres; the caller compares what comes back with the unrounded vectors. The parameters were chosen with
`rewatch bench visual-search`.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

EXACT_UP_TO = 100_000
"""Vectors that are compared one by one, in about 15 milliseconds at 512 numbers each."""
_TRAINING_PER_LIST = 64
"""Vectors that each centre is placed by; FAISS warns below 39."""
_SPARE, _SPARE_SHARE = 20, 0.25
"""Candidates beyond the results wanted, at least so many and this share of them: rounding changes their order a
little. Each is read from the store to be compared again."""
_GROWTH = 2.0
"""A space may grow this many times before its centres are chosen anew."""


class Nearest:
    """Vectors by id, and the search for those with the largest inner product with a query."""

    def __init__(self, index: Any) -> None:
        """Take a FAISS index that keeps ids: an `IndexIDMap2` over a flat one, or an `IndexIVF`."""
        self._index = index
        self._resources: Any = None
        self._on_gpu: Any = None

    @classmethod
    def empty(cls, dimensions: int, count: int) -> Self:
        """The structure that suits so many vectors, without any yet; `train` it unless it is exact."""
        faiss = _faiss()
        if count <= EXACT_UP_TO:
            return cls(faiss.IndexIDMap2(faiss.IndexFlatIP(dimensions)))
        lists = round(math.sqrt(count))
        return cls(faiss.index_factory(dimensions, f"IVF{lists},SQ8", faiss.METRIC_INNER_PRODUCT))

    @classmethod
    def from_bytes(cls, content: memoryview, dimensions: int) -> Self:
        """Read what `to_bytes` wrote.

        Raises:
            ValueError: It is damaged, or another kind of index than is made here, of vectors of so many numbers.
        """
        faiss = _faiss()
        try:
            index = faiss.deserialize_index(np.frombuffer(content, dtype=np.uint8))
        except (RuntimeError, MemoryError) as error:  # a damaged length may ask for more memory than there is
            raise ValueError(f"no FAISS index: {error}") from error
        if not isinstance(index, faiss.IndexIDMap | faiss.IndexIVF) or index.d != dimensions:
            raise ValueError(f"an index of another kind: {type(index).__name__} of {index.d} numbers")
        return cls(index)

    def to_bytes(self) -> bytes:
        """FAISS's own file."""
        faiss = _faiss()
        content: bytes = faiss.serialize_index(self._index).tobytes()
        return content

    def copy(self) -> "Nearest":
        """The same vectors, free to be changed while others search here."""
        faiss = _faiss()
        return Nearest(faiss.clone_index(self._index))

    @property
    def is_exact(self) -> bool:
        """Whether every vector is compared, unrounded."""
        exact: bool = isinstance(self._index, _faiss().IndexIDMap)
        return exact

    @property
    def ids(self) -> NDArray[np.int64]:
        """Ids of the vectors, int64 `[N]`, in no particular order."""
        faiss = _faiss()
        if self.is_exact:
            ids: NDArray[np.int64] = faiss.vector_to_array(self._index.id_map)
            return ids
        lists = self._index.invlists
        parts = [
            faiss.rev_swig_ptr(lists.get_ids(number), lists.list_size(number))
            for number in range(lists.nlist)
            if lists.list_size(number)
        ]
        return np.concatenate(parts) if parts else np.zeros(0, np.int64)

    @property
    def training_size(self) -> int:
        """How many vectors `train` asks for."""
        return _TRAINING_PER_LIST * int(self._index.nlist)

    def can_become(self, count: int) -> bool:
        """Whether adding and removing vectors leads to a structure that suits so many."""
        if self.is_exact:
            return count <= EXACT_UP_TO
        return EXACT_UP_TO < count <= _GROWTH * int(self._index.nlist) ** 2

    def train(self, vectors: NDArray[np.float32]) -> None:
        """Choose the centres of the lists from some of the vectors, float32 `[N, D]`."""
        self._index.train(vectors)

    def add(self, ids: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
        """Take vectors in, float32 `[N, D]`, under new ids, int64 `[N]`."""
        self._index.add_with_ids(vectors, ids)

    def remove(self, ids: NDArray[np.int64]) -> None:
        """Drop vectors by their ids, int64 `[N]`."""
        if len(ids):
            self._index.remove_ids(ids)

    def search(
        self, query: NDArray[np.float32], k: int, among: NDArray[np.int64] | None = None
    ) -> list[tuple[int, float]]:
        """Find the vectors with the largest inner product.

        Args:
            query: float32 `[D]`.
            k: Results wanted.
            among: Restrict to these ids, int64 `[N]`, ascending; None for all.

        Returns:
            Ids with their products, best first: at most `k` if the search is exact, else more, to be
            compared again.
        """
        count = self._index.ntotal if among is None else len(among)
        if not count:
            return []
        spare = 0 if self.is_exact else max(_SPARE, math.ceil(_SPARE_SHARE * k))
        wanted = min(k + spare, count)
        row = np.ascontiguousarray(query[None], dtype=np.float32)
        if among is None and (on_gpu := self._gpu()) is not None:
            products, ids = on_gpu.search(row, wanted)
        else:
            with _one_thread():
                products, ids = self._index.search(row, wanted, params=self._parameters(among))
        return [(int(i), float(p)) for i, p in zip(ids[0], products[0], strict=True) if i >= 0]

    def _parameters(self, among: NDArray[np.int64] | None) -> Any:
        faiss = _faiss()
        selector = None if among is None else _selector(among)
        if self.is_exact:
            return faiss.SearchParameters(sel=selector)
        # What is allowed may lie in any list: all are visited, and only what is allowed is compared.
        return faiss.SearchParametersIVF(
            sel=selector, nprobe=self._visited if among is None else self._index.nlist
        )

    @property
    def _visited(self) -> int:
        """Lists that an unrestricted query visits: 32 of a million vectors' 1,000, and 18 of 100,000's 316."""
        return math.ceil(math.sqrt(self._index.nlist))

    def _gpu(self) -> Any:
        """The same index on the first GPU, which cannot restrict a search; None without a GPU build or GPU."""
        faiss = _faiss()
        resources = getattr(faiss, "StandardGpuResources", None)
        if resources is None or faiss.get_num_gpus() == 0:
            return None
        if self._on_gpu is None:
            self._resources = resources()
            self._on_gpu = faiss.index_cpu_to_gpu(self._resources, 0, self._index)
            if not self.is_exact:
                self._on_gpu.nprobe = self._visited
        return self._on_gpu


@contextmanager
def _one_thread() -> Iterator[None]:
    """Search in this thread alone.

    FAISS spreads queries over threads, not one query; yet it wakes them all, and waits for them: on cores that
    have other work this took 24 ms where the search itself takes 0.3.
    """
    faiss = _faiss()
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


def _selector(ids: NDArray[np.int64]) -> Any:
    faiss = _faiss()
    first, last = int(ids[0]), int(ids[-1])
    if last - first + 1 == len(ids):
        return faiss.IDSelectorRange(first, last + 1)
    chosen = np.zeros(last + 1, bool)
    chosen[ids] = True
    return faiss.IDSelectorBitmap(np.packbits(chosen, bitorder="little"))


def _faiss() -> Any:
    """FAISS, imported when the first search needs it."""
    import faiss

    return faiss
