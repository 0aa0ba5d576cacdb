"""What readers share: records into samples or faults, options into letters, frames into seconds."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from string import ascii_uppercase

from rewatch.evals.metrics.spans import Pair
from rewatch.evals.tasks.files import FormatError, Row, as_number
from rewatch.evals.tasks.sample import Fault, Sample
from rewatch.memory.errors import TimecodeError, VideoError
from rewatch.memory.timecode import parse_seconds

Found = Iterator[Sample | Fault]

_LETTERED = re.compile(r"\s*\(?([A-Z])[.):]\s*(.*\S)\s*", re.DOTALL)
_OPTION_LINE = re.compile(r"^\s*\(?([A-Z])[.):]\s*(.+?)\s*$", re.MULTILINE)


def each(rows: Iterable[Row], build: Callable[[Row], Iterable[Sample | Fault] | Sample]) -> Found:
    """Build the samples of each record; a record that breaks the format becomes a fault, the others go on."""
    for row in rows:
        found: list[Sample | Fault]
        try:
            made = build(row)
            found = [made] if isinstance(made, Sample) else list(made)
        except (FormatError, VideoError) as error:
            found = [Fault(row.where, str(error))]
        yield from found


def lettered(texts: Sequence[object]) -> dict[str, str]:
    """Options as letters and texts; a letter that a text begins with is taken off.

    Raises:
        FormatError: There are fewer than two, or more than the alphabet has letters.
    """
    if not 2 <= len(texts) <= len(ascii_uppercase):
        raise FormatError(f"{len(texts)} options; a choice has 2 to {len(ascii_uppercase)}")
    options: dict[str, str] = {}
    for letter, text in zip(ascii_uppercase, texts, strict=False):
        match = _LETTERED.fullmatch(str(text))
        options[letter] = match[2] if match and match[1] == letter else str(text).strip()
    return options


def split_options(text: str) -> tuple[str, dict[str, str]]:
    """A question and its options, where the options stand as lettered lines below the question.

    Raises:
        FormatError: There are no such lines.
    """
    lines = list(_OPTION_LINE.finditer(text))
    if len(lines) < 2 or [line[1] for line in lines] != list(ascii_uppercase[: len(lines)]):
        raise FormatError("the question has no lettered options below it")
    return text[: lines[0].start()].strip(), {line[1]: line[2] for line in lines}


def right_letter(row: Row, name: str, options: dict[str, str]) -> str | None:
    """The right letter, where the field holds it, its text or "(B) text"; None where the field is absent.

    Raises:
        FormatError: It is none of the options.
    """
    if not row.has(name):
        return None
    value = row.text(name)
    match = _LETTERED.fullmatch(value)
    bare = value.strip("() .")
    if bare in options:
        return bare
    if match and match[1] in options:
        return match[1]
    letters = [letter for letter, text in options.items() if text == value]
    if len(letters) != 1:
        raise FormatError(f"the field {name!r} holds {value!r}, which is none of the options")
    return letters[0]


def pair(value: object, name: str) -> Pair:
    """A span of seconds.

    Raises:
        FormatError: It is no pair of numbers, or ends before it starts.
    """
    start, end = two_numbers(value, name)
    if not 0 <= start <= end:
        raise FormatError(
            f"{name!r} runs from {start:g} to {end:g} seconds; it must not end before it starts"
        )
    return start, end


def two_numbers(value: object, name: str) -> Pair:
    """A start and an end, in whatever order and unit.

    Raises:
        FormatError: It is no pair of numbers.
    """
    if (
        not isinstance(value, Sequence)
        or isinstance(value, str | bytes)
        or len(value) != len(("start", "end"))
    ):
        raise FormatError(f"{name!r} holds {value!r}, not a start and an end")
    return as_number(value[0], name), as_number(value[1], name)


def above_zero(row: Row, name: str) -> float:
    """A field that holds a number above 0, such as a rate.

    Raises:
        FormatError: It does not.
    """
    value = row.number(name)
    if value <= 0:
        raise FormatError(f"the field {name!r} holds {value:g}; it must be above 0")
    return value


def pairs(values: Iterable[object], name: str) -> tuple[Pair, ...]:
    """Spans of seconds."""
    return tuple(pair(value, name) for value in values)


def clock_span(text: str, name: str) -> Pair:
    """A span written as `00:15-00:19`."""
    start, _, end = text.partition("-")
    try:
        return pair((parse_seconds(start.strip()), parse_seconds((end or start).strip())), name)
    except TimecodeError as error:
        raise FormatError(f"{name!r} holds {text!r}: {error}") from None
