"""Frames are embedded once, keyframes first, at the spacing asked for, and every encoder keeps its space."""

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from videos import Image, frame_number, numbered_frames, render

from rewatch.memory.encoders.framing import Framing
from rewatch.memory.encoders.registry import register_encoder
from rewatch.memory.errors import SettingError
from rewatch.memory.ingest.settings import IngestSettings
from rewatch.memory.ingest.visual import VisualStage
from rewatch.memory.library import Library
from rewatch.memory.types import VideoInfo

SECONDS, FPS, GOP = 80, 5, 50


class NumberEncoder:
    """Tells frames apart by the number drawn on them; keeps count of what it was given."""

    dimensions = 12
    prepare = Framing(48, 96, crops=False)
    batch_size = 7

    def __init__(self, space_id: str) -> None:
        self.space_id = space_id
        self.seen: list[int] = []
        self.fails_at: int | None = None

    def encode_images(self, images: Sequence[Image]) -> NDArray[np.float32]:
        numbers = [frame_number(image) for image in images]
        if self.fails_at in numbers:
            raise KeyboardInterrupt
        self.seen += numbers
        return np.stack([self.vector_of(number) for number in numbers])

    def vector_of(self, number: int) -> NDArray[np.float32]:
        bits = np.array([number >> bit & 1 or 0.25 for bit in range(12)], np.float32)
        return np.asarray(bits / np.linalg.norm(bits), np.float32)

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        raise NotImplementedError


class NumberFamily:
    def __init__(self) -> None:
        self.encoders = {"": NumberEncoder("numbers"), "other": NumberEncoder("other numbers")}

    def space_id(self, model: str) -> str:
        return self.encoders[model].space_id

    def open(self, model: str, device: str, dtype: str) -> NumberEncoder:
        return self.encoders[model]


@pytest.fixture
def family() -> NumberFamily:
    made = NumberFamily()
    register_encoder("numbers", lambda: made)
    return made


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keyframes every ten seconds; each frame shows its number."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    return render(path, numbered_frames(SECONDS * FPS), fps=FPS, gop=GOP)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(tmp_path / "library", [VisualStage()]) as opened:
        yield opened


def index(library: Library, film: Path, encoder: str = "numbers", spacing: float = 4.0) -> VideoInfo:
    return library.add(film, IngestSettings(encoder=encoder, visual_spacing_seconds=spacing, processes=1))


def test_keyframes_come_first_then_long_gaps_are_filled(
    library: Library, film: Path, family: NumberFamily
) -> None:
    video = index(library, film)
    seen = family.encoders[""].seen
    keyframes = list(range(0, SECONDS * FPS, GOP))
    assert seen[: len(keyframes)] == keyframes
    assert len(seen) == len(set(seen)) == 3 * len(keyframes)
    seconds = library.store.frame_seconds("numbers", video.video_id)
    assert [round(at * FPS) for at in seconds] == sorted(seen)
    gaps = [late - early for early, late in itertools.pairwise([*seconds, video.duration_seconds])]
    assert max(gaps) <= 4.0 * 1.25


def test_each_vector_belongs_to_its_frame(library: Library, film: Path, family: NumberFamily) -> None:
    video = index(library, film)
    ids, vectors = library.store.vectors("numbers", video.video_id)
    for frame, vector in zip(library.store.frames_by_id(ids.tolist()), vectors, strict=True):
        number = round(frame.seconds * FPS)
        expected = NumberEncoder("").vector_of(number)
        np.testing.assert_allclose(vector, expected, atol=1e-6)


def test_two_processes_embed_the_same_frames(library: Library, film: Path, family: NumberFamily) -> None:
    video = index(library, film)
    once = library.store.frame_seconds("numbers", video.video_id)
    settings = IngestSettings(encoder="numbers:other", visual_spacing_seconds=4.0, processes=2)
    library.add(film, settings)
    assert library.store.frame_seconds("other numbers", video.video_id) == once


