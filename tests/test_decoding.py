"""Readers stay right when used freely, on damaged files, and whichever decoder is chosen."""

import itertools
import sys
from fractions import Fraction
from pathlib import Path

import pytest
from videos import cut_without_encoding, frame_number, numbered, numbered_frames, render

from rewatch.memory.errors import SettingError, TimecodeError, VideoError
from rewatch.memory.ingest import playhead
from rewatch.memory.ingest.decode import open_reader
from rewatch.memory.ingest.playhead import Playhead
from rewatch.memory.ingest.probe import probe
from rewatch.memory.ingest.settings import DecoderName
from rewatch.memory.types import Span, VideoInfo

FRAMES = 120


@pytest.fixture(scope="session")
def info(tmp_path_factory: pytest.TempPathFactory) -> VideoInfo:
    folder = tmp_path_factory.mktemp("decoding")
    return probe(render(folder / "a.mp4", numbered_frames(FRAMES), gop=40, bframes=3))


def test_times_outside_the_video_show_its_first_and_last_frame(info: VideoInfo) -> None:
    with open_reader(info) as reader:
        for seconds in (-1.0, 0.0):
            assert frame_number(reader.at(seconds).image) == 0
        for seconds in (info.duration_seconds, 1e6, float("inf")):
            assert frame_number(reader.at(seconds).image) == FRAMES - 1
        assert list(reader.frames(Span(100, 200))) == []
        assert list(reader.keyframes(Span(100, 200))) == []
        assert list(reader.sample(Span(100, 200), 1.0)) == []
        with pytest.raises(TimecodeError):
            reader.at(float("nan"))


def test_iterators_may_be_interleaved_with_random_access(info: VideoInfo) -> None:
    with open_reader(info) as reader:
        samples, every = reader.sample(info.span, 0.2), reader.frames(info.span)
        many = reader.at_many([index * 0.2 for index in range(24)])
        for index in range(24):
            assert frame_number(next(samples).image) == index * 5
            assert frame_number(reader.at((119 - index * 3) * 0.04).image) == 119 - index * 3
            assert frame_number(next(every).image) == index
            assert frame_number(next(many).image) == index * 5
            assert frame_number(reader.at(index * 0.2 + 0.08).image) == index * 5 + 2


def test_one_use_after_another_keeps_one_file_open(info: VideoInfo, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Path] = []
    open_it = playhead.open_container
    monkeypatch.setattr(playhead, "open_container", lambda path: opened.append(path) or open_it(path))
    with open_reader(info) as reader:
        assert frame_number(reader.at(1.0).image) == 25
        assert [frame_number(frame.image) for frame in reader.sample(Span(1.0, 2.0), 0.4)] == [25, 35, 45]
        assert [frame_number(frame.image) for frame in reader.keyframes(Span(0.0, 2.0))] == [0, 40]
        assert [frame_number(frame.image) for frame in reader.at_many([2.0, 0.2])] == [5, 50]
        assert [frame_number(frame.image) for frame in reader.frames(Span(1.0, 1.1))] == [25, 26, 27]
        assert len(opened) == 1
        first = reader.sample(info.span, 0.4)
        assert [frame_number(next(first).image), frame_number(reader.at(3.0).image)] == [0, 75]
        assert len(opened) == 2


def test_many_instants_come_in_order_one_for_each(info: VideoInfo) -> None:
    with open_reader(info) as reader:
        wanted = [3.0, 0.5, 0.5, 4.7, 0.51]
        frames = list(reader.at_many(wanted))
        assert [frame_number(frame.image) for frame in frames] == [12, 12, 12, 75, 117]


def test_what_was_read_ahead_is_not_decoded_when_a_keyframe_lies_before_the_next_instant(
    info: VideoInfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[object] = []
    decode = Playhead._decode
    monkeypatch.setattr(
        Playhead, "_decode", lambda head, packet: decoded.append(packet) or decode(head, packet)
    )
    with open_reader(info, threads=1) as reader:
        frames = [frame_number(frame.image) for frame in reader.at_many([0.2, 2.0])]
    assert frames == [5, 50]
    assert len(decoded) < 40  # frames 0 to 5 and 40 to 50, and those that a decoder holds back


def test_keyframes_are_the_frames_that_open_a_group(info: VideoInfo) -> None:
    with open_reader(info) as reader:
        assert [frame_number(frame.image) for frame in reader.keyframes(info.span)] == [0, 40, 80]
        assert [frame_number(frame.image) for frame in reader.keyframes(Span(1.6, 3.2))] == [40]


def test_pictures_come_upright_with_square_pixels(tmp_path: Path) -> None:
    drawn = numbered(5, colour=(200, 40, 40))
    for how in ({}, {"rotation": 90}, {"rotation": 180}, {"pixel_aspect": Fraction(4, 3)}):
        path = render(tmp_path / "a.mp4", [drawn] * 3, **how)  # type: ignore[arg-type]
        with open_reader(probe(path)) as reader:
            image = reader.at(0).image
        assert image.shape == drawn.shape
        assert abs(image.astype(int) - drawn).mean() < 8, how


def test_damage_in_the_middle_is_passed_over(tmp_path: Path) -> None:
    path = render(tmp_path / "a.ts", numbered_frames(FRAMES), gop=20)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 2000] = b"\x55" * 2000
    path.write_bytes(data)
    damaged = probe(path)
    with open_reader(damaged) as reader:
        numbers = [frame_number(frame.image) for frame in reader.frames(damaged.span)]
        assert len(set(numbers)) > FRAMES * 0.6
        assert numbers[-1] == FRAMES - 1
        assert frame_number(reader.at(damaged.duration_seconds).image) == FRAMES - 1
        assert frame_number(reader.at(0.4).image) == 10


