"""Understanding a question by rules: its type, what it looks for, where, and what an answer must hold.

Owns what follows from the words of a question; the patterns are in `wording`. It says nothing of the video:
finding and verifying are the tools' and the verifier's work.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from rewatch.agent import wording
from rewatch.agent.hints import Anchor, find_hints
from rewatch.agent.options import ordered_things
from rewatch.memory.types import Channel, Span
from rewatch.tools.kinds import Kind
from rewatch.tools.words import ordinal

QuestionType = Literal["when", "what", "written", "count", "order", "how_long", "yes_no", "summary"]


@dataclass(frozen=True, slots=True)
class Question:
    """A grounded question."""

    text: str
    type: QuestionType
    query: str
    """What a passage that answers it should speak of: the question without its frame."""
    targets: tuple[str, ...]
    """The things to find: one for most questions, two or more for an order."""
    options: Mapping[str, str] = field(default_factory=dict)
    channels: tuple[Channel, ...] | None = None
    """Channels that can answer it; None for all."""
    span: Span | None = None
    """Where the asker says to look."""
    anchor: Anchor | None = None
    """Another moment that the asker refers to."""
    rank: int | None = None
    """Which occurrence is meant: 1 the first, 2 the second, -1 the last; None for the best."""
    expected: tuple[Kind, ...] = ()
    """The kinds of things that an answer must hold."""
    counts_mentions: bool = False
    """Whether occurrences are to be counted, rather than a stated number found."""
    later_first: bool = False
    """For an order: whether the asker asks for the latest, or claims that the first is later."""
    needs_eyes: bool = False
    """Whether the answer is in the picture rather than in words."""
    lasts_here: bool = False
    """Whether the length of something in the recording itself is asked for: a break, a silence."""
    seeks_mention: bool = False
    """Whether whatever speaks of the subject answers it: when, whether or what it is told, what is written of it."""

    @property
    def lists_mentions(self) -> bool:
        """Whether all mentions of the subject matter: they are counted, or one is meant by its rank."""
        return self.counts_mentions or (self.rank is not None and self.seeks_mention)


def ground(text: str, duration_seconds: float, options: Mapping[str, str] | None = None) -> Question:
    """Understand a question.

    Args:
        text: The question as asked, in English.
        duration_seconds: Length of the longest video asked about.
        options: Letters and texts of a multiple choice, if it is one.

    Returns:
        The grounded question.
    """
    text = " ".join(text.split())
    targets = order_targets(text) if _type_of(text) == "order" else _optional_order(text, options or {})
    if targets:
        return Question(
            text, "order", " ".join(targets), targets, dict(options or {}), later_first=_asks_for_later(text)
        )
    hints = find_hints(text, duration_seconds)
    kind = _type_of(hints.text)
    query = _query(hints.text, kind)
    return Question(
        text,
        kind,
        query,
        (query,) if query else (),
        dict(options or {}),
        _channels(text, kind),
        hints.span,
        hints.anchor,
        _rank(hints.text),
        _expected(text, kind),
        counts_mentions=bool(wording.MENTIONS.search(text)),
        needs_eyes=bool(wording.EYES.search(text)),
        lasts_here=kind == "how_long" and bool(wording.LASTS_HERE.search(text)),
        seeks_mention=not options and (kind in ("when", "written", "summary") or _is_of_subject(hints.text)),
    )


def order_targets(text: str) -> tuple[str, ...] | None:
    """The things whose order a question asks for, two or more, or None."""
    for pattern in wording.ORDER:
        match = pattern.search(text)
        if match:
            return tuple(_bare(thing) for thing in (*re.split(r"\s*,\s*", match["a"]), match["b"]))
    match = wording.ORDER_OF_ALL.search(text)
    things = _listed(match["all"]) if match else ()
    return things if len(things) > 1 else None


def _listed(text: str) -> tuple[str, ...]:
    """The things of a list: "the dog, the cat and the horse"."""
    *most, last = re.split(r"\s*,\s*", text)
    ends = re.split(r"(?:^|\s+)(?:and|or|then)\s+", last)
    return tuple(_bare(thing) for thing in (*most, *ends) if thing)


def _is_of_subject(text: str) -> bool:
    return any(pattern.search(text) for pattern in (wording.MENTIONS, wording.OF_MENTION, wording.TOLD_ABOUT))


def _optional_order(text: str, options: Mapping[str, str]) -> tuple[str, ...]:
    """The things whose order is asked for by the options alone: they are orders, or what may come first."""
    if things := ordered_things(options):
        return things
    named = tuple(option for option in options.values() if not wording.ABSENT.search(option))
    return named if len(named) > 1 and wording.WHICH_FIRST.search(text) else ()


def _type_of(text: str) -> QuestionType:  # noqa: PLR0911 - one return a type
    if wording.SUMMARY.search(text):
        return "summary"
    if order_targets(text):
        return "order"
    if wording.WHERE_IT_COMES.search(text) and not wording.CALENDAR.search(text):
        return "when"
    if wording.HOW_LONG.search(text):
        return "how_long"
    if any(asked.search(text) for asked in (wording.MENTIONS, wording.HOW_OFTEN, wording.HOW_MANY)):
        return "count"
    if wording.WHEN.search(text) and not wording.CALENDAR.search(text):
        return "when"
    if wording.WRITTEN.search(text):
        return "written"
    return "yes_no" if wording.POLAR.search(text) else "what"


def _query(text: str, kind: QuestionType) -> str:
    stripped = wording.SUMMARY_FRAME.sub("", text).strip(" ,.?!") if kind == "summary" else _bare(text)
    if _channels(text, kind) is not None:
        stripped = wording.WRITTEN_FRAME.sub("", wording.WRITTEN.sub(" ", stripped).strip())
    stripped = " ".join(wording.THE_WORD.sub("", stripped).split()).strip(" ,")
    return "" if wording.NOTHING_ELSE.search(stripped) else stripped


def _bare(text: str) -> str:
    return wording.TAIL.sub("", wording.LEAD.sub("", " ".join(text.split()), count=1), count=1).strip(
        " ,?.!\"'"
    )


def _channels(text: str, kind: QuestionType) -> tuple[Channel, ...] | None:
    reads = kind == "written" or (kind in ("when", "count", "yes_no") and wording.WRITTEN.search(text))
    return ("screen",) if reads else None


def _rank(text: str) -> int | None:
    if match := wording.NTH_TIME.search(text):
        return ordinal(match[1])
    if wording.LAST_TIME.search(text):
        return -1
    return 1 if wording.FIRST_TIME.search(text) else None


def _asks_for_later(text: str) -> bool:
    return bool(wording.LATER_CLAIMED.search(text) or wording.LATER_ASKED.search(text))


def _expected(text: str, kind: QuestionType) -> tuple[Kind, ...]:
    money = kind != "count" and not wording.REASON.search(text) and wording.MONEY.search(text)
    asked: tuple[tuple[Kind, object], ...] = (
        ("duration", kind == "how_long"),
        ("money", money),
        ("number", not money and (kind == "count" or wording.AMOUNT.search(text))),
        ("length", wording.LENGTH.search(text)),
        ("date", wording.CALENDAR.search(text) or wording.DATE.search(text)),
        ("name", wording.NAME.search(text)),
        ("person", not wording.NAME.search(text) and wording.PERSON.search(text)),
        ("place", kind != "when" and wording.PLACE.search(text)),
        ("reason", wording.REASON.search(text)),
    )
    return tuple(name for name, is_asked in asked if is_asked)
