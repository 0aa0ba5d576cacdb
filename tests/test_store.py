"""What is put into a store comes back as it was, and goes when its video is forgotten."""

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from small_stages import video_at

from rewatch.memory.errors import ToolError
from rewatch.memory.file_stamp import FileStamp
from rewatch.memory.store import Store
from rewatch.memory.types import (
    Cost,
    FrameSample,
    Observation,
    Segment,
    Sentence,
    Span,
    TextKind,
    TextLine,
    VideoInfo,
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "library") as opened:
        yield opened


@pytest.fixture
def video(store: Store) -> VideoInfo:
    info = video_at(Path("/films/talk.mp4"))
    store.put_video(info)
    return info


def sentence(start: float, end: float, kind: TextKind = "subtitle", text: str = "words") -> Sentence:
    return Sentence(0, "", kind, Span(start, end), text)


@pytest.mark.parametrize("name", [b"a talk.mp4", "größe.mp4".encode(), b"caf\xe9.mp4", b"two\nlines'\".mp4"])
def test_a_video_comes_back_whatever_its_name(store: Store, name: bytes) -> None:
    info = replace(
        video_at(Path("/films") / os.fsdecode(name)),
        subtitle_languages=("eng", ""),
        has_audio=True,
        rotation_degrees=90,
        player_offset_seconds=-1.5,
    )
    store.put_video(info)
    assert store.video(info.video_id) == info
    assert store.videos() == [info]
    assert store.video("another") is None


def test_putting_a_video_again_keeps_its_rows(store: Store, video: VideoInfo) -> None:
    store.add_samples(video.video_id, [FrameSample(0.0, b"h", b"s")])
    moved = replace(video, path=Path("/elsewhere/talk.mp4"))
    store.put_video(moved)
    assert store.video(video.video_id) == moved
    assert len(store.samples(video.video_id)) == 1


def test_a_file_is_known_until_it_changes(store: Store, video: VideoInfo, tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.mp4")
    path.write_bytes(b"video")
    assert store.known_file(path) is None
    store.put_file(path, video.video_id, FileStamp.of(path))
    assert store.known_file(path) == video.video_id
    before = path.stat()
    time.sleep(0.02)
    path.write_bytes(b"VIDEO")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))  # same size, same time of modification
    assert store.known_file(path) is None
    path.unlink()
    assert store.known_file(path) is None


def test_segments_are_replaced_level_by_level(store: Store, video: VideoInfo) -> None:
    shots = [Segment("shot", Span(0.0, 10.0)), Segment("shot", Span(10.0, 60.0))]
    chapter = Segment("chapter", Span(0.0, 60.0), "Entropy")
    store.replace_segments(video.video_id, "shot", [Segment("shot", Span(0.0, 60.0))])
    store.replace_segments(video.video_id, "shot", shots)
    store.replace_segments(video.video_id, "chapter", [chapter])
    assert store.segments(video.video_id, "shot") == shots
    assert store.segments(video.video_id) == [chapter, *shots]
    with pytest.raises(ValueError, match="level"):
        store.replace_segments(video.video_id, "scene", shots)


def test_samples_come_back_by_time_and_once(store: Store, video: VideoInfo) -> None:
    late, early = FrameSample(2.04, b"\0\xff", b""), FrameSample(0.0, b"h", b"s")
    store.add_samples(video.video_id, [late, early])
    store.add_samples(video.video_id, [late])
    assert store.samples(video.video_id) == [early, late]
    assert store.sample_seconds(video.video_id) == [0.0, 2.04]
    store.delete_samples(video.video_id)
    assert store.samples(video.video_id) == []


def test_text_lines_come_back_by_start(store: Store, video: VideoInfo) -> None:
    screen = TextLine("screen", Span(5.0, 9.0), "Law of entropy", "ocr", (0.1, 0.2, 0.3, 0.4), 0.75)
    spoken = TextLine("subtitle", Span(1.0, 5.0), "The law", "talk.srt")
    store.add_text_lines(video.video_id, [screen, spoken])
    assert store.text_lines(video.video_id) == [spoken, screen]
    assert store.text_lines(video.video_id, kinds=["screen"]) == [screen]
    store.delete_text_lines(video.video_id, "screen")
    assert store.text_lines(video.video_id) == [spoken]


