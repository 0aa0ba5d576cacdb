"""Hints of time in a question: "in the last ten minutes", "between 10:00 and 20:00", "before the break".

Owns finding a hint and taking it out of the question. An absolute hint becomes a span at once; a hint that
names another moment becomes an anchor, which the planner has to find first.
"""

import re
from dataclasses import dataclass
from typing import Literal

from rewatch.memory.errors import TimecodeError
from rewatch.memory.timecode import parse_seconds
from rewatch.memory.types import Span
from rewatch.tools.numbers import NUMBER_WORDS

Relation = Literal["before", "after", "during"]

_AMOUNT = r"(?P<amount>\d+(?:\.\d+)?|half an?|an?|" + "|".join(NUMBER_WORDS) + r"|couple of|few)"
_UNIT = r"(?P<unit>second|minute|hour)s?"


def _mark_pattern(prefix: str) -> str:
    return (
        rf"(?:minute (?:mark )?(?P<{prefix}m>\d+)|the (?P<{prefix}n>\d+)[ -]minute mark|"
        rf"(?P<{prefix}c>\d+:\d{{2}}(?::\d{{2}})?(?:\.\d+)?))"
    )


_VIDEO = (
    r"(?: of (?:the |this )?"
    r"(?:video|talk|film|movie|lecture|recording|presentation|clip|episode|meeting|tour|session))?"
)
_WITHIN = r"(?:\b(?:in|during|within) |(?<=\bof )|(?<=\bup )|(?<=\bsummari[sz]e ))"
_SECONDS = {"second": 1.0, "minute": 60.0, "hour": 3600.0}
_PART = {"half": 2, "third": 3, "quarter": 4}
_RANK = {"first": 0, "second": 1, "third": 2, "fourth": 3}
AROUND_SECONDS = 45.0
"""How far "around 12:30" reaches to either side."""
EDGE_SHARE = 0.15
"""Share of a video that "at the beginning" and "at the end" mean."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """Another moment that a question refers to."""

    relation: Relation
    text: str
    """What happens at that moment, in the asker's words."""
    adjacent: bool = False
    """Whether the asker says "right after" or "just before"."""


@dataclass(frozen=True, slots=True)
class Hints:
    """A question without its hints, and what they said."""

    text: str
    span: Span | None = None
    anchor: Anchor | None = None


def find_hints(text: str, duration_seconds: float) -> Hints:
    """Take the hints of time out of a question.

    Args:
        text: The question.
        duration_seconds: Length of the (longest) video, for hints such as "in the second half".

    Returns:
        The rest of the question, and a span or an anchor. A hint outside the video leaves an empty span.
    """
    for pattern, reading in _ABSOLUTE:
        match = pattern.search(text)
        if match is None:
            continue
        span = reading(match, duration_seconds)
        if span is not None:
            return Hints(_without(text, match), span)
    return _anchored(text)


def _anchored(text: str) -> Hints:
    match = _ANCHOR.search(text)
    if match is None:
        return Hints(text)
    word = match["word"].casefold()
    relation: Relation = "before" if word in _BEFORE else "after" if word in _AFTER else "during"
    anchor = Anchor(relation, match["anchor"].strip(" ,?.!"), bool(match["adjacent"]))
    return Hints(_without(text, match), anchor=anchor)


def _without(text: str, match: re.Match[str]) -> str:
    rest = f"{text[: match.start()].rstrip(' ,')} {text[match.end() :].lstrip(' ,')}".strip()
    return rest if rest.endswith("?") or not text.rstrip().endswith("?") else rest.rstrip() + "?"


def _amount(text: str) -> float:
    folded = text.casefold()
    if folded.startswith("half"):
        return 0.5
    if folded in ("a", "an"):
        return 1.0
    if folded in ("couple of", "few"):
        return 3.0
    return float(NUMBER_WORDS.get(folded, 0)) if folded in NUMBER_WORDS else float(folded)


def _clip(start: float, end: float, duration: float) -> Span:
    start, end = max(start, 0.0), min(end, duration)
    return Span(min(start, duration), max(end, min(start, duration)))


