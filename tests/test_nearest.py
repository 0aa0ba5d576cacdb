"""Large spaces are searched through lists: nearly exact, kept up to date, and on a GPU where there is one."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pytest
from numpy.typing import NDArray
from small_stages import video_at

from rewatch.memory import nearest
from rewatch.memory.index import VectorIndex
from rewatch.memory.nearest import Nearest
from rewatch.memory.store import Store
from rewatch.memory.types import Span

SPACE = "frames of a test"
DIMENSIONS = 24


def clustered(seed: int, count: int) -> NDArray[np.float32]:
    """Frames as encoders see them: those of one shot nearly the same, those of one video alike."""
    chance = np.random.default_rng(seed)
    shots = chance.standard_normal((count // 10, DIMENSIONS)) + chance.standard_normal(DIMENSIONS)
    frames = np.repeat(shots, 10, axis=0) + 0.2 * chance.standard_normal((count, DIMENSIONS))
    return np.asarray(frames / np.linalg.norm(frames, axis=1, keepdims=True), np.float32)


def add(store: Store, video_id: str, seed: int, count: int) -> None:
    store.put_video(replace(video_at(Path("/film.mp4")), video_id=video_id))
    store.add_frame_vectors(SPACE, video_id, np.arange(count) / 2, clustered(seed, count))  # type: ignore[arg-type]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A library of three videos, large by a limit that is small."""
    monkeypatch.setattr(nearest, "EXACT_UP_TO", 500)
    with Store.open(tmp_path / "library") as opened:
        for number in range(3):
            add(opened, f"video{number}", number, 1000)
        yield opened


def index_of(store: Store) -> VectorIndex:
    return VectorIndex(store, store.folder / "vectors", SPACE)


def exact(store: Store, query: NDArray[np.float32], k: int, **where: Any) -> dict[int, float]:
    wanted = store.vector_ids(SPACE, **where)
    cosines = {
        int(row_id): float(cosine)
        for ids, vectors in store.vector_blocks(SPACE, wanted)
        for row_id, cosine in zip(ids, vectors @ query, strict=True)
    }
    return dict(sorted(cosines.items(), key=lambda item: -item[1])[:k])


def recall(store: Store, index: VectorIndex, queries: NDArray[np.float32], **where: Any) -> float:
    found = [dict(index.search(query, 10, **where)) for query in queries]
    truth = [exact(store, query, 10, **where) for query in queries]
    for mine, right in zip(found, truth, strict=True):
        for row_id in mine.keys() & right.keys():
            assert mine[row_id] == pytest.approx(right[row_id], abs=1e-5)  # unrounded, by the stored vectors
    return float(
        np.mean(
            [len(mine.keys() & right.keys()) / len(right) for mine, right in zip(found, truth, strict=True)]
        )
    )


def test_a_large_space_is_searched_through_lists_and_finds_nearly_all(store: Store) -> None:
    index = index_of(store)
    assert recall(store, index, clustered(0, 1000)[::50]) >= 0.95
    assert isinstance(faiss.read_index(str(index.path)), faiss.IndexIVF)


@pytest.mark.parametrize(
    "where",
    [
        {"video_ids": "video1"},
        {"video_ids": ["video0", "video2"]},
        {"video_ids": "video2", "span": Span(100.0, 103.0)},
        {"span": Span(0.0, 40.0)},
    ],
)
def test_a_restricted_search_finds_nearly_all_that_is_allowed(store: Store, where: dict[str, Any]) -> None:
    index = index_of(store)
    assert recall(store, index, clustered(1, 1000)[::50], **where) >= 0.95
    allowed = set(store.vector_ids(SPACE, **where).tolist())
    assert {row_id for row_id, _ in index.search(clustered(1, 10)[0], 500, **where)} <= allowed


