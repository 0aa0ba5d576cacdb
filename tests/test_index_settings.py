"""What a video was indexed with stays, until somebody says otherwise: a question never undoes a transcript."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from videos import numbered_frames, render

from rewatch.agent import Settings, VideoAgent
from rewatch.agent.cli import main
from rewatch.memory.ingest.settings import IngestSettings
from rewatch.memory.library import Library

QUESTION = "When does she speak of entropy?"


@pytest.fixture
def video(tmp_path: Path) -> Path:
    video = render(tmp_path / "talk.mp4", numbered_frames(20), fps=Fraction(2), audio="tone")
    video.with_suffix(".srt").write_text(
        "1\n00:00:02,000 --> 00:00:05,000\nEntropy is what we do not know.\n"
    )
    return video


def _stages(video: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, Any]]:
    capsys.readouterr()
    assert main(["show", str(video), "--json", "--library", str(folder)]) == 0
    return {stage["name"]: stage["parameters"] for stage in json.loads(capsys.readouterr().out)["stages"]}


def test_a_question_goes_on_with_what_the_video_was_indexed_with(
    video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--library", str(tmp_path / "library")]
    assert main(["index", str(video), "--step", "2", "--no-screen", *where]) == 0
    before = _stages(video, tmp_path / "library", capsys)
    assert before["scan"]["step_seconds"] == 2
    assert before["screen"]["read"] is False
    assert main(["ask", str(video), QUESTION, *where]) == 0
    assert _stages(video, tmp_path / "library", capsys) == before


def test_an_option_that_is_given_changes_only_what_it_names(
    video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--library", str(tmp_path / "library")]
    assert main(["index", str(video), "--fast", "--no-screen", *where]) == 0
    assert main(["index", str(video), "--screen", *where]) == 0
    stages = _stages(video, tmp_path / "library", capsys)
    assert stages["scan"]["step_seconds"] == 0, "still keyframes only"
    assert stages["screen"]["read"] is True


def test_the_speech_model_is_remembered_too(video: Path, tmp_path: Path) -> None:
    with Library.open(tmp_path) as library:
        name = library.recognise(video).video_id
        library.store.start_stage(name, "speech", "hash", {"model": "small", "part_seconds": 600})
        assert library.settings_of(name) == IngestSettings(speech_model="small")


def test_settings_that_are_passed_win(video: Path, tmp_path: Path) -> None:
    with Library.open(tmp_path) as library:
        first = library.add(video, IngestSettings(read_screen=False, step_seconds=2))
        assert library.settings_of(first.video_id) == IngestSettings(read_screen=False, step_seconds=2)
    with VideoAgent(Settings(tmp_path, ingest=IngestSettings(read_screen=False, fast=True))) as agent:
        agent.ask(video, QUESTION)
        assert agent.library.settings_of(first.video_id) == IngestSettings(read_screen=False, fast=True)


@pytest.mark.parametrize("by", ["path", "id"])
def test_an_encoder_that_is_set_for_a_question_changes_nothing_else(
    video: Path, tmp_path: Path, by: str
) -> None:
    with Library.open(tmp_path) as library:
        video_id = library.add(video, IngestSettings(read_screen=False, step_seconds=2)).video_id
    with VideoAgent(Settings(tmp_path, encoder="colour")) as agent:
        agent.ask(video if by == "path" else video_id, QUESTION)
        expected = IngestSettings(read_screen=False, step_seconds=2, encoder="colour")
        assert agent.library.settings_of(video_id) == expected


@pytest.mark.parametrize(
    "wish",
    [["--encoder", "open_clip:none/none"], ["--speech-model", "no such folder"], ["--decoder", "decord"]],
    ids=["encoder", "speech model", "decoder"],
)
def test_a_wish_that_cannot_be_met_leaves_what_was_indexed(
    wish: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    video = render(
        tmp_path / "talk.ts", numbered_frames(20), fps=Fraction(2), audio="tone"
    )  # decord refuses it
    video.with_suffix(".srt").write_text(
        "1\n00:00:02,000 --> 00:00:05,000\nEntropy is what we do not know.\n"
    )
    where = ["--library", str(tmp_path / "library")]
    assert main(["index", str(video), "--no-screen", "--encoder", "colour", *where]) == 0
    before = _stages(video, tmp_path / "library", capsys)
    assert main(["index", str(video), *wish, *where]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert _stages(video, tmp_path / "library", capsys) == before
    assert main(["ask", str(video), QUESTION, *where]) == 0


def test_a_video_whose_file_has_gone_still_answers(video: Path, tmp_path: Path) -> None:
    with VideoAgent(Settings(tmp_path, ingest=IngestSettings(read_screen=False))) as agent:
        agent.library.add(video, IngestSettings(read_screen=False))
        video.unlink()
        assert agent.ask(video, QUESTION).found
        assert agent.ask("talk", QUESTION).found