@pytest.mark.parametrize("fails_at", [0, GOP, 3 * GOP, GOP + 16, 350 + 16])
def test_a_run_that_is_broken_off_goes_on_and_ends_the_same(
    library: Library, film: Path, family: NumberFamily, fails_at: int, tmp_path: Path
) -> None:
    encoder = family.encoders[""]
    with Library.open(tmp_path / "whole", [VisualStage()]) as whole:
        expected = whole.store.frame_seconds("numbers", index(whole, film).video_id)
    encoder.seen.clear()
    encoder.fails_at = fails_at
    with pytest.raises(KeyboardInterrupt):
        index(library, film)
    encoder.fails_at = None
    video = index(library, film)
    assert library.store.frame_seconds("numbers", video.video_id) == expected
    lost = len(encoder.seen) - len(set(encoder.seen))
    assert lost <= 60 / 4 * 1.5  # of one part


def test_nothing_is_embedded_twice(library: Library, film: Path, family: NumberFamily) -> None:
    index(library, film)
    first, other = family.encoders[""], family.encoders["other"]
    count = len(first.seen)
    index(library, film)
    index(library, film, "numbers:other")
    assert len(other.seen) == count
    video = index(library, film)
    assert len(first.seen) == count
    assert len(library.store.frame_seconds("numbers", video.video_id)) == count
    assert len(library.store.frame_seconds("other numbers", video.video_id)) == count
    index(library, film, spacing=2.0)
    assert len(first.seen) == len(set(first.seen)) > count


def test_a_later_run_that_is_told_nothing_keeps_the_encoder(
    library: Library, film: Path, family: NumberFamily
) -> None:
    video = index(library, film, spacing=3.0)
    kept = library.settings_of(video.video_id)
    assert (kept.encoder, kept.visual_spacing_seconds) == ("numbers", 3.0)
    count = len(family.encoders[""].seen)
    library.add(film)
    assert len(family.encoders[""].seen) == count


def test_coverage_tells_what_was_embedded(library: Library, film: Path, family: NumberFamily) -> None:
    video = library.add(film)
    (told,) = [part for part in library.coverage(video.video_id) if part.channel == "visual"]
    assert (told.status, told.spans) == ("unavailable", ())
    assert "--encoder NAME" in told.note
    index(library, film)
    (told,) = [part for part in library.coverage(video.video_id) if part.channel == "visual"]
    assert (told.status, told.spans) == ("read", (video.span,))
    assert told.spacing_seconds == pytest.approx(10 / 3, abs=0.3)
    family.encoders["other"].fails_at = 0
    with pytest.raises(KeyboardInterrupt):
        index(library, film, "numbers:other")
    (told,) = [part for part in library.coverage(video.video_id) if part.channel == "visual"]
    assert (told.status, told.spans) == ("unavailable", ())


def test_a_picture_that_stands_still_is_embedded_once(
    library: Library, tmp_path: Path, family: NumberFamily
) -> None:
    slides = render(tmp_path / "slides.mp4", numbered_frames(3), times=[0, 20, 31, 40], gop=100)
    video = index(library, slides)
    assert library.store.frame_seconds("numbers", video.video_id) == [0.0, 20.0, 31.0]
    assert family.encoders[""].seen == [0, 1, 2]


def test_forgetting_a_video_removes_its_vectors(library: Library, film: Path, family: NumberFamily) -> None:
    video = index(library, film)
    library.forget(video.video_id)
    assert len(library.store.vectors("numbers")[0]) == 0


@pytest.mark.parametrize("spacing", [0.0, -1.0, 4000.0])
def test_a_spacing_that_cannot_work_is_refused(spacing: float) -> None:
    with pytest.raises(SettingError, match=r"visual_spacing_seconds .* outside 0.1 to 3600"):
        IngestSettings(visual_spacing_seconds=spacing)


def test_an_encoder_that_is_unknown_stops_before_anything_is_stored(library: Library, film: Path) -> None:
    with pytest.raises(SettingError, match="unknown"):
        library.add(film, IngestSettings(encoder="crystal:ball"))
