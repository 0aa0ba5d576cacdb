"""Memory does not grow with a video's length: samples are read piece by piece, and what is freed is given back."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from videos import render

from rewatch.memory import video_rows
from rewatch.memory.ingest import heap
from rewatch.memory.ingest.chapters import SegmentStage
from rewatch.memory.ingest.probe import probe
from rewatch.memory.ingest.screen_gate import signature
from rewatch.memory.ingest.screen_text import ScreenStage
from rewatch.memory.ingest.settings import IngestSettings
from rewatch.memory.ingest.shots import histogram
from rewatch.memory.ingest.stage import Stage, StageContext
from rewatch.memory.ingest.stored_samples import StoredSamples
from rewatch.memory.store import Store
from rewatch.memory.types import FrameSample, Span, VideoInfo

TITLE = "Entropy of a source"
SAMPLES, HELD = 3000, 1000


class Counted(FrameSample):
    """A sample that tells how many of its kind there are."""

    alive = most = 0

    def __init__(self, seconds: float, histogram: bytes, screen: bytes) -> None:
        super().__init__(seconds, histogram, screen)
        Counted.alive += 1
        Counted.most = max(Counted.most, Counted.alive)

    def __del__(self) -> None:
        Counted.alive -= 1


def slide() -> NDArray[np.uint8]:
    image = Image.new("RGB", (640, 360), (250, 248, 242))
    font = ImageFont.load_default(24)
    ImageDraw.Draw(image).text((30, 24), TITLE, font=font, fill=(30, 30, 40))
    return np.asarray(image)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "library") as opened:
        yield opened


@pytest.fixture
def video(store: Store, tmp_path: Path) -> VideoInfo:
    """Fifty minutes of one slide, as rows; its file has a second of them."""
    info = probe(render(tmp_path / "slide.mp4", [slide()] * 10, fps=10))
    long = replace(info, duration_seconds=float(SAMPLES))
    colours, strokes = histogram(slide(), 0.0, 0.0, 1.0), signature(slide())
    store.put_video(long)
    store.add_samples(
        long.video_id, [FrameSample(float(number), colours, strokes) for number in range(SAMPLES)]
    )
    return long


@pytest.mark.parametrize("stage", [ScreenStage(), SegmentStage()], ids=lambda stage: stage.name)
def test_a_stage_holds_few_samples_at_once(
    stage: Stage, store: Store, video: VideoInfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video_rows, "FrameSample", Counted)
    monkeypatch.setattr(Counted, "most", 0)
    for part in stage.run(StageContext(video, store, IngestSettings(), frozenset(), lambda seconds: None)):
        part.write(store)
    assert 0 < Counted.most < HELD
    if stage.name == "screen":  # the text was followed to both ends of the video all the same
        assert [(line.text, line.span) for line in store.text_lines(video.video_id)] == [
            (TITLE, Span(0.0, float(SAMPLES)))
        ]


def test_stored_samples_are_those_of_the_store(store: Store, video: VideoInfo) -> None:
    seconds = np.cumsum(np.random.default_rng(3).uniform(0.03, 2, 1000)).tolist()
    store.delete_samples(video.video_id)
    store.add_samples(video.video_id, [FrameSample(at, b"%d" % n, b"") for n, at in enumerate(seconds)])
    samples, all_of_them = StoredSamples(store, video.video_id), store.samples(video.video_id)
    assert samples.seconds == seconds
    assert list(samples) == all_of_them
    assert [samples[place] for place in (999, 0, -1, -1000, 500, 127, 128)] == [
        all_of_them[place] for place in (999, 0, -1, -1000, 500, 127, 128)
    ]
    assert samples[120:700:7] == all_of_them[120:700:7]
    with pytest.raises(IndexError):
        samples[1000]


def test_a_video_without_samples_has_none(store: Store, video: VideoInfo) -> None:
    store.delete_samples(video.video_id)
    assert list(StoredSamples(store, video.video_id)) == []


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.skipif(sys.platform != "linux" or heap._trim() is None, reason="no GNU C library")
def test_what_is_freed_below_what_stays_is_given_back() -> None:
    pieces = [bytearray(b"x") * 100_000 for _ in range(1000)]  # too small to lie outside the heap
    full = resident_bytes()
    del pieces[:-1]
    heap.give_back_freed()
    assert full - resident_bytes() > 50_000_000


def test_another_c_library_has_nothing_to_give_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heap.ctypes, "CDLL", lambda name: object())
    heap._trim.cache_clear()
    try:
        heap.give_back_freed()
    finally:
        heap._trim.cache_clear()
