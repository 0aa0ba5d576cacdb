"""The frame shown for a time is the one whose presentation interval holds it, in every kind of file."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pytest
from videos import cut_without_encoding, frame_number, numbered_frames, render

from rewatch.memory.ingest.decode import open_reader
from rewatch.memory.ingest.probe import probe
from rewatch.memory.types import Span

FRAMES = 75
NTSC = Fraction(30_000, 1001)
UNEVEN = [0.0, *itertools.accumulate([0.04, 0.1, 0.02, 0.2, 0.06] * (FRAMES // 5))]
PAUSE = [index * 0.04 + (index > 30) * 4 for index in range(FRAMES + 1)]


def even(fps: Fraction | int, count: int = FRAMES) -> list[float]:
    return [float(index / Fraction(fps)) for index in range(count + 1)]


@dataclass
class Case:
    make: Callable[[Path], Path]
    begins: list[float]
    """When each frame begins on the clock, and when the last one ends."""
    first_number: int = 0
    player_offset_seconds: float = 0.0
    end_is_stored: bool = True
    """Whether the container keeps how long the last frame stays on display."""


def encoded(name: str, **how: object) -> Callable[[Path], Path]:
    return lambda folder: render(folder / name, numbered_frames(FRAMES), **how)  # type: ignore[arg-type]


def stream_copied_cut(folder: Path) -> Path:
    whole = render(folder / "whole.mp4", numbered_frames(FRAMES), gop=25)
    return cut_without_encoding(whole, folder / "cut.mp4", 0.6)


def open_gop(folder: Path) -> Path:
    options = {"x264-params": "open-gop=1:keyint=12:min-keyint=12:scenecut=0:bframes=3"}
    return render(folder / "open.mkv", numbered_frames(FRAMES), bframes=3, gop=12, options=options)


CASES = {
    "25 fps": Case(encoded("a.mp4"), even(25)),
    "29.97 fps": Case(encoded("a.mp4", fps=NTSC), even(NTSC)),
    "variable rate": Case(encoded("a.mp4", times=UNEVEN, bframes=0), UNEVEN),
    "variable rate, B-frames": Case(encoded("a.mp4", times=UNEVEN), UNEVEN, end_is_stored=False),
    "variable rate mkv": Case(encoded("a.mkv", times=UNEVEN), UNEVEN, end_is_stored=False),
    "a still of four seconds": Case(encoded("a.mp4", times=PAUSE), PAUSE),
    "B-frames": Case(encoded("a.mp4", bframes=8, gop=60), even(25)),
    "B-frames that others refer to": Case(
        encoded("a.mp4", bframes=5, gop=40, options={"b-pyramid": "normal"}), even(25)
    ),
    "open groups of pictures": Case(open_gop, even(25)),
    "one keyframe only": Case(encoded("a.mp4", gop=500), even(25)),
    "keyframes only": Case(encoded("a.mp4", gop=1, bframes=0), even(25)),
    "starts at 2 s": Case(encoded("a.mp4", start_seconds=2, audio="silence"), even(25), 0, 2.0),
    "starts at 2 s mkv": Case(encoded("a.mkv", start_seconds=2, audio="silence"), even(25), 0, 2.0),
    "edit list": Case(stream_copied_cut, even(25, 60), 15),
    "rotated by 90": Case(encoded("a.mp4", rotation=90), even(25)),
    "rotated by 180": Case(encoded("a.mp4", rotation=180), even(25)),
    "rotated by 270 mkv": Case(encoded("a.mkv", rotation=270), even(25)),
    "wide pixels": Case(encoded("a.mp4", pixel_aspect=Fraction(4, 3)), even(25)),
    "tall pixels": Case(encoded("a.mkv", pixel_aspect=Fraction(3, 4)), even(25)),
    "hevc mp4": Case(encoded("a.mp4", codec="libx265"), even(25)),
    "hevc mkv 29.97": Case(encoded("a.mkv", codec="libx265", fps=NTSC), even(NTSC)),
    "vp9 webm": Case(encoded("a.webm", codec="libvpx-vp9"), even(25)),
    "av1 mp4": Case(encoded("a.mp4", codec="libsvtav1"), even(25)),
    "av1 webm": Case(encoded("a.webm", codec="libsvtav1"), even(25)),
    "mov": Case(encoded("a.mov"), even(25)),
    "ts": Case(encoded("a.ts"), even(25)),
    "ts from 5 s, 29.97": Case(encoded("a.ts", start_seconds=5, fps=NTSC), even(NTSC)),
    "hevc ts": Case(encoded("a.ts", codec="libx265"), even(25)),
}
COARSE_MKV = 0.0011
"""Matroska rounds times to milliseconds."""


@pytest.mark.parametrize("name", CASES)
def test_the_frame_on_display_is_exact(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    info = probe(case.make(tmp_path))
    end_tolerance = COARSE_MKV if case.end_is_stored else 0.1
    assert info.duration_seconds == pytest.approx(case.begins[-1], abs=end_tolerance)
    assert info.player_offset_seconds == pytest.approx(case.player_offset_seconds, abs=COARSE_MKV)
    assert (info.width, info.height) in {(192, 96), (192, 128), (256, 128)}
    with open_reader(info, threads=2) as reader:
        every = list(reader.frames(info.span))
        assert [frame_number(frame.image) for frame in every] == [
            case.first_number + index for index in range(len(case.begins) - 1)
        ]
        begins = [frame.seconds for frame in every]
        assert begins == pytest.approx(case.begins[:-1], abs=COARSE_MKV)
        ends = [*begins[1:], info.duration_seconds]
        order = sorted(range(len(every)), key=lambda index: index * 37 % len(every))
        for index in order[::6]:
            for instant in (begins[index], (begins[index] + ends[index]) / 2, ends[index] - 1e-4):
                shown = reader.at(instant)
                assert (shown.seconds, frame_number(shown.image)) == (
                    begins[index],
                    case.first_number + index,
                )


@pytest.mark.parametrize("name", CASES)
def test_samples_are_the_frames_on_display(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    info = probe(case.make(tmp_path))
    with open_reader(info, threads=2) as reader:
        every = list(reader.frames(info.span))
        begins = [frame.seconds for frame in every]

        def number_at(seconds: float) -> int:
            return case.first_number + max(i for i, begin in enumerate(begins) if begin <= seconds + 1e-9)

        for span, step in ((info.span, 0.3), (Span(0.51, 2.0), 0.07), (Span(1.0, 1.0), 1.0)):
            instants, instant = [], span.start_seconds
            while instant < min(span.end_seconds, info.duration_seconds) - 1e-9:
                instants.append(instant)
                instant = span.start_seconds + len(instants) * step
            expected = [number_at(instant) for instant in instants]
            sampled = [frame_number(frame.image) for frame in reader.sample(span, step)]
            assert sampled == [number for number, _ in itertools.groupby(expected)]
            many = [frame_number(frame.image) for frame in reader.at_many(instants)]
            assert many == expected
        inside = [frame for frame in every if 0.5 <= frame.seconds < 1.7]
        assert [f.seconds for f in reader.frames(Span(0.5, 1.7))] == [f.seconds for f in inside]
        keys = list(reader.keyframes(info.span))
        assert {(f.seconds, frame_number(f.image)) for f in keys} <= {
            (f.seconds, frame_number(f.image)) for f in every
        }
        assert keys or case.first_number
