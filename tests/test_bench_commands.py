"""Benchmarks have one door: `rewatch bench NAME`, each with help, an example, and answers for programs."""

import json
import shutil
from fractions import Fraction
from pathlib import Path

import pytest
from videos import numbered_frames, render

from rewatch.agent.cli import main
from rewatch.evals.bench import COMMANDS


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return render(tmp_path / "short.mp4", numbered_frames(12), fps=Fraction(2))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_benchmark_has_help_with_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", name, "--help"]) == 0
    assert f"Example: rewatch bench {name}" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["decode", "index"])
def test_what_compares_with_ffmpeg_says_so_where_it_is_missing(
    name: str, video: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    assert main(["bench", name, str(video)]) == 2
    assert "ffmpeg program; install it" in capsys.readouterr().err


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="compares with the ffmpeg program")
def test_decoding_is_told_as_ratios(video: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "decode", str(video), "--rounds", "1", "--frames", "2", "--json"]) == 0
    passes = json.loads(capsys.readouterr().out)["passes"]
    assert [one["pass"] for one in passes][1:3] == ["dense pass", "dense pass with its measures"]
    assert all(one["ratio"] > 0 and "rewatch" in one["costs"] for one in passes)


def test_a_film_without_text_is_watched_and_timed(video: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "screen", "--slides", "0", "--film", str(video), "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["what"] == "short.mp4"
    assert row["pass_seconds"] > 0


def test_an_unknown_talk_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "questions", "nothing", "--folder", str(tmp_path)]) == 2
    assert "nothing" in capsys.readouterr().err


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="compares with the ffmpeg program")
def test_a_first_index_is_told_in_wall_and_processor_time(
    video: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "index", str(video), "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert told["ratio"] == pytest.approx(told["index"]["seconds"] / told["decode"]["seconds"])
    assert told["cpu_ratio"] == pytest.approx(told["index"]["cpu_seconds"] / told["decode"]["cpu_seconds"])
    assert {"scan", "screen"} <= told["stages"].keys()
    for measure in ("seconds", "cpu_seconds"):
        stages = sum(spent[measure] for spent in told["stages"].values())
        assert 0 < stages < told["index"][measure]
    assert told["command"]["cpu_seconds"] > 0
