"""What a probe tells of a file, and the one clear line it gives for everything that is not a video."""

import os
import re
import shutil
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from videos import numbered_frames, render

from rewatch.memory.errors import VideoError
from rewatch.memory.ingest.probe import fingerprint, probe

PLAYLISTS = {
    "list.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{path}\n#EXT-X-ENDLIST\n",
    "list.mp4": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile://{path}\n#EXT-X-ENDLIST\n",
    "list.ffconcat": "ffconcat version 1.0\nfile '{path}'\n",
    "list.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n"
    "a=rtpmap:96 H264/90000\n",
    "list.mpd": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static">'
    "<Period><AdaptationSet><Representation id='1'><BaseURL>{path}</BaseURL></Representation>"
    "</AdaptationSet></Period></MPD>",
}


@pytest.fixture(scope="session")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render(tmp_path_factory.mktemp("probe") / "a.mp4", numbered_frames(50), audio="tone")


def sound_file(path: Path, cover: bool) -> Path:
    with av.open(str(path), "w") as container:
        sound = container.add_stream("libmp3lame", 48_000)
        picture = container.add_stream("mjpeg", 25) if cover else None
        if picture is not None:
            picture.width, picture.height, picture.pix_fmt = 64, 64, "yuvj420p"
            picture.disposition = av.stream.Disposition.attached_pic
            frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
            for packet in [*picture.encode(frame.reformat(format="yuvj420p")), *picture.encode()]:
                container.mux(packet)
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 48_000), np.float32), format="fltp", layout="mono")
        silence.sample_rate = 48_000
        for packet in [*sound.encode(silence), *sound.encode()]:
            container.mux(packet)
    return path


def refused(path: Path) -> str:
    with pytest.raises(VideoError) as caught:
        probe(path)
    message = str(caught.value)
    assert message.isprintable(), "a message is one line that any terminal can show"
    assert re.search(r"[;,] (give|check|copy|name|change|save|convert)|cannot be read", message), message
    return message


def test_facts_of_a_video(tmp_path: Path) -> None:
    path = render(
        tmp_path / "a.mkv",
        numbered_frames(50),
        fps=Fraction(30_000, 1001),
        start_seconds=2,
        audio="tone",
        subtitles=[("eng", [(0.0, 1.0, "Hello")]), ("", [(0.0, 1.0, "Hallo")])],
    )
    info = probe(path)
    assert info.path == path
    assert (info.codec, info.has_audio, info.subtitle_languages) == ("h264", True, ("eng", ""))
    assert "matroska" in info.container
    assert info.average_fps == pytest.approx(30_000 / 1001, rel=1e-3)
    assert info.player_offset_seconds == pytest.approx(2.0, abs=1e-3)
    assert info.video_id == fingerprint(path)
    assert re.fullmatch("[0-9a-f]{32}", info.video_id)


def test_displayed_size_is_rotated_and_square(tmp_path: Path) -> None:
    turned = render(tmp_path / "a.mp4", numbered_frames(3), rotation=270, pixel_aspect=Fraction(4, 3))
    info = probe(turned)
    assert (info.width, info.height, info.rotation_degrees) == (192, 96, 270)


def test_the_fingerprint_follows_the_content(video: Path, tmp_path: Path) -> None:
    copy = shutil.copy(video, tmp_path / "renamed.mp4")
    assert fingerprint(copy) == fingerprint(video)
    with copy.open("ab") as file:
        file.write(b"\0")
    assert fingerprint(copy) != fingerprint(video)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
def test_a_video_of_one_frame(suffix: str, tmp_path: Path) -> None:
    info = probe(render(tmp_path / f"one.{suffix}", numbered_frames(1)))
    assert info.duration_seconds == pytest.approx(0.04, abs=1e-3)


def test_a_video_of_sixteen_hours(tmp_path: Path) -> None:
    hours = [hour * 3600.0 for hour in range(17)]
    info = probe(render(tmp_path / "long.mp4", numbered_frames(16), times=hours, bframes=0))
    assert info.duration_seconds == pytest.approx(16 * 3600)


@pytest.mark.parametrize(
    "name",
    [
        b"with space.mp4",
        b"quo'te\".mp4",
        b"new\nline.mp4",
        b"%d.mp4",
        b"caf\xe9.mp4",
        b"http:",
        b"concat:a|b",
    ],
)
def test_any_name_that_a_file_can_have(name: bytes, video: Path, tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(name)
    try:
        shutil.copy(video, odd)
    except OSError:
        pytest.skip("this file system does not take the name")
    assert probe(odd).video_id == fingerprint(video)


@pytest.mark.parametrize("name", PLAYLISTS)
def test_a_playlist_opens_nothing(name: str, video: Path, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(PLAYLISTS[name].format(path=video))
    refused(path)


def test_what_is_not_a_video(video: Path, tmp_path: Path) -> None:
    assert "does not exist" in refused(tmp_path / "missing.mp4")
    assert "does not exist" in refused(Path("http://127.0.0.1:9/video.mp4"))
    assert "folder" in refused(tmp_path)
    (tmp_path / "empty.mp4").touch()
    assert "empty" in refused(tmp_path / "empty.mp4")
    (tmp_path / "text.mp4").write_text("not a video\n" * 100)
    assert "not a video" in refused(tmp_path / "text.mp4")
    (tmp_path / "half\n.mp4").write_bytes(video.read_bytes()[: video.stat().st_size // 2])
    assert "cut off" in refused(tmp_path / "half\n.mp4")
    assert "not a regular file" in refused(Path(os.devnull))


@pytest.mark.parametrize("cover", [False, True])
def test_sound_without_pictures(cover: bool, tmp_path: Path) -> None:
    assert "sound but no pictures" in refused(sound_file(tmp_path / "song.mp3", cover))


def test_a_track_without_frames(tmp_path: Path) -> None:
    path = render(tmp_path / "a.ts", numbered_frames(25), audio="tone", start_seconds=1)
    data = path.read_bytes()
    sound_only = b"".join(
        data[at : at + 188]
        for at in range(0, len(data), 188)
        if int.from_bytes(data[at + 1 : at + 3], "big") & 0x1FFF not in _video_pids(path)
    )
    (tmp_path / "b.ts").write_bytes(sound_only)
    refused(tmp_path / "b.ts")


def _video_pids(path: Path) -> set[int]:
    with av.open(str(path)) as container:
        return {stream.id for stream in container.streams.video}


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(video: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(video, tmp_path / "secret.mp4"))
    path.chmod(0)
    assert "permissions" in refused(path)


def test_a_recording_that_was_cut_off_keeps_what_is_there(tmp_path: Path) -> None:
    whole = render(tmp_path / "a.mkv", numbered_frames(100))
    (tmp_path / "b.mkv").write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    assert 1 < probe(tmp_path / "b.mkv").duration_seconds < 3.5
