"""Judging answers: is what was said right, and is it cited where the talk says it?

An answer is right when it is found, holds the expected string or option, and cites a span within 5 s of the
truth; a summary cites, for every true chapter, a span that lies mostly in it; a near miss is right when nothing
is found.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from rewatch.agent.answer import Answer
from rewatch.evals.talks.questions import Question, Truth
from rewatch.memory.types import Span
from rewatch.tools.numbers import NUMBER_WORDS

TOLERANCE_SECONDS = 5.0
SPARE_SECONDS = 30.0
"""A cited span may be this much longer than the truth: whoever cites everything has cited nothing."""
_LOOKED_AT = 5
"""How many of the ranked spans count for questions that have one answer."""
_DURATION_SLACK = 0.1
_CLOCK = re.compile(r"\b(?:(\d+):)?(\d{1,2}):(\d{2}(?:\.\d+)?)\b")
_TIME = r"\d[\d:]*:\d{2}(?:\.\d+)?"
_PLACE = re.compile(rf"(?:\b(?:at|from) )?{_TIME}\s*(?:[-–]|to|and|,)\s*{_TIME}|\b(?:at|from) {_TIME}")
"""Times at which something happens, alone or as a range; they are no durations."""
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*(h|hours?|m|min|minutes?|s|sec|seconds?)\b")
_UNIT_SECONDS = {"h": 3600, "m": 60, "s": 1}


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was right and wrong about one answer."""

    right: bool
    text_right: bool
    """The expected string or option is there; true where none is expected."""
    span_right: bool
    best_span_right: bool
    """The first of the ranked spans is right already."""
    reason: str
    """What is wrong, or ""."""


def judge(question: Question, truth: Truth, answer: Answer) -> Judgement:
    """Judge an answer to a question.

    Args:
        question: The question as it was asked.
        truth: Its references, looked up in the talk that the video was rendered from.
        answer: What the agent said.
    """
    if question.near_miss:
        reason = f"claims to have found: {answer.text[:160]!r}" if answer.found else ""
        return Judgement(not answer.found, True, True, True, reason)
    if not answer.found:
        return Judgement(False, False, False, False, "not found")
    text_right = _text_right(question, truth, answer)
    cited = [Span(span.start_seconds, span.end_seconds) for span in answer.spans]
    places = [span for spans in truth.spans for span in spans]
    if question.type == "summary":
        places = [chapter for chapter in places if not _meets_chapter(cited, chapter)]
        span_right = best_right = not places
    else:
        near = [_is_near(span, truth.spans) for span in cited[:_LOOKED_AT]]
        span_right, best_right = any(near), near[:1] == [True]
    wrong = []
    if not text_right:
        said = (answer.choice or answer.text)[:160]
        wrong.append(f"says {said!r}, expected {_expected(question, truth)}")
    if not span_right:
        wrong.append(f"cites {_listed(cited[:_LOOKED_AT])}, nothing near {_listed(places)}")
    return Judgement(text_right and span_right, text_right, span_right, best_right, "; ".join(wrong))


def durations_in(text: str) -> list[float]:
    """Find the durations that a text names, in seconds: "6 minutes 2 s", "1:30", "two hours"; not "at 1:30"."""
    plain = _PLACE.sub(" ", _digits(text.lower()))
    found = [int(h or 0) * 3600 + int(m) * 60 + float(s) for h, m, s in _CLOCK.findall(plain)]
    total, end = 0.0, -1
    for match in _AMOUNT.finditer(plain):
        seconds = float(match[1]) * _UNIT_SECONDS[match[2][0]]
        joined = end >= 0 and plain[end : match.start()].strip(" ,") in ("", "and")
        total = total + seconds if joined else seconds
        if joined:
            found.pop()
        found.append(total)
        end = match.end()
    return found


def _text_right(question: Question, truth: Truth, answer: Answer) -> bool:
    if question.type == "choice":
        return answer.choice in question.expect
    if question.type == "how_long" and not question.expect:
        return _lasts_right(truth, answer)
    if not question.expect:
        return True
    return _TEXT_RULES.get(question.type, _holds_expected)(question, answer)


def _lasts_right(truth: Truth, answer: Answer) -> bool:
    actual = _duration(truth)
    slack = max(TOLERANCE_SECONDS, actual * _DURATION_SLACK)
    return any(abs(seconds - actual) <= slack for seconds in durations_in(answer.text))


def _opens_with_expected(question: Question, answer: Answer) -> bool:
    return _words(answer.text)[:1] in [_words(word) for word in question.expect]


def _first_number_is_expected(question: Question, answer: Answer) -> bool:
    numbers = [word for word in _words(_CLOCK.sub(" ", answer.text)) if word.isdigit()]
    return numbers[:1] in [_words(word) for word in question.expect]


def _names_expected_first(question: Question, answer: Answer) -> bool:
    first = min(_place(word, answer.text) for word in question.expect)
    return first < min((_place(word, answer.text) for word in question.rivals), default=float("inf"))


def _holds_expected(question: Question, answer: Answer) -> bool:
    said = " ".join([answer.text, *(claim.text for claim in answer.claims if claim.verdict == "supported")])
    return any(_place(word, said) < float("inf") for word in question.expect)


_TEXT_RULES: dict[str, Callable[[Question, Answer], bool]] = {
    "yes_no": _opens_with_expected,
    "count": _first_number_is_expected,
    "order": _names_expected_first,
}


def _expected(question: Question, truth: Truth) -> str:
    if question.expect:
        return " or ".join(map(repr, question.expect))
    return f"{_duration(truth):.0f} s"


def _duration(truth: Truth) -> float:
    """How long the first reference lasts, views of something else in between included."""
    first, last = truth.spans[0][0], truth.spans[0][-1]
    return first.union(last).duration_seconds


def _is_near(cited: Span, references: tuple[tuple[Span, ...], ...]) -> bool:
    return any(
        cited.gap_seconds(span) <= TOLERANCE_SECONDS
        and cited.duration_seconds <= span.duration_seconds + SPARE_SECONDS
        for spans in references
        for span in spans
    )


def _meets_chapter(cited: list[Span], chapter: Span) -> bool:
    """Whether some cited span lies in the chapter with at least half of its length."""
    shared = [(span, span.intersection(chapter)) for span in cited]
    return any(part and part.duration_seconds >= span.duration_seconds / 2 for span, part in shared)


def _listed(spans: list[Span]) -> str:
    return ", ".join(f"{span.start_seconds:.0f}-{span.end_seconds:.0f}" for span in spans) or "nothing"


def _place(phrase: str, text: str) -> float:
    """Where a phrase begins in a text, in words; infinite when it is not there."""
    wanted, words = _words(phrase), _words(text)
    for index in range(len(words) - len(wanted) + 1):
        if words[index : index + len(wanted)] == wanted:
            return float(index)
    return float("inf")


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", _digits(text.lower().replace("'", "").replace("’", "")))


def _digits(text: str) -> str:
    """Write number words below a hundred in digits: "twenty-five" becomes "25"."""
    words = "|".join(NUMBER_WORDS)
    tens = "|".join(word for word, value in NUMBER_WORDS.items() if 20 <= value < 100)
    pair = rf"\b({tens})[- ]({'|'.join(word for word, value in NUMBER_WORDS.items() if 0 < value < 10)})\b"
    text = re.sub(pair, lambda match: str(NUMBER_WORDS[match[1]] + NUMBER_WORDS[match[2]]), text)
    return re.sub(rf"\b({words})\b", lambda match: str(NUMBER_WORDS[match[1]]), text)
