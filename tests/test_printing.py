"""What is printed is safe: words from a video and file names are data, never commands to the terminal."""

import json

import pytest
from rich.console import Console

from rewatch.agent.answer import Answer, AnswerSpan, Claim, CoverageReport, Evidence
from rewatch.agent.cli.printing import complain, one_line, print_answer, print_json, printable
from rewatch.memory.types import Cost


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("entropy", "entropy"),
        ("naïve 熵 \U0001f600", "naïve 熵 \U0001f600"),
        ("\x1b[31mred\x1b]0;title\x07", "\\x1b[31mred\\x1b]0;title\\x07"),
        ("\x9b31m", "\\x9b31m"),
        ("two\nlines\r", "two\\x0alines\\x0d"),
        ("abc\u202edcb", "abc\\u202edcb"),
        ("caf\udce9.mp4", "caf\\xe9.mp4"),
    ],
)
def test_control_characters_and_stray_bytes_are_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_a_quote_is_one_line_of_bounded_length() -> None:
    assert one_line(" a \n b\t c ") == "a b c"
    assert one_line("x" * 300, length=10) == "x" * 9 + "…"


def test_a_complaint_is_one_line_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    complain("no such file: a\nb\x1b[2J.mp4")
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "rewatch: no such file: a b\\x1b[2J.mp4\n"


def test_json_is_ascii_and_refuses_what_json_does_not_have(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"path": "caf\udce9 \x9b 熵"})
    out = capsys.readouterr().out
    assert out.isascii()
    assert json.loads(out) == {"path": "caf\udce9 \x9b 熵"}
    with pytest.raises(ValueError, match="JSON"):
        print_json(float("inf"))


def _answer(**changes: object) -> Answer:
    values: dict[str, object] = {
        "question": "When does she introduce entropy?",
        "text": "At 21:40.",
        "found": True,
        "confidence": 0.9,
        "stopped": "sufficient",
        "run_id": "r1",
        "claims": (Claim("Entropy is introduced at 21:40.", "supported", ("o1",)),),
        "evidence": (Evidence("o1", "v1", 1300.0, 1325.0, "speech", "[bold]entropy[/bold] \x1b[2J:smile:"),),
        "spans": (AnswerSpan("v1", 1300.0, 1325.0),),
        "coverage": (CoverageReport("v1", "speech", "read", ((0.0, 3600.0),)),),
        "cost": Cost(tool_calls=3, seconds=0.25),
    }
    return Answer(**{**values, **changes})  # type: ignore[arg-type]


def _printed(answer: Answer, names: dict[str, str] | None = None) -> str:
    console = Console(width=200, record=True, markup=False, emoji=False, highlight=False, soft_wrap=True)
    with console.capture() as captured:
        print_answer(answer, console, names)
    return captured.get()


def test_an_answer_shows_where_why_what_was_searched_and_what_it_cost() -> None:
    shown = _printed(_answer())
    for part in (
        "At 21:40.",
        "21:40-22:05",
        "supported",
        "speech read 0:00-1:00:00",
        "3 tool calls",
        "0.25 s",
    ):
        assert part in shown


def test_words_from_the_video_are_never_markup() -> None:
    assert "[bold]entropy[/bold] \\x1b[2J:smile:" in _printed(_answer())


def test_file_names_appear_only_where_there_are_several_videos() -> None:
    names = {"v1": "a\nb.mp4", "v2": "c.mp4"}
    assert "a\\x0ab.mp4 21:40-22:05" in _printed(_answer(), names)
    assert ".mp4" not in _printed(_answer(), {"v1": "a.mp4"})


def test_a_choice_and_what_is_missing_are_shown() -> None:
    assert "choice   B\n" in _printed(_answer(choice="B", text="Clausius"))
    assert "no subtitle speaks of it" in _printed(
        _answer(found=False, text="Not found.", missing="no subtitle speaks of it")
    )
