"""The README's commands and examples work as they stand there."""

import re
import shlex
import subprocess
from fractions import Fraction
from pathlib import Path

import pytest
from videos import numbered_frames, render

from rewatch.agent.cli import main

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")

_LEFT_RUNNING = ("--speech-model", "--vlm", "--preset", "--replay", "--detector")
"""Commands with these need a model that no package carries, or a recording; their options are checked, they are
not run."""


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def _commands(program: str) -> list[list[str]]:
    lines = "\n".join(_blocks("sh")).replace("\\\n", " ").splitlines()
    return [words for line in lines if (words := shlex.split(line, comments=True)) and words[0] == program]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds what the README's examples name."""
    folder = tmp_path_factory.mktemp("readme")
    render(folder / "talk.mp4", numbered_frames(60), fps=Fraction(2))
    (folder / "talk.srt").write_text(
        "1\n00:00:02,000 --> 00:00:05,000\nHeat flows from the hot body to the cold one.\n\n"
        "2\n00:00:08,000 --> 00:00:12,000\nEntropy is a measure of what we do not know.\n\n"
        "3\n00:00:20,000 --> 00:00:24,000\nThe heat engine was described by Sadi Carnot.\n"
    )
    lectures = folder / "lectures"
    lectures.mkdir()
    render(lectures / "first.mp4", numbered_frames(20), fps=Fraction(2))
    return folder


def test_there_are_commands_and_an_example_to_check() -> None:
    assert len(_commands("rewatch")) >= 5
    assert _blocks("python")


@pytest.mark.parametrize("words", _commands("rewatch"), ids=" ".join)
def test_every_command_runs(words: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_DATA_HOME", str(folder / "data"))
    if any(word in _LEFT_RUNNING for word in words):
        assert main([*words[1:], "--help"]) == 0
    else:
        assert main(words[1:]) in (0, 3)


@pytest.mark.parametrize("words", _commands("make"), ids=" ".join)
def test_every_make_target_exists(words: list[str]) -> None:
    run = subprocess.run(["make", "-n", *words[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("code", _blocks("python"))
def test_the_python_example_runs(code: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_DATA_HOME", str(folder / "data"))
    exec(compile(code, "README.md", "exec"), {})


def test_files_that_it_links_exist() -> None:
    linked = [target for target in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in target]
    assert linked
    assert all((ROOT / target).exists() for target in linked)
