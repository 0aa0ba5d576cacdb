"""The numbers that a text states, in digits or in words: "twenty-three", "a hundred and thirty", "nineteen eighty one".

Owns the reading of number words in English, years as they are spoken included.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

NUMBER_WORDS = {
    word: value
    for value, word in enumerate(
        """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
        seventeen eighteen nineteen twenty""".split()
    )
} | {"thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
_SCALES = {"dozen": 12, "hundred": 100, "thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}
_TOKEN = re.compile(r"\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|[^\W\d_]+")
_BETWEEN = re.compile(r"[\s-]?")
_AND = re.compile(r"\s+and\s+")


@dataclass(frozen=True, slots=True)
class Number:
    """One number and where it stands."""

    value: float
    start: int
    """Offset of its first character in the text."""
    end: int
    """Offset behind its last character."""


@dataclass(slots=True)
class _Reading:
    """A number of which the words up to `end` were read."""

    start: int
    end: int
    total: float = 0.0
    """What its thousands and millions come to."""
    rest: float = 0.0
    last: float = 0.0
    """The word read last, as a number."""
    scaled: bool = False
    """Whether that word was "hundred" or more."""

    @property
    def value(self) -> float:
        return self.total + self.rest


def stated(text: str) -> tuple[Number, ...]:
    """Every number of a text, in order."""
    return tuple(Number(reading.value, reading.start, reading.end) for reading in _readings(text))


def numbers(text: str) -> tuple[float, ...]:
    """The values of the numbers that a text states ("twenty-three" is 23, "two hundred" is 200)."""
    return tuple(number.value for number in stated(text))


def _readings(text: str) -> Iterator[_Reading]:
    reading: _Reading | None = None
    for match in _TOKEN.finditer(text):
        token = match[0].casefold()
        if token == "and":
            continue
        value = _value(token)
        if reading is not None:
            if value is not None and _goes_on(reading, text[reading.end : match.start()], token, value):
                _add(reading, token, value, match.end())
                continue
            yield reading
            reading = None
        if value is not None:
            reading = _Reading(match.start(), match.start())
            _add(reading, token, value, match.end())
    if reading is not None:
        yield reading


def _value(token: str) -> float | None:
    if token[0].isdecimal():
        return float(token.replace(",", ""))
    return float(found) if (found := NUMBER_WORDS.get(token, _SCALES.get(token))) is not None else None


def _goes_on(reading: _Reading, between: str, token: str, value: float) -> bool:
    """Whether a number word belongs to the number before it."""
    joined = _BETWEEN.fullmatch(between) is not None
    if token in _SCALES:
        return joined and (not reading.scaled or value > reading.last)
    if token[0].isdecimal():
        return False
    if reading.scaled:
        return (
            (joined or _AND.fullmatch(between) is not None) and value < reading.last and reading.last >= 100
        )
    is_units = reading.last >= 20 and reading.last % 10 == 0 and 0 < value < 10
    is_year = 11 <= reading.rest <= 20 and value >= 10
    return joined and (is_units or is_year)


def _add(reading: _Reading, token: str, value: float, end: int) -> None:
    if token not in _SCALES:
        year = not reading.scaled and 11 <= reading.rest <= 20 and value >= 10
        reading.rest = reading.rest * 100 + value if year else reading.rest + value
    elif value >= 1_000:
        reading.total, reading.rest = reading.total + (reading.rest or 1.0) * value, 0.0
    else:
        reading.rest = (reading.rest or 1.0) * value
    reading.last, reading.scaled, reading.end = value, token in _SCALES, end
