"""Whatever is wrong with the input ends in one clear line and the right status; what was stored stays."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from fractions import Fraction
from pathlib import Path

import pytest
from videos import numbered_frames, render

from rewatch.agent.cli import main
from rewatch.memory.ingest.probe import fingerprint

SRT = "1\n00:00:02,000 --> 00:00:05,000\nEntropy is a measure of what we do not know.\n"


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A good video of twenty seconds with a subtitle file; tests copy what they break."""
    video = render(tmp_path_factory.mktemp("good") / "talk.mp4", numbered_frames(40), fps=Fraction(2))
    video.with_suffix(".srt").write_text(SRT)
    return video


@pytest.fixture(scope="module")
def library(good: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library that holds the good video."""
    folder = tmp_path_factory.mktemp("library")
    assert main(["index", str(good), "--library", str(folder), "--no-screen"]) == 0
    return folder


def _listed(library: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    capsys.readouterr()
    assert main(["list", "--json", "--library", str(library)]) == 0
    return sorted(Path(video["path"]).name for video in json.loads(capsys.readouterr().out))


def _broken(kind: str, good: Path, folder: Path) -> Path:
    path = folder / f"{kind}.mp4"
    content = good.read_bytes()
    match kind:
        case "missing":
            pass
        case "empty":
            path.write_bytes(b"")
        case "truncated":
            path.write_bytes(content[: len(content) // 3])
        case "text":
            path.write_text("This is not a video.\n" * 50)
        case "playlist":
            path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n" + f"{good}\n#EXT-X-ENDLIST\n")
        case "audio":
            _write_sound(path)
        case "folder":
            path.mkdir()
    return path


def _write_sound(path: Path) -> None:
    import av
    import numpy as np

    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=48_000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 48_000), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 48_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())


@pytest.mark.parametrize("command", [["index"], ["ask", "When does she speak of entropy?"]])
@pytest.mark.parametrize("kind", ["missing", "empty", "truncated", "text", "playlist", "audio", "folder"])
def test_what_is_no_video_is_named_and_nothing_is_lost(
    kind: str,
    command: list[str],
    library: Path,
    *,
    good: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = _broken(kind, good, tmp_path)
    capsys.readouterr()
    assert main([command[0], str(path), *command[1:], "--library", str(library)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1, err
    assert path.name in err
    assert _listed(library, capsys) == ["talk.mp4"]


@pytest.mark.parametrize(
    "command",
    [
        ["index", ""],
        ["index", "talk.mp4", " "],
        ["ask", "", "Why?"],
        ["search", "", "heat"],
        ["seek", "", "cup"],
        ["show", ""],
        ["zoom", "", "--from", "0:01", "--to", "0:02"],
        ["look", "", "Who?", "--vlm", "openai:none"],
        ["forget", ""],
    ],
)
def test_an_empty_name_of_a_video_is_not_the_folder_one_works_in(
    command: list[str],
    *,
    good: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(good.parent)
    assert main([*command, "--library", str(tmp_path / "library")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "a VIDEO is empty" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "command",
    [
        ["ask", "talk.mp4", "caf\udce9?"],
        ["ask", "talk.mp4", "Which?", "--option", "A=tea", "--option", "B=caf\udce9"],
        ["ask", "talk.mp4", "Why?", "--thread", "caf\udce9"],
        ["search", "talk.mp4", "caf\udce9"],
        ["seek", "talk.mp4", "caf\udce9"],
        ["seek", "talk.mp4", "cup", "--after", "caf\udce9"],
        ["look", "talk.mp4", "caf\udce9?", "--vlm", "openai:none"],
    ],
)
def test_words_that_are_not_utf8_are_refused_before_any_work(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "--library", str(tmp_path / "library")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "caf\\udce9" in err
    assert "is not UTF-8; set the terminal to UTF-8" in err
    assert err.count("\n") == 1
    assert not (tmp_path / "library").exists()


@pytest.mark.parametrize(
    "command",
    [
        ["ask", "Why?"],
        ["index"],
        ["search", "heat"],
        ["show"],
        ["zoom", "--from", "0", "--to", "1"],
        ["forget"],
    ],
)
def test_a_name_too_long_to_be_a_files_is_bad_input(
    command: list[str], library: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command[0], "n" * 300, *command[1:], "--library", str(library)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "command",
    [
        ["ask", "missing.mp4", "Why?"],
        ["ask", "talk.mp4", "Why?", "--from", "10:00"],
        ["index", "missing.mp4"],
        ["search", "missing.mp4", "heat"],
        ["look", "missing.mp4", "Why?", "--vlm", "openai:none"],
        ["seek", "missing.mp4", "cup", "--vlm", "openai:none"],
    ],
)
def test_bad_input_leaves_no_recording(command: list[str], library: Path, tmp_path: Path) -> None:
    tape = tmp_path / "run.jsonl"
    assert main([*command, "--record", str(tape), "--library", str(library)]) == 2
    assert not tape.exists()


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/talk.mp4", "rtsp://127.0.0.1/x", "concat:talk.mp4"])
def test_an_address_is_not_fetched_and_the_remedy_is_told(
    address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["index", address, "--library", str(tmp_path / "library")]) == 2
    assert "save the video to a file" in capsys.readouterr().err


def test_a_bad_video_among_good_ones_does_not_stop_the_others(
    good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    videos = tmp_path / "videos"
    videos.mkdir()
    (videos / "a.mp4").write_text("not a video")
    (videos / "b.mp4").write_bytes(good.read_bytes())
    assert main(["index", str(videos), "--library", str(tmp_path / "library"), "--no-screen"]) == 2
    assert "a.mp4" in capsys.readouterr().err
    assert _listed(tmp_path / "library", capsys) == ["b.mp4"]


@pytest.mark.parametrize(
    "name",
    [
        "two words 'single' \"double\".mp4",
        "line\nbreak.mp4",
        "-dash.mp4",
        "file:name.mp4",
        "[bold]markup %s {x}.mp4",
        "熵 é.mp4",
        "stray\udcff byte.mp4",
        "\x1b[2Jclear.mp4",
    ],
)
def test_any_file_name_works_and_is_printed_safely(
    name: str, good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(good.read_bytes())
    (tmp_path / name).with_suffix(".srt").write_text(SRT)
    where = ["--library", str(tmp_path / "library")]
    assert main(["index", *where, "--no-screen", "--", name]) == 0
    assert main(["search", *where, "--", name, "entropy"]) == 0
    assert main(["list", *where]) == 0
    out, err = capsys.readouterr()
    assert all(character.isprintable() or character == "\n" for character in out + err)
    (out + err).encode()
    assert _listed(tmp_path / "library", capsys) == [name]


@pytest.mark.parametrize(
    ("suffix", "content"),
    [
        ("srt", SRT.replace("Entropy", "Entropie, für alle:").encode("cp1252")),
        ("srt", b"\xff\xfe" + SRT.encode("utf-16-le")),
        ("srt", SRT.replace("00:00:02,000 --> 00:00:05,000", "00:00:05,000 --> 00:00:02,000").encode()),
        ("srt", SRT.replace("00:00:0", "09:00:0").encode()),
        ("srt", b"\x00\x01\x02 no subtitles at all"),
        ("srt", b""),
        ("vtt", b"WEBVTT\n\nnot a cue"),
        ("ass", b"[Script Info]\n"),
    ],
)
def test_odd_subtitles_never_stop_the_index(
    suffix: str, content: bytes, good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    video = tmp_path / "talk.mp4"
    video.write_bytes(good.read_bytes())
    video.with_suffix(f".{suffix}").write_bytes(content)
    assert main(["index", str(video), "--library", str(tmp_path / "library"), "--no-screen"]) == 0
    assert "Traceback" not in capsys.readouterr().err


def test_a_video_without_any_text_is_honestly_not_found(
    good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    video = tmp_path / "silent.mp4"
    video.write_bytes(good.read_bytes())
    arguments = [
        "ask",
        str(video),
        "When does she speak of entropy?",
        "--library",
        str(tmp_path / "library"),
        "--json",
    ]
    assert main(arguments) == 3
    answer = json.loads(capsys.readouterr().out)
    assert answer["found"] is False
    assert answer["coverage"]


@pytest.mark.parametrize("how", [[], ["--no-screen"]])
def test_a_download_that_broke_off_and_still_plays_is_told(
    how: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = render(tmp_path / "whole.mkv", numbered_frames(40), fps=Fraction(2))
    content = whole.read_bytes()
    (tmp_path / "half.mkv").write_bytes(content[: len(content) // 2])
    told = "though the file says that it lasts 0:20: if it was cut off, copy or download it again"
    for name, expected in (("whole", False), ("half", True)):
        where = ["--library", str(tmp_path / "library"), *how]
        assert main(["index", str(tmp_path / f"{name}.mkv"), *where]) == 0
        assert (told in capsys.readouterr().out) is expected


def test_a_video_of_one_frame_is_a_video(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    video = render(tmp_path / "one.mp4", numbered_frames(1), fps=Fraction(25))
    where = ["--library", str(tmp_path / "library")]
    assert main(["index", str(video), *where]) == 0
    assert main(["ask", str(video), "When does she speak of entropy?", *where]) == 3
    out = tmp_path / "frames"
    assert main(["zoom", str(video), "--from", "0", "--to", "1", "--out", str(out), *where]) == 0
    assert len(list(out.glob("*.png"))) == 1


def test_a_moved_video_is_zoomed_into_and_another_in_its_place_is_not(
    good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    video = Path(shutil.copy(good, tmp_path / "talk.mp4"))
    where = ["--library", str(tmp_path / "library")]
    zoom = ["--from", "1", "--to", "2", "--frames", "1", "--out", str(tmp_path / "frames"), *where]
    assert main(["index", str(video), "--no-screen", *where]) == 0
    moved = video.rename(tmp_path / "moved.mp4")
    assert main(["zoom", str(moved), *zoom]) == 0
    assert main(["zoom", "moved", *zoom]) == 0
    render(moved, numbered_frames(10))
    capsys.readouterr()
    assert main(["zoom", fingerprint(good)[:12], *zoom]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert f"moved.mp4 holds another file now, not the video {fingerprint(good)[:12]}; `rewatch index`" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("command", [["zoom"], ["search", "entropy"], ["show"], ["ask", "Why?"]])
def test_a_time_past_the_end_is_named_with_the_length(
    command: list[str], good: Path, library: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, *words = command
    arguments = [name, str(good), *words, "--from", "10:00", "--to", "11:00", "--library", str(library)]
    assert main(arguments) == 2
    assert "past the end of the video, which lasts 0:20.0" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["show"], ["search", "entropy"], ["forget"]])
def test_a_video_that_is_not_indexed_is_told_how_to_be(
    command: list[str], library: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, *words = command
    assert main([name, str(tmp_path / "other.mp4"), *words, "--library", str(library)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "rewatch list" in err
    assert err.count("\n") == 1


def test_a_clip_is_never_written_over_a_file(
    good: Path, library: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    taken = tmp_path / "clip.mp4"
    taken.write_text("precious")
    arguments = [
        "zoom",
        str(good),
        "--from",
        "1",
        "--to",
        "2",
        "--out",
        str(taken),
        "--library",
        str(library),
    ]
    assert main(arguments) == 2
    assert taken.read_text() == "precious"


@pytest.mark.parametrize("folder", ["missing", "n" * 300])
def test_a_clip_in_a_folder_that_cannot_be_is_one_line(
    folder: str, good: Path, library: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / folder / "clip.mp4")
    moment = ["--from", "1", "--to", "2", "--out", out, "--library", str(library)]
    assert main(["zoom", str(good), *moment]) == 2
    err = capsys.readouterr().err
    assert "is not a folder; make it first" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("out", "remedy"),
    [("n" * 245 + ".mp4", "name another file"), ("taken", "name another folder with --out")],
)
def test_a_moment_that_cannot_be_written_is_told_by_the_name_that_was_given(
    out: str, remedy: str, good: Path, library: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken").write_text("precious")
    moment = ["--from", "1", "--to", "2", "--out", str(tmp_path / out), "--library", str(library)]
    assert main(["zoom", str(good), *moment]) == 1
    printed, err = capsys.readouterr()
    assert printed == ""
    assert f"could not write {tmp_path / out}" in err
    assert err.rstrip().endswith(remedy)
    assert err.count("\n") == 1


def test_a_library_that_is_a_file_is_named(
    good: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("precious")
    assert main(["index", str(good), "--library", str(tmp_path / "file")]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert (tmp_path / "file").read_text() == "precious"


def test_a_damaged_library_is_named_and_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "library.db").write_bytes(b"not a database" * 1000)
    assert main(["list", "--library", str(tmp_path)]) == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert (tmp_path / "library.db").read_bytes().startswith(b"not a database")


_LIMIT = (
    "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
    "resource.setrlimit(resource.RLIMIT_FSIZE, ({0}, {0}))"
)


def _start(*arguments: str, limit_bytes: int | None = None) -> "subprocess.Popen[str]":
    # A shell starts what runs in its background with SIGINT ignored; at a terminal it is not.
    listens = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    code = f"{listens}; import sys; from rewatch.agent.cli import main; sys.exit(main())"
    if limit_bytes is not None:  # like a full disk: writing on past the limit fails
        code = f"{_LIMIT.format(limit_bytes)}; {code}"
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_a_full_disk_is_named_and_what_was_stored_stays(
    good: Path, library: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    video = tmp_path / "more.mp4"
    video.write_bytes(good.read_bytes() + b"\0" * 16)
    video.with_suffix(".srt").write_text(
        "\n".join(f"{n}\n00:00:{n:02},000 --> 00:00:{n:02},900\n{'words ' * 9000}\n" for n in range(1, 19))
    )
    size = max(file.stat().st_size for file in library.iterdir() if file.is_file())
    run = _start("index", str(video), "--library", str(library), "--no-screen", limit_bytes=size + 50_000)
    _, err = run.communicate(timeout=60)
    assert run.returncode == 1, err
    assert err.count("\n") == 1
    assert "talk.mp4" in _listed(library, capsys)


def _has_begun(database: Path, stage: str) -> bool:
    """Whether a stage of ingest is recorded as begun; another process writes the library meanwhile."""
    if not database.exists():
        return False
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
        try:
            return bool(connection.execute("SELECT 1 FROM stages WHERE name = ?", (stage,)).fetchall())
        except sqlite3.OperationalError:  # not a table in it yet
            return False


@pytest.mark.skipif(sys.platform == "win32", reason="signals to a group are POSIX")
def test_ctrl_c_stops_at_once_with_one_line_and_goes_on_later(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    video = render(tmp_path / "long.mp4", numbered_frames(2000), fps=Fraction(5))
    arguments = ["index", str(video), "--library", str(tmp_path / "library"), "--step", "0.2", "--no-screen"]
    run = _start(*arguments)
    deadline = time.monotonic() + 30
    while not _has_begun(tmp_path / "library" / "library.db", "scan") and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(run.pid, signal.SIGINT)
    out, err = run.communicate(timeout=30)
    assert run.returncode == 130, err
    assert out == ""
    assert err.count("\n") == 1, err
    assert "interrupted" in err
    assert main(arguments) == 0