def test_a_file_that_vanishes_is_an_error(tmp_path: Path) -> None:
    path = render(tmp_path / "a.mp4", numbered_frames(5))
    gone = probe(path)
    path.unlink()
    with pytest.raises(VideoError, match="does not exist"):
        open_reader(gone)


def test_an_unknown_decoder_is_named(info: VideoInfo) -> None:
    with pytest.raises(SettingError, match="pyav or decord"):
        open_reader(info, "opencv")  # type: ignore[arg-type]


DECORD_RIGHT = {
    "plain.mp4": {},
    "late.mkv": {"start_seconds": 2, "audio": "silence"},
    "ntsc.mp4": {"fps": Fraction(30_000, 1001)},
    "uneven.mp4": {"times": [0.0, *itertools.accumulate([0.04, 0.1, 0.02, 0.2, 0.06] * 10)]},
    "turned.mp4": {"rotation": 90},
    "wide.mp4": {"pixel_aspect": Fraction(4, 3)},
    "hevc.mp4": {"codec": "libx265"},
    "vp9.webm": {"codec": "libvpx-vp9"},
}


@pytest.mark.parametrize("name", DECORD_RIGHT)
def test_decord_agrees_with_pyav(name: str, tmp_path: Path) -> None:
    pytest.importorskip("decord")
    video = probe(render(tmp_path / name, numbered_frames(50), gop=20, **DECORD_RIGHT[name]))  # type: ignore[arg-type]
    with open_reader(video) as pyav, open_reader(video, "decord") as decord:
        instants = [1.9, 0.3, 1.2, 0.0, 5.0]
        pairs = [
            (pyav.frames(video.span), decord.frames(video.span)),
            (pyav.sample(Span(0.1, 1.7), 0.3), decord.sample(Span(0.1, 1.7), 0.3)),
            (pyav.keyframes(video.span), decord.keyframes(video.span)),
            (pyav.at_many(instants), decord.at_many(instants)),
        ]
        for right, other in pairs:
            seen = [(frame.seconds, frame_number(frame.image), frame.image.shape) for frame in other]
            assert seen == [(f.seconds, frame_number(f.image), f.image.shape) for f in right]


def test_decord_refuses_by_name_what_it_gets_wrong(tmp_path: Path) -> None:
    pytest.importorskip("decord")
    open_gop = {"x264-params": "open-gop=1:keyint=12:min-keyint=12:scenecut=0:bframes=3"}
    whole = render(tmp_path / "whole.mp4", numbered_frames(50))
    refused = {
        "AV1": render(tmp_path / "a.mp4", numbered_frames(30), codec="libsvtav1"),
        "MPEG-TS": render(tmp_path / "a.ts", numbered_frames(30)),
        "edit list": cut_without_encoding(whole, tmp_path / "cut.mp4", 0.6),
        "open groups": render(
            tmp_path / "open.mkv", numbered_frames(50), gop=12, bframes=3, options=open_gop
        ),
    }
    for reason, path in refused.items():
        with pytest.raises(SettingError, match=f"{reason}.*choose the pyav decoder"):
            open_reader(probe(path), "decord")


def test_decord_that_is_not_installed_says_where_it_can_be(
    info: VideoInfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "decord", None)
    with pytest.raises(SettingError, match="x86-64 Linux and Windows only"):
        open_reader(info, "decord")


@pytest.mark.parametrize("decoder", ["pyav", "decord"])
@pytest.mark.parametrize("rotation", [0, 90])
def test_frames_are_shrunk_to_a_length_and_never_enlarged(
    decoder: DecoderName, rotation: int, tmp_path: Path
) -> None:
    if decoder == "decord":
        pytest.importorskip("decord")
    video = probe(render(tmp_path / "a.mp4", numbered_frames(10), rotation=rotation))
    with (
        open_reader(video, decoder) as whole,
        open_reader(video, decoder, longest_pixels=48) as small,
        open_reader(video, decoder, longest_pixels=4000) as same,
    ):
        large, shrunk = whole.at(0.2).image, small.at(0.2).image
        assert max(shrunk.shape) == 48 < max(large.shape)
        assert shrunk.shape[0] / shrunk.shape[1] == pytest.approx(large.shape[0] / large.shape[1], abs=0.05)
        assert shrunk.mean() == pytest.approx(large.mean(), abs=4)
        assert same.at(0.2).image.shape == large.shape
