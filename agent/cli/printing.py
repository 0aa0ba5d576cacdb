"""How results look on a terminal.

Owns making text from videos and file names safe to print (it is untrusted: terminal control characters
are escaped and markup is never interpreted), the printed form of an answer, and JSON. What the values mean
is their own modules' work.
"""

import json
import re
import sys
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from rewatch.agent.answer import Answer, CoverageReport, Evidence
from rewatch.memory.timecode import format_seconds
from rewatch.memory.types import Coverage, PictureCompression, Span

_SPACES = re.compile(r"\s+")
_UNSAFE = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_JOINERS = "\u200c\u200d"
_VERDICT_STYLE = {"supported": "green", "refuted": "red", "unverified": "yellow"}
_QUOTE_LENGTH = 240


def printable(text: str) -> str:
    """Escape what a terminal would act on: control and direction characters, and bytes that are not text.

    Args:
        text: Any string, such as words from a video or a file name with surrogate escapes.

    Returns:
        One line without control characters, each written as `\\x1b` or `\\u202e`.
    """
    return "".join(_escape(character) for character in text)


def _escape(character: str) -> str:
    if unicodedata.category(character) not in _UNSAFE or character in _JOINERS:
        return character
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # how Python carries a byte of a file name that is not UTF-8 (PEP 383)
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def one_line(text: str, length: int = _QUOTE_LENGTH) -> str:
    """Words of a video as one printable line, shortened to `length` characters."""
    line = printable(_SPACES.sub(" ", text).strip())
    return line if len(line) <= length else line[: length - 1] + "…"


def complain(message: str) -> None:
    """Print one line on standard error."""
    print(f"rewatch: {printable(_SPACES.sub(' ', message).strip())}", file=sys.stderr)


def print_json(value: Any, *, lines: bool = False) -> None:
    """Print a value as JSON in ASCII, so that no byte of a file name or a video's text can break the reader.

    Args:
        value: Plain values; NaN and infinity are refused, since JSON has neither.
        lines: Print it on one line, for streams with one value a line.
    """
    print(json.dumps(value, indent=None if lines else 2, allow_nan=False), flush=lines)


def make_console() -> Console:
    """A console on standard output that takes text as it is: no markup, no emoji codes, no highlighting."""
    return Console(markup=False, emoji=False, highlight=False, soft_wrap=True)


def format_span(start_seconds: float, end_seconds: float) -> str:
    """Print `[start, end)` as "1:30-1:45"."""
    return f"{format_seconds(start_seconds)}-{format_seconds(end_seconds)}"


def print_answer(answer: Answer, console: Console, names: Mapping[str, str] | None = None) -> None:
    """Print an answer for a person: text, where, claims with verdicts and quotes, coverage, cost.

    Args:
        answer: The answer.
        console: Where to.
        names: File name of each video id; names are printed when there is more than one.
    """
    shown = names if names is not None and len(names) > 1 else {}
    for line in answer.text.splitlines():
        console.print(Text(one_line(line, length=10_000), style="bold" if answer.found else "bold yellow"))
    if answer.choice:
        console.print(_field("choice", answer.choice))
    if answer.spans:
        console.print(_field("where", "; ".join(_place(span, shown) for span in answer.spans[:5])))
    _print_claims(answer, console, shown)
    for line in coverage_lines(answer.coverage, shown):
        console.print(_field("searched", line))
    if answer.missing:
        console.print(_field("missing", one_line(answer.missing, length=1000)))
    console.print(_field("cost", _describe_cost(answer)))


def _print_claims(answer: Answer, console: Console, names: Mapping[str, str]) -> None:
    """Each claim with its verdict and what it cites; words that stand above already are not repeated."""
    evidence = {item.id: item for item in answer.evidence}
    for claim in answer.claims:
        verdict = Text(claim.verdict, style=_VERDICT_STYLE.get(claim.verdict, ""))
        if claim.text in answer.text:
            cited = "; ".join(_place(evidence[key], names) for key in claim.evidence_ids if key in evidence)
            console.print(_field("claim", cited), verdict, sep="  ")
            continue
        console.print(_field("claim", one_line(claim.text)), verdict, sep="  ")
        for key in claim.evidence_ids:
            if key in evidence:
                console.print(Text(f"             {_quote(evidence[key], names)}", style="dim"))


def _field(name: str, value: str) -> Text:
    return Text.assemble((f"  {name:<9}", "cyan"), value)


def _place(span: Any, names: Mapping[str, str]) -> str:
    name = names.get(span.video_id, "")
    return f"{printable(name)} {format_span(span.start_seconds, span.end_seconds)}".strip()


def _quote(item: Evidence, names: Mapping[str, str]) -> str:
    return f'{_place(item, names)} {item.source}: "{one_line(item.text)}"'


def _describe_cost(answer: Answer) -> str:
    cost = answer.cost
    parts = [f"{cost.seconds:.2f} s", f"{cost.tool_calls} tool calls", f"{cost.frames} frames"]
    parts += [f"{cost.visual_tokens} visual tokens"] if cost.visual_tokens else []
    parts += [f"{cost.llm_tokens} LLM tokens"] if cost.llm_tokens else []
    parts += [f"${cost.dollars:.4f}"] if cost.dollars else []
    ended = f"confidence {answer.confidence:.2f}, stopped: {answer.stopped}"
    return f"{', '.join(parts)} ({ended})"


def coverage_lines(coverage: Iterable[CoverageReport], names: Mapping[str, str]) -> list[str]:
    """One line a channel: what was searched and how finely, or why not."""
    lines = []
    for report in coverage:
        spans = ", ".join(format_span(*span) for span in report.spans[:4]) + (
            " ..." if len(report.spans) > 4 else ""
        )
        spacing = f"every {report.spacing_seconds:.3g} s" if report.spacing_seconds else ""
        parts = [printable(names.get(report.video_id, "")), report.channel, report.status, spans, spacing]
        note = f" ({one_line(report.note)})" if report.note else ""
        lines.append(" ".join(part for part in parts if part) + note)
    return lines


def coverage_report(video_id: str, coverage: Coverage) -> CoverageReport:
    """A channel's coverage in the form that answers carry."""
    spans = tuple((span.start_seconds, span.end_seconds) for span in coverage.spans)
    return CoverageReport(
        video_id, coverage.channel, coverage.status, spans, coverage.spacing_seconds, coverage.note
    )


def compression_line(done: PictureCompression) -> str:
    """What was done to a look's visual tokens."""
    spent = (
        "compressed before"
        if done.reused
        else f"{done.compress_seconds:.2f} s after {done.vision_seconds:.2f} s of the vision tower"
    )
    tokens = f"{done.before_tokens} visual tokens to {done.after_tokens} ({done.ratio:.0%})"
    return f"{done.method}: {tokens}, {spent}"


def plain_span(span: Span) -> dict[str, float]:
    """A span with the field names of the JSON output."""
    return {"start_seconds": span.start_seconds, "end_seconds": span.end_seconds}
