"""The command line as a user meets it: help, exit statuses, what goes where."""

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from rewatch.agent.cli import main
from rewatch.agent.cli.app import OWN_COMMANDS
from rewatch.agent.cli.options import parse_choices, parse_span
from rewatch.agent.cli.reference import render as render_reference
from rewatch.memory.errors import InputError, TimecodeError
from rewatch.memory.types import Span

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("command", OWN_COMMANDS)
def test_every_command_has_help_an_example_and_json(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    out, err = capsys.readouterr()
    assert f"Example: rewatch {command} " in out.replace("\n", " ") or f"Example: rewatch {command}\n" in out
    assert "--json" in out
    assert err == ""


def test_the_reference_is_current() -> None:
    assert (ROOT / "docs" / "cli.md").read_text("utf-8") == render_reference(), "run `make docs`"


def test_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"rewatch {version('rewatch')}\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["asks"], "Did you mean 'ask'"),
        (["ask", "talk.mp4"], "Missing argument"),
        (["ask", "talk.mp4", "Why?", "--frobnicate"], "--frobnicate"),
        (["ask", "talk.mp4", " "], "the question is empty"),
        (["ask", "talk.mp4", "when " * 801], "the question has 4005 characters, more than 4000"),
        (["ask", "talk.mp4", "Why?", "--from", "1:75"], "'1:75' is not a time"),
        (["ask", "talk.mp4", "Why?", "--from", "2:00", "--to", "1:00"], "--to 1:00 is not after --from 2:00"),
        (["ask", "talk.mp4", "Why?", "--option", "heat"], "--option 'heat' is not a choice"),
        (["ask", "talk.mp4", "Why?", "--max-seconds", "soon"], "--max-seconds"),
        (["ask", "talk.mp4", "Why?", "--max-seconds", "-1"], "0 or more"),
        (["ask", "talk.mp4", "Why?", "--max-seconds", "nan"], "0 or more"),
        (["index"], "Missing argument"),
        (["index", "talk.mp4", "--decoder", "vlc"], "choose pyav or decord"),
        (["index", "talk.mp4", "--step", "0"], "outside 0.1 to 60"),
        (["search", "talk.mp4", ""], "the query is empty"),
        (["search", "talk.mp4", "heat", "--channel", "smell"], "choose among speech, screen"),
        (["search", "talk.mp4", "heat", "--limit", "0"], "--limit"),
        (["zoom", "talk.mp4"], "--from and --to"),
    ],
)
def test_a_mistake_is_one_line_and_status_two(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert said in err


def test_no_command_shows_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert all(command in err for command in OWN_COMMANDS)


def test_a_span_is_open_where_nothing_is_said() -> None:
    assert parse_span(None, None) is None
    assert parse_span(None, "1:30") == Span(0, 90)
    assert parse_span("0:01:30.5", None) == Span(90.5, float("inf"))
    with pytest.raises(TimecodeError):
        parse_span("90", "90")


def test_choices_keep_their_letters_and_order() -> None:
    assert list(parse_choices(["b = Carnot", "A=x=y"]).items()) == [("B", "Carnot"), ("A", "x=y")]
    for wrong in (["A=1", "a=2"], ["AB=1", "C=2"], ["A="], ["A=only"]):
        with pytest.raises(InputError):
            parse_choices(wrong)


def _install_command(site: Path, target: str) -> dict[str, str]:
    """Install a package that registers the command `extra`, as pip would, in a folder of its own."""
    (site / "extra.py").write_text(
        "import typer\napp = typer.Typer()\n@app.command()\ndef extra(word: str) -> None:\n"
        '    """Say a word."""\n    print(word)\n'
    )
    info = site / "extra-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: extra\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[rewatch.commands]\nextra = {target}\n")
    return {**os.environ, "PYTHONPATH": str(site)}


def _run(arguments: list[str], **how: object) -> "subprocess.CompletedProcess[str]":
    code = "import sys; from rewatch.agent.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, **how)  # type: ignore[call-overload,no-any-return]


def test_other_packages_add_commands(tmp_path: Path) -> None:
    environment = _install_command(tmp_path, "extra:app")
    assert _run(["extra", "hello"], env=environment).stdout == "hello\n"
    assert "Say a word." in _run(["--help"], env=environment).stdout


def test_a_broken_command_of_another_package_leaves_the_others_working(tmp_path: Path) -> None:
    environment = _install_command(tmp_path, "nowhere:app")
    listed = _run(["--help"], env=environment)
    assert listed.returncode == 0
    assert "doctor" in listed.stdout
    used = _run(["extra"], env=environment)
    assert used.returncode == 2
    assert "cannot be loaded" in used.stderr
    assert "Traceback" not in used.stderr


def test_an_encoding_without_the_characters_is_no_failure(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    run = _run(["doctor", "--library", str(tmp_path / "é熵")], env=environment)
    assert run.returncode == 0
    assert "\\u71b5" in run.stdout


def test_a_reader_that_goes_away_is_no_traceback(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    code = "import sys; from rewatch.agent.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "doctor", "--json", "--library", str(tmp_path)]
    run = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    os.close(writing)
    assert run.stderr == ""


@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell")
@pytest.mark.parametrize(("closed", "said"), [(">&-", 1), ("2>&-", 0), ("<&-", 1)])
def test_a_stream_that_is_closed_is_no_traceback(closed: str, said: int, tmp_path: Path) -> None:
    code = "import sys; from rewatch.agent.cli import main; sys.exit(main())"
    for command, expected in ((["list"], 0), (["index", "missing.mp4"], 2)):
        shell = ["sh", "-c", f'"$@" {closed}', "sh", sys.executable, "-c", code, *command]
        where = ["--library", str(tmp_path)]
        run = subprocess.run([*shell, *where], capture_output=True, text=True, check=False, timeout=60)
        assert (run.returncode, run.stdout, run.stderr.count("\n")) == (expected, "", said)


def test_an_empty_library_lists_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--library", str(tmp_path)]) == 0
    assert "rewatch index" in capsys.readouterr().err
    assert main(["list", "--json", "--library", str(tmp_path)]) == 0
    assert json.loads(capsys.readouterr().out) == []
