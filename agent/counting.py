"""How many: the number in a text that counts what a question asks about.

A question for how often something is mentioned is none of this; its occurrences are counted by `composition`.
"""

from collections.abc import Sequence, Set

import numpy as np

from rewatch.agent import wording
from rewatch.memory.ingest.encoder import SentenceEncoder
from rewatch.memory.ingest.screens import BETWEEN_CELLS
from rewatch.tools.numbers import Number, stated
from rewatch.tools.words import Word, content_words, stems

_PHRASE = 2
"""Content words after a number that may name what it counts."""


def counted(encoder: SentenceEncoder, question: str, text: str) -> Number | None:
    """Find the number that counts what is asked for.

    In a table it stands in the row and the column that the question names. Else it stands nearest to the word for
    that; where another word is used ("six cannon" for "heavy guns"), the words after it mean the most alike.

    Args:
        encoder: Compares meanings.
        question: "How many bicycles were pulled out?"
        text: A passage. In prose the number comes before the word, in a table beside it or on the line below it.

    Returns:
        The number, or None without one.
    """
    asked, numbers = wording.COUNTED.search(question), stated(text)
    numbers = tuple(number for number in numbers if number.value != 1) or numbers  # "one" seldom counts
    if asked is None or not numbers:
        return None
    wanted = stems(asked["what"])
    if cell := _cell(text, numbers, wanted, stems(question) - wanted):
        return cell
    places = [word for word in content_words(text) if word.stem in wanted and not word.is_number]
    if places:
        pairs = ((word, number) for word in places for number in numbers)
        return min(pairs, key=lambda pair: _distance(text, *pair))[1]
    phrases = [_phrase(text, number) for number in numbers]
    alike = encoder.encode_texts(phrases) @ encoder.encode_texts([asked["what"]])[0]
    return numbers[int(np.argmax(alike))]


def _cell(text: str, numbers: Sequence[Number], wanted: Set[str], named: Set[str]) -> Number | None:
    """The number in the one row of a table that the question names, below the head of what is wanted."""
    start, rows = 0, list[tuple[int, list[str]]]()
    for line in text.splitlines(keepends=True):
        if BETWEEN_CELLS in line:
            rows.append((start, line.split(BETWEEN_CELLS)))
        start += len(line)
    heads = rows[0][1] if rows else []
    columns = [column for column, head in enumerate(heads) if wanted & stems(head)]
    meant = [row for row in rows[1:] if len(row[1]) == len(heads) and named & stems(row[1][0])]
    if len(columns) != 1 or len(meant) != 1:
        return None
    start, cells = meant[0]
    begin = start + sum(len(cell) + len(BETWEEN_CELLS) for cell in cells[: columns[0]])
    end = begin + len(cells[columns[0]])
    return next((number for number in numbers if begin <= number.start < end), None)


def _phrase(text: str, number: Number) -> str:
    """A number with what follows it in the same sentence."""
    rest = text[number.end :].split("\n", maxsplit=1)[0]
    after = content_words(rest)[:_PHRASE]
    return text[number.start : number.end + after[-1].end] if after else text[number.start : number.end]


def _distance(text: str, word: Word, number: Number) -> tuple[int, bool, int, bool]:
    """How far a number is from a word: on another line is further, and there the line below is nearer."""
    follows = number.start >= word.end
    gap = text[word.end : number.start] if follows else text[number.end : word.start]
    lines = gap.count("\n")
    return lines, lines > 0 and not follows, len(gap), follows
