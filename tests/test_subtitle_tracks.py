"""Text tracks inside a video: read in every container, on the video's clock."""

from pathlib import Path

import pytest
from videos import numbered_frames, render

from rewatch.memory.ingest.probe import probe
from rewatch.memory.ingest.subtitles import read_subtitles

ENGLISH = [(1.0, 2.0, "one <i>two</i> & three"), (2.5, 3.5, "four")]
GERMAN = [(1.0, 2.0, "eins zwei drei")]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm"])
def test_the_english_track_is_read(tmp_path: Path, suffix: str) -> None:
    codec = "libvpx-vp9" if suffix == ".webm" else "libx264"
    path = render(
        tmp_path / f"talk{suffix}",
        numbered_frames(100),
        codec=codec,
        subtitles=[("ger", GERMAN), ("eng", ENGLISH)],
    )
    read = read_subtitles(probe(path))
    assert [(line.span.start_seconds, line.span.end_seconds, line.text) for line in read.lines] == [
        (1.0, 2.0, "one two & three"),
        (2.5, 3.5, "four"),
    ]
    assert {line.source for line in read.lines} == {"track 1 (eng)"}


def test_track_times_are_shifted_onto_the_videos_clock(tmp_path: Path) -> None:
    path = render(
        tmp_path / "talk.mkv",
        numbered_frames(100),
        start_seconds=2,
        audio="silence",
        subtitles=[("eng", ENGLISH)],
    )
    video = probe(path)
    assert video.player_offset_seconds == pytest.approx(2.0)
    read = read_subtitles(video)
    assert [(line.span.start_seconds, line.span.end_seconds, line.text) for line in read.lines] == [
        (pytest.approx(0.5), pytest.approx(1.5), "four")
    ]


def test_a_file_beside_the_video_wins(tmp_path: Path) -> None:
    path = render(tmp_path / "talk.mp4", numbered_frames(50), subtitles=[("eng", ENGLISH[:1])])
    video = probe(path)
    assert read_subtitles(video).note == "read from track 0 (eng)"
    (tmp_path / "talk.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nbeside\n")
    assert [line.text for line in read_subtitles(video).lines] == ["beside"]


def test_an_empty_track_is_told_from_no_track(tmp_path: Path) -> None:
    path = render(tmp_path / "talk.mkv", numbered_frames(50), subtitles=[("fre", [])])
    assert read_subtitles(probe(path)).note == "track 0 (fre) holds no subtitles"


def test_braces_that_are_text_stay(tmp_path: Path) -> None:
    path = render(
        tmp_path / "talk.webm",
        numbered_frames(50),
        codec="libvpx-vp9",
        subtitles=[("eng", [(0.0, 1.0, "f = {x}")])],
    )
    assert [line.text for line in read_subtitles(probe(path)).lines] == ["f = {x}"]