@pytest.mark.parametrize(
    ("span", "found"),
    [
        (Span(0.0, 1.0), ["a"]),
        (Span(1.0, 2.0), ["b"]),
        (Span(0.5, 1.5), ["a", "b"]),
        (Span(2.0, 3.0), ["flash"]),
        (Span(1.5, 2.0), ["b"]),
        (Span(0.0, 60.0), ["a", "b", "flash"]),
    ],
)
def test_spans_are_half_open(store: Store, video: VideoInfo, span: Span, found: list[str]) -> None:
    times = {"a": (0.0, 1.0), "b": (1.0, 2.0), "flash": (2.0, 2.0)}
    store.add_text_lines(
        video.video_id, [TextLine("subtitle", Span(*at), text, "s") for text, at in times.items()]
    )
    store.add_sentences(video.video_id, [sentence(*at, text=text) for text, at in times.items()])
    assert [line.text for line in store.text_lines(video.video_id, span)] == found
    assert [item.text for item in store.sentences(video.video_id, span)] == found


def test_text_that_is_not_valid_unicode_is_kept_legible(store: Store, video: VideoInfo) -> None:
    store.add_text_lines(video.video_id, [TextLine("subtitle", Span(0.0, 1.0), "caf\udce9", "\udce9.srt")])
    assert [(line.text, line.source) for line in store.text_lines(video.video_id)] == [("caf?", "?.srt")]


def test_sentence_ids_are_never_used_twice(store: Store, video: VideoInfo) -> None:
    first = store.add_sentences(video.video_id, [sentence(0.0, 1.0), sentence(1.0, 2.0)])
    store.delete_sentences(video.video_id)
    second = store.add_sentences(video.video_id, [sentence(0.0, 1.0)])
    assert min(second) > max(first)
    assert [item.id for item in store.sentences_by_id([*second, *first])] == second
    assert store.sentence_ids(video.video_id) == second


def test_sentences_of_several_videos(store: Store, video: VideoInfo) -> None:
    other = replace(video, video_id="0ther")
    store.put_video(other)
    boxes = ((0.0, 0.0, 0.5, 0.5), (0.5, 0.5, 1.0, 1.0))
    ids = store.add_sentences(video.video_id, [replace(sentence(0.0, 1.0, "screen"), boxes=boxes)])
    store.add_sentences(other.video_id, [sentence(0.0, 1.0)])
    assert store.sentences(video.video_id)[0] == Sentence(
        ids[0], video.video_id, "screen", Span(0.0, 1.0), "words", boxes
    )
    assert len(store.sentences()) == len(store.sentences([video.video_id, other.video_id])) == 2
    assert len(store.sentences(kinds=["subtitle"])) == 1
    assert store.sentences([]) == []


def test_vectors_go_with_their_sentences(store: Store, video: VideoInfo) -> None:
    ids = store.add_sentences(video.video_id, [sentence(0.0, 1.0), sentence(1.0, 2.0, "screen")])
    vectors = np.eye(2, 3, dtype=np.float32)
    assert store.vector_state("space") is None
    store.add_vectors("space", ids, vectors)
    found_ids, found = store.vectors("space", video.video_id)
    assert found_ids.tolist() == ids
    np.testing.assert_array_equal(found, vectors)
    before = store.vector_state("space")
    store.delete_sentences(video.video_id, "screen")
    assert store.vectors("space")[0].tolist() == ids[:1]
    assert store.vector_state("space") != before
    assert store.vectors("other space")[1].shape == (0, 0)


@pytest.mark.parametrize(
    "vectors", [np.zeros((1, 3)), np.zeros(3), np.full((2, 3), np.nan), np.zeros((2, 4))]
)
def test_vectors_that_do_not_fit_are_refused(store: Store, video: VideoInfo, vectors: np.ndarray) -> None:
    ids = store.add_sentences(video.video_id, [sentence(0.0, 1.0), sentence(1.0, 2.0)])
    store.add_vectors("space", ids, np.eye(2, 3, dtype=np.float32))
    with pytest.raises(ValueError, match="vectors"):
        store.add_vectors("space", ids, vectors.astype(np.float32))


def test_observations_come_back(store: Store, video: VideoInfo) -> None:
    observation = Observation(
        id="o1",
        video_id=video.video_id,
        tool="search",
        channel="screen",
        span=Span(1.0, 2.0),
        text="Law of entropy",
        boxes=((0.1, 0.2, 0.3, 0.4),),
        frame_seconds=(1.0, 1.5),
        score=2.5,
        probability=0.5,
        model="ocr",
        params_hash="abc",
        cost=Cost(frames=2, seconds=0.5),
        error="",
    )
    store.put_observation(observation, query="entropy")
    store.put_observation(observation, query="entropy")
    assert store.observation("o1") == observation
    assert store.observations(["none", "o1"]) == [observation]
    assert store.rows("SELECT query FROM observations") == [("entropy",)]


