"""Cuts are found where pictures change, not where they move, and shots tile the video."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from measures import colours
from videos import Image, render

from rewatch.memory.ingest.decode import open_reader
from rewatch.memory.ingest.probe import probe
from rewatch.memory.ingest.scan import scan
from rewatch.memory.ingest.shots import distances, find_cuts, histogram, refine, shots
from rewatch.memory.types import FrameSample, VideoInfo

WIDTH, HEIGHT, FPS = 320, 180, 10


def samples_of(info: VideoInfo, step_seconds: float | None = 1.0) -> list[FrameSample]:
    return [
        FrameSample(seconds, summed, b"")
        for seconds, summed in scan(info, info.span, colours, step_seconds=step_seconds)
    ]


def cuts_of(info: VideoInfo, step_seconds: float | None = 1.0) -> list[float]:
    with open_reader(info) as reader:
        return refine(reader, find_cuts(samples_of(info, step_seconds)))


def moving_film(cuts: list[int], count: int) -> Iterator[Image]:
    """Shots of moving noise in their own colours; a new one at each frame number in `cuts`."""
    random = np.random.default_rng(4)
    for shot, (first, last) in enumerate(itertools.pairwise([0, *cuts, count])):
        base = np.roll((150, 60, 10), shot)
        texture = random.integers(0, 60, (HEIGHT // 20, WIDTH // 10, 3)).repeat(20, axis=0).repeat(20, axis=1)
        for frame in range(first, last):
            yield np.clip(np.roll(texture, (frame - first) * 4, axis=1)[:, :WIDTH] + base, 0, 255).astype(
                np.uint8
            )


def talk(slides: list[int], count: int) -> Iterator[Image]:
    """Light slides of dark lines, turned at each frame number, beside a speaker who sways all the time."""
    random = np.random.default_rng(7)
    for first, last in itertools.pairwise([0, *slides, count]):
        slide = np.full((HEIGHT, WIDTH, 3), 240, np.uint8)
        for line in range(6):
            top, length = 30 + 20 * line, int(random.integers(40, 200))
            slide[top : top + 8, 20 : 20 + length] = random.choice([30, 240], (8, length, 1), p=[0.6, 0.4])
        for frame in range(first, last):
            image = slide.copy()
            left = 270 + round(8 * np.sin(frame / 6))
            image[110:180, left : left + 30] = (150, 110, 90)
            yield image


def test_cuts_of_a_film_are_found_to_the_frame(tmp_path: Path) -> None:
    cuts = [37, 80, 123, 170, 231, 255, 290]
    info = probe(render(tmp_path / "a.mp4", moving_film(cuts, 330), fps=FPS, gop=100))
    assert cuts_of(info) == pytest.approx([cut / FPS for cut in cuts])


def test_turned_slides_are_cuts_and_a_swaying_speaker_is_not(tmp_path: Path) -> None:
    slides = [73, 155, 248, 301]
    info = probe(render(tmp_path / "a.mp4", talk(slides, 400), fps=FPS, gop=100))
    assert cuts_of(info) == pytest.approx([slide / FPS for slide in slides])


def test_distances_are_those_of_each_pair_however_many_there_are() -> None:
    random = np.random.default_rng(5)
    samples = [
        FrameSample(float(n), histogram(random.integers(0, 256, (9, 16, 3), np.uint8)), b"")
        for n in range(700)
    ]
    pairs = [distances(pair)[0] for pair in itertools.pairwise(samples)]
    assert distances(iter(samples)) == pytest.approx(pairs, abs=1e-12)
    assert len(distances(samples[:1])) == len(distances([])) == 0


def test_a_still_video_has_one_shot(tmp_path: Path) -> None:
    still = np.full((HEIGHT, WIDTH, 3), 120, np.uint8)
    info = probe(render(tmp_path / "a.mp4", [still] * 100, fps=FPS))
    assert cuts_of(info) == []


def test_keyframes_alone_give_an_outline(tmp_path: Path) -> None:
    cuts = [40, 100, 160, 220, 280]
    info = probe(render(tmp_path / "a.mp4", moving_film(cuts, 340), fps=FPS, gop=20))
    assert cuts_of(info, None) == pytest.approx([cut / FPS for cut in cuts])


def test_cuts_whose_place_was_not_seen_are_refined(tmp_path: Path) -> None:
    cuts = [37, 80, 123]
    info = probe(render(tmp_path / "a.mp4", moving_film(cuts, 170), fps=FPS, gop=100))
    blind = []
    with open_reader(info) as reader:
        for frame in reader.sample(info.span, 1.0):
            blind.append(FrameSample(frame.seconds, histogram(frame.image), b""))
        found = find_cuts(blind)
        assert found == [(3.0, 4.0), (7.0, 8.0), (12.0, 13.0)]
        assert refine(reader, found) == pytest.approx([3.7, 8.0, 12.3])


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_samples_have_no_cut(count: int) -> None:
    grey = histogram(np.full((90, 160, 3), 100, np.uint8))
    assert find_cuts([FrameSample(float(index), grey, b"") for index in range(count)]) == []


@given(
    st.floats(0.04, 5_000),
    st.lists(st.floats(-10, 6_000), max_size=30),
    st.floats(10, 100),
)
def test_shots_tile_the_video_and_are_bounded(duration: float, cuts: list[float], longest: float) -> None:
    info = VideoInfo("", Path(), duration, 1, 1, 25, "h264", "mp4", 0, 0, False)
    spans = shots(info, cuts, max_seconds=longest)
    assert spans[0].start_seconds == 0
    assert spans[-1].end_seconds == duration
    assert all(a.end_seconds == b.start_seconds for a, b in itertools.pairwise(spans))
    assert all(0 < span.duration_seconds <= longest * (1 + 1e-9) for span in spans)
    starts = {span.start_seconds for span in spans}
    assert all(cut in starts for cut in cuts if 0 < cut < duration)
