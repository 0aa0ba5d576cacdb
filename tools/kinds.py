"""Kinds of things that questions ask for, and whether a text holds one: an amount, a price, a place, a reason.

Owns what a kind looks like in English text. Which kinds a question asks for is told by the agent's `question`.
"""

import re
from collections.abc import Collection
from typing import Literal

from rewatch.tools.numbers import numbers
from rewatch.tools.words import content_words

Kind = Literal["number", "money", "duration", "length", "date", "person", "name", "place", "reason"]


def lacking(kinds: Collection[Kind], question: str, texts: Collection[str]) -> tuple[Kind, ...]:
    """Which of the kinds that a question asks for none of some texts holds.

    Args:
        kinds: What the question asks for.
        question: The question; a number or a name that it states itself is no answer.
        texts: A passage, or a passage and what is said around it.
    """
    return tuple(kind for kind in kinds if not any(_holds(kind, text, question) for text in texts))


def _holds(kind: Kind, text: str, question: str) -> bool:
    pattern = _PATTERNS.get(kind)
    if pattern is not None and pattern.search(text):
        return kind != "money" or bool(_FREE.search(text)) or _new_number(text, question)
    if kind in ("number", "date"):
        return _new_number(text, question)
    return kind in ("person", "name", "place") and _new_name(text, question)


def _new_number(text: str, question: str) -> bool:
    return bool(set(numbers(_ONE.sub(" ", text))) - set(numbers(question)))


def _new_name(text: str, question: str) -> bool:
    known = {word.stem for word in content_words(question)}
    return any(word.is_name and word.stem not in known for word in content_words(text))


def _any(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(alternatives), re.IGNORECASE)


_UNITS_OF_TIME = (
    r"(?:seconds?|minutes?|hours?|days?|nights?|weeks?|weekends?|months?|years?|decades?|centur(?:y|ies))"
)
_ONE = _any(rf"\bones?\b(?! (?:hundred|thousand|million|{_UNITS_OF_TIME}))")
""""One" that counts nothing: "one of them", "the old one"."""
DURATION = _any(rf"\b{_UNITS_OF_TIME}\b", r"\bovernight\b")
_FREE = _any(r"\bfree\b", r"\bnothing\b")
_LENGTH = (
    r"\b(?:(?:kilo|centi|milli)?met(?:re|er)s?|miles?|feet|foot|inch(?:es)?|yards?|acres?|hectares?|km|cm|mm|"
    r"m|ft)\b"
)
_PATTERNS: dict[Kind, re.Pattern[str]] = {
    "money": _any(
        r"[£$€¥]",
        r"\b(?:pounds?|dollars?|euros?|cents?|pence|penny|shillings?|guineas?|francs?|ducats?|florins?|crowns?|"
        r"gold|silver|thousand|million|billion|grand|quid|bucks?|wages?|budget|free|nothing)\b",
    ),
    "duration": _any(DURATION.pattern, _LENGTH),
    "length": _any(DURATION.pattern, _LENGTH),
    "date": _any(
        r"\b(?:january|february|march|april|may|june|july|august|september|october|november|december|mon|tues|"
        r"wednes|thurs|fri|satur|sun)(?:day)?\b",
        r"\b(?:spring|summer|autumn|winter|century|day|week|first|second|third|\w+th)\b",
    ),
    "person": _any(
        r"\b(?:man|men|woman|women|boys?|girls?|sons?|daughters?|mother|father|wife|husband|sisters?|brothers?|"
        r"uncle|aunt|grand\w+|niece|nephew|cousin|friends?|neighbou?rs?|people|nobody|somebody|someone|king|queen|"
        r"emperor|team|i|me|we|our|he|she|they|\w{3,}(?:er|or|ist|ian)s?)\b"
    ),
    "place": _any(
        r"\b(?:in|at|on|near|from|to|into|under|behind|beside|outside|inside|off) "
        r"(?:(?:the|an?|his|her|their|our|my) )?[\w'-]+"
    ),
    "reason": _any(
        r"\b(?:because|since|so that|so they|reasons?|why|as it|in order|due to|meant|in case|otherwise|or else|"
        r"for fear)\b"
    ),
}