def _edge(match: re.Match[str], duration: float) -> Span:
    length = _amount(match["amount"] or "1") * _SECONDS[match["unit"].casefold()]
    if match["edge"].casefold() in ("last", "final"):
        return _clip(duration - length, duration, duration)
    return _clip(0.0, length, duration)


def _fraction(match: re.Match[str], duration: float) -> Span:
    length, rank = duration / _PART[match["part"].casefold()], match["rank"].casefold()
    if rank == "middle":
        return _clip((duration - length) / 2, (duration + length) / 2, duration)
    start = duration - length if rank in ("last", "final") else _RANK[rank] * length
    return _clip(start, start + length, duration)


def _mark(match: re.Match[str], prefix: str) -> float | None:
    if match[f"{prefix}c"]:
        try:
            return parse_seconds(match[f"{prefix}c"])
        except TimecodeError:
            return None
    return 60.0 * float(match[f"{prefix}m"] or match[f"{prefix}n"])


def _between(match: re.Match[str], duration: float) -> Span | None:
    start, end = _mark(match, "a"), _mark(match, "b")
    return None if start is None or end is None or end <= start else _clip(start, end, duration)


def _beside(match: re.Match[str], duration: float) -> Span | None:
    seconds = _mark(match, "a")
    if seconds is None:
        return None
    word = match["word"].casefold()
    if word in ("before", "until"):
        return _clip(0.0, seconds, duration)
    if word in ("after", "past", "from", "since"):
        return _clip(seconds, duration, duration)
    return _clip(seconds - AROUND_SECONDS, seconds + AROUND_SECONDS, duration)


def _beginning(match: re.Match[str], duration: float) -> Span:
    return _clip(0.0, max(duration * EDGE_SHARE, min(60.0, duration)), duration)


def _ending(match: re.Match[str], duration: float) -> Span:
    return _clip(duration - max(duration * EDGE_SHARE, min(60.0, duration)), duration, duration)


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_ABSOLUTE = (
    (
        _compiled(
            rf"{_WITHIN}the (?:very )?(?P<edge>first|last|final|opening) {_AMOUNT}? ?{_UNIT}{_VIDEO}\b"
        ),
        _edge,
    ),
    (
        _compiled(
            rf"{_WITHIN}the (?P<rank>first|second|third|fourth|middle|last|final) "
            rf"(?P<part>half|third|quarter){_VIDEO}\b"
        ),
        _fraction,
    ),
    (_compiled(rf"\b(?:between|from) {_mark_pattern('a')} (?:and|to|until) {_mark_pattern('b')}"), _between),
    (
        _compiled(
            r"\b(?P<word>before|until|after|past|from|since|around|about|near|at) (?:around )?"
            rf"{_mark_pattern('a')}"
        ),
        _beside,
    ),
    (
        _compiled(
            r"\b(?:right )?(?:at|in|near|toward|towards) the (?:very )?(?:beginning|start|opening)"
            rf"{_VIDEO}(?=\W*$|,)"
        ),
        _beginning,
    ),
    (
        _compiled(rf"\b(?:right )?(?:at|near|toward|towards) the (?:very )?(?:end|close){_VIDEO}(?=\W*$|,)"),
        _ending,
    ),
)


_BEFORE = ("before", "prior to", "until", "leading up to", "precedes", "preceded")
_AFTER = ("after", "following", "since", "once", "follows", "followed")
_ANCHOR = _compiled(
    r"(?<![\w-])(?P<adjacent>(?:right|just|immediately|shortly|directly|straight) )?"
    r"(?P<word>before|prior to|until|leading up to|after|following|since|once|during|while|as soon as|"
    r"(?<=\bwhat )(?:follows|followed|precedes|preceded)(?! (?:from|on|by)\b))"
    r"(?: (?:right |immediately |shortly |directly )?after)?\s+"
    r"(?!(?:what|which|when|who|whom|whose|how)\b)"
    r"(?P<anchor>(?:that|this|it)(?=\s+(?:about|on|of|with)\b)|"
    r"[^,?]+?(?=,|\?|\s*$|\s+(?:do|does|did|can|could|will|would|is|are|was|were|has|have)\s+"
    r"(?:she|he|they|we|you|it|the (?:speaker|presenter|lecturer|host|narrator|audience))\b))"
)
