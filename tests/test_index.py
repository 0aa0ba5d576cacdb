"""The vector index ranks exactly, and its file can be lost, damaged or behind at any time."""

import json
import threading
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pytest
from numpy.typing import NDArray
from small_stages import video_at

from rewatch.memory.index import VectorIndex
from rewatch.memory.store import Store
from rewatch.memory.types import Sentence, Span, TextKind

SPACE = "a space/with: odd name"
KINDS: tuple[TextKind, ...] = ("subtitle", "screen")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "library") as opened:
        for number in range(3):
            add(opened, f"video{number}", seed=number)
        yield opened


def add(store: Store, video_id: str, seed: int, count: int = 200) -> None:
    store.put_video(replace(video_at(Path("/talk.mp4")), video_id=video_id))
    sentences = [Sentence(0, "", KINDS[n % 2], Span(float(n), n + 1.5), f"{n}") for n in range(count)]
    store.add_vectors(SPACE, store.add_sentences(video_id, sentences), unit(seed, count))


def unit(seed: int, count: int) -> NDArray[np.float32]:
    vectors = np.random.default_rng(seed).standard_normal((count, 16)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def index_of(store: Store) -> VectorIndex:
    return VectorIndex(store, store.folder / "vectors", SPACE)


def exact(store: Store, query: NDArray[np.float32], k: int, **where: Any) -> list[int]:
    ids, vectors = store.vectors(SPACE)
    allowed = {item.id for item in store.sentences(**where)}
    ranked = sorted(zip(-(vectors @ query), ids.tolist(), strict=True))
    return [row_id for _, row_id in ranked if row_id in allowed][:k]


@pytest.mark.parametrize(
    "where",
    [
        {},
        {"video_ids": "video1"},
        {"video_ids": ["video0", "video2"]},
        {"video_ids": "video1", "span": Span(20.0, 40.0)},
        {"video_ids": "video2", "kinds": ["screen"]},
        {"span": Span(3.0, 4.0), "kinds": ["subtitle"]},
    ],
)
def test_search_is_exact_within_its_restrictions(store: Store, where: dict[str, Any]) -> None:
    query = unit(9, 1)[0]
    ranked = index_of(store).search(query, 10, **where)
    assert [row_id for row_id, _ in ranked] == exact(store, query, 10, **where)
    ids, vectors = store.vectors(SPACE)
    for row_id, cosine in ranked:
        assert cosine == pytest.approx(float(vectors[ids.tolist().index(row_id)] @ query), abs=1e-5)


def test_nothing_to_find(store: Store) -> None:
    query = unit(9, 1)[0]
    index = index_of(store)
    assert index.search(query, 5, video_ids="none") == []
    assert index.search(query, 0) == []
    assert len(index.search(query, 10_000)) == 600
    assert VectorIndex(store, store.folder, "empty space").search(query, 5) == []
    for number in range(3):
        store.forget(f"video{number}")
    assert index.search(query, 5) == []


def test_a_query_of_another_space_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="16 numbers"):
        index_of(store).search(np.zeros(8, dtype=np.float32), 5)


def test_the_file_is_read_by_faiss_and_used_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    index = index_of(store)
    expected = index.search(unit(9, 1)[0], 5)
    assert faiss.read_index(str(index.path)).ntotal == 600
    assert [path.name for path in (store.folder / "vectors").iterdir()] == [index.path.name]
    monkeypatch.setattr(Store, "vectors", None)  # would fail if the index were built again
    assert index_of(store).search(unit(9, 1)[0], 5) == expected


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1000])


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def make_text(path: Path) -> None:
    path.write_text("not an index " * 100)


def make_empty(path: Path) -> None:
    path.write_bytes(b"")


def make_number(path: Path) -> None:
    path.write_text("1")


def with_body(path: Path, body: bytes) -> None:
    """Put other bytes before the trailer, which says that they are whole."""
    trailer = json.loads(path.read_bytes()[-256:])
    path.write_bytes(body + json.dumps({**trailer, "crc32": zlib.crc32(body)}).encode().rjust(256))


def make_no_index(path: Path) -> None:
    with_body(path, b"no index at all " * 100)


def make_half_an_index(path: Path) -> None:
    with_body(path, path.read_bytes()[:-1000])


def make_another_kind(path: Path) -> None:
    with_body(path, faiss.serialize_index(faiss.IndexFlatIP(16)).tobytes())


def make_shorter_vectors(path: Path) -> None:
    with_body(path, faiss.serialize_index(faiss.IndexIDMap2(faiss.IndexFlatIP(8))).tobytes())


DAMAGES = [
    *(Path.unlink, cut_short, flip_a_bit, make_text, make_empty, make_number),
    *(make_no_index, make_half_an_index, make_another_kind, make_shorter_vectors),
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_lost_or_damaged_file_is_built_again(store: Store, damage: Any) -> None:
    query = unit(9, 1)[0]
    index = index_of(store)
    expected = index.search(query, 20)
    whole = index.path.read_bytes()
    damage(index.path)
    assert index_of(store).search(query, 20) == expected
    assert index.path.read_bytes() == whole


def test_the_index_follows_the_store(store: Store) -> None:
    query = unit(9, 1)[0]
    index = index_of(store)
    index.search(query, 5)
    add(store, "video3", seed=3)
    assert [row_id for row_id, _ in index.search(query, 20)] == exact(store, query, 20)
    store.forget("video0")
    assert [row_id for row_id, _ in index.search(query, 20)] == exact(store, query, 20)
    assert [row_id for row_id, _ in index_of(store).search(query, 20)] == exact(store, query, 20)


def test_a_file_of_another_library_is_not_taken(store: Store, tmp_path: Path) -> None:
    query = unit(9, 1)[0]
    with Store.open(tmp_path / "other") as other:
        for number in range(3):
            add(other, f"video{number}", seed=number + 10)
        index_of(other).search(query, 5)
        index_of(store).path.parent.mkdir()
        index_of(store).path.write_bytes(index_of(other).path.read_bytes())
    assert [row_id for row_id, _ in index_of(store).search(query, 20)] == exact(store, query, 20)


def test_what_a_killed_process_left_is_removed(store: Store) -> None:
    folder = store.folder / "vectors"
    folder.mkdir()
    (folder / "index.1234.unfinished").write_bytes(b"half")
    index = index_of(store)
    index.search(unit(9, 1)[0], 5)
    assert list(folder.iterdir()) == [index.path]


def test_a_folder_that_takes_no_file_still_searches(store: Store) -> None:
    query = unit(9, 1)[0]
    (store.folder / "vectors").write_text("in the way")
    assert [row_id for row_id, _ in index_of(store).search(query, 5)] == exact(store, query, 5)


def test_threads_build_and_search_together(store: Store) -> None:
    query = unit(9, 1)[0]
    expected = exact(store, query, 20, video_ids="video1")
    seen: list[list[int]] = []
    indexes = [index_of(store), index_of(store)]

    def work(number: int) -> None:
        found = indexes[number % 2].search(query, 20, video_ids="video1")
        seen.append([row_id for row_id, _ in found])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [expected] * 8