def answer(run_id: str, video: VideoInfo) -> dict[str, object]:
    evidence = {
        "id": "e1",
        "video_id": video.video_id,
        "start_seconds": 1.0,
        "end_seconds": 2.0,
        "source": "screen",
        "text": "Law of entropy",
        "boxes": [[0.1, 0.2, 0.3, 0.4]],
        "frame_seconds": [1.5],
        "score": None,
    }
    return {
        "run_id": run_id,
        "question": "When?",
        "text": "At 0:01.",
        "found": True,
        "stopped": "sufficient",
        "claims": [{"text": "At 0:01.", "verdict": "supported", "evidence_ids": ["e1"]}],
        "evidence": [evidence],
    }


def test_runs_come_back_and_are_rows(store: Store, video: VideoInfo) -> None:
    first, second = answer("r1", video), answer("r2", video)
    store.put_run(first, video_ids=[video.video_id], thread="mine")
    store.put_run(first, video_ids=[video.video_id], thread="mine")
    store.put_run(second, video_ids=["0ther"])
    assert store.run("r1") == first
    assert store.run("none") is None
    assert store.runs() == [first, second]
    assert store.runs(thread="mine") == store.runs(video.video_id) == [first]
    assert store.rows("SELECT text, verdict, evidence_ids FROM claims WHERE run_id = 'r1'") == [
        ("At 0:01.", "supported", '["e1"]')
    ]
    assert store.rows("SELECT id, text, score FROM evidence WHERE run_id = 'r1'") == [
        ("e1", "Law of entropy", None)
    ]


def test_forgetting_leaves_nothing_of_the_video(store: Store, video: VideoInfo) -> None:
    other = replace(video, video_id="0ther")
    store.put_video(other)
    for info in (video, other):
        store.add_text_lines(info.video_id, [TextLine("screen", Span(0.0, 1.0), "secret", "ocr")])
        ids = store.add_sentences(info.video_id, [sentence(0.0, 1.0, text="secret")])
        store.add_vectors("space", ids, np.ones((1, 2), dtype=np.float32))
        store.put_observation(
            Observation(info.video_id, info.video_id, "read", "screen", Span(0, 1), "secret")
        )
        store.put_run(answer(info.video_id, info), video_ids=[info.video_id])
        store.start_stage(info.video_id, "screen", "hash", {})
        store.put_part(info.video_id, "screen", "all", 1.0)
    assert store.forget(video.video_id)
    assert not store.forget(video.video_id)
    tables = store.rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
    for (table,) in tables:
        columns = [column for _, column, *_ in store.rows(f"PRAGMA table_info({table})")]
        if "video_id" in columns:
            assert store.rows(f"SELECT DISTINCT video_id FROM {table}") in ([], [("0ther",)])
    assert [item.video_id for item, _ in store.search_words(["secret"])] == ["0ther"]
    assert [run["run_id"] for run in store.runs()] == ["0ther"]
    assert len(store.vectors("space")[0]) == 1


def test_a_broken_transaction_stores_nothing(store: Store, video: VideoInfo) -> None:
    def write() -> None:
        with store.transaction():
            store.add_sentences(video.video_id, [sentence(0.0, 1.0)])
            with store.transaction():
                store.add_samples(video.video_id, [FrameSample(0.0, b"", b"")])
            raise ToolError("stop")

    with pytest.raises(ToolError):
        write()
    assert store.sentences() == []
    assert store.samples(video.video_id) == []
    store.add_samples(video.video_id, [FrameSample(0.0, b"", b"")])
    assert len(store.samples(video.video_id)) == 1


def test_stage_records_come_back_in_order(store: Store, video: VideoInfo) -> None:
    store.start_stage(video.video_id, "scan", "h1", {"step_seconds": 1.0})
    store.put_part(video.video_id, "scan", "0", 30.0)
    store.put_part(video.video_id, "scan", "1", 60.0)
    store.finish_stage(video.video_id, "scan", "read")
    store.start_stage(video.video_id, "screen", "h2", {})
    scan, screen = store.stage_records(video.video_id)
    assert (scan.name, scan.finished, scan.parts, scan.done_seconds) == ("scan", True, {"0", "1"}, 60.0)
    assert scan.parameters == {"step_seconds": 1.0}
    assert (screen.finished, screen.parts, screen.done_seconds) == (False, frozenset(), 0.0)
    store.start_stage(video.video_id, "scan", "h3", {}, dependents=["screen"])
    records = {record.name: record for record in store.stage_records(video.video_id)}
    assert records["screen"].params_hash == ""
    assert records["scan"].parts == frozenset()
