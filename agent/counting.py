"""How many: the number in a text that counts what a question asks about.

A question for how often something is mentioned is none of this; its occurrences are counted by `composition`.
"""

import numpy as np

from rewatch.agent import wording
from rewatch.memory.ingest.encoder import SentenceEncoder
from rewatch.tools.numbers import Number, stated
from rewatch.tools.words import Word, content_words, stems

_PHRASE = 2
"""Content words after a number that may name what it counts."""


def counted(encoder: SentenceEncoder, question: str, text: str) -> Number | None:
    """Find the number that counts what is asked for.

    It stands nearest to the word for that; where another word is used ("six cannon" for "heavy guns"), the words
    after it mean the most alike.

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
    places = [word for word in content_words(text) if word.stem in wanted and not word.is_number]
    if places:
        pairs = ((word, number) for word in places for number in numbers)
        return min(pairs, key=lambda pair: _distance(text, *pair))[1]
    phrases = [_phrase(text, number) for number in numbers]
    alike = encoder.encode_texts(phrases) @ encoder.encode_texts([asked["what"]])[0]
    return numbers[int(np.argmax(alike))]


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