def test_a_large_space_follows_the_store_without_choosing_centres_anew(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    queries = clustered(5, 100)[::10]
    index = index_of(store)
    index.search(queries[0], 1)
    monkeypatch.setattr(Nearest, "train", None)  # would fail if it was built again
    add(store, "video5", 5, 100)
    store.forget("video0")
    for fresh in (index, index_of(store)):
        assert recall(store, fresh, queries) >= 0.95
        found = store.frames_by_id([row_id for row_id, _ in fresh.search(queries[0], 10)])
        assert {frame.video_id for frame in found} == {"video5"}


def test_a_space_that_grows_or_shrinks_past_the_limit_changes_its_structure(store: Store) -> None:
    query = clustered(9, 10)[0]
    index = index_of(store)
    index.search(query, 5)
    store.forget("video0")
    store.forget("video1")
    store.forget("video2")
    add(store, "small", 9, 400)
    assert dict(index.search(query, 10)).keys() == exact(store, query, 10).keys()
    assert isinstance(faiss.read_index(str(index.path)), faiss.IndexIDMap)
    add(store, "large", 10, 1000)
    index.search(query, 10)
    assert isinstance(faiss.read_index(str(index.path)), faiss.IndexIVF)


def test_a_frame_embedded_again_is_found_once(store: Store) -> None:
    index = index_of(store)
    index.search(clustered(0, 10)[0], 5)
    other = clustered(77, 10)[:1]
    store.add_frame_vectors(SPACE, "video0", [3.0], other)
    (row_id, cosine), *_ = index.search(other[0], 5)
    assert cosine == pytest.approx(1, abs=1e-5)
    assert [frame.seconds for frame in store.frames_by_id([row_id])] == [3.0]
    assert len(store.frame_seconds(SPACE, "video0")) == 1000


def test_a_gpu_searches_everything_and_leaves_parts_to_the_cpu(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved: list[Any] = []

    def to_gpu(resources: object, device: int, index: Any) -> Any:
        moved.append(faiss.clone_index(index))
        return moved[-1]

    monkeypatch.setattr(faiss, "StandardGpuResources", object, raising=False)
    monkeypatch.setattr(faiss, "get_num_gpus", lambda: 1)
    monkeypatch.setattr(faiss, "index_cpu_to_gpu", to_gpu, raising=False)
    index, query = index_of(store), clustered(1, 10)[0]
    assert index.search(query, 10, video_ids="video1")
    assert not moved
    assert recall(store, index, clustered(1, 1000)[::100]) >= 0.95
    assert len(moved) == 1
    assert moved[0].nprobe > 1


def test_sentences_and_frames_do_not_share_a_space(store: Store) -> None:
    with pytest.raises(ValueError, match="for frames, not of 24 for sentences"):
        store.add_vectors(SPACE, [1], clustered(0, 10)[:1])


def steps_of(store: Store, work: Callable[[], object]) -> int:
    """Instructions that SQLite executes for some work."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    store._db.conn.set_progress_handler(count, 1)
    work()
    store._db.conn.set_progress_handler(None, 0)
    return steps


def test_a_second_comparison_reads_its_candidates_and_not_the_whole_space(store: Store) -> None:
    ids = store.vector_ids(SPACE)
    ((found, _),) = store.vector_blocks(SPACE, ids[::300])
    assert found.tolist() == ids[::300].tolist()
    few = steps_of(store, lambda: list(store.vector_blocks(SPACE, ids[::300])))
    assert few < steps_of(store, lambda: list(store.vector_blocks(SPACE))) / 20


def test_what_one_video_holds_is_told_without_reading_the_others(store: Store) -> None:
    add(store, "short", 7, 10)
    few = steps_of(store, lambda: store.vector_ids(SPACE, "short"))
    assert few < steps_of(store, lambda: store.vector_ids(SPACE)) / 20


def test_a_search_leaves_the_threads_of_faiss_to_others(store: Store) -> None:
    before = faiss.omp_get_max_threads()
    index_of(store).search(clustered(0, 10)[0], 5)
    assert faiss.omp_get_max_threads() == before
