"""How many: the number in a text that counts what a question asks about.

A question for how often something is mentioned is none of this; its occurrences are counted by `composition`.
"""

import re

from rewatch.agent import wording
from rewatch.tools.words import NUMBER_WORDS, Word, content_words, stems

_WORDS = "|".join([*NUMBER_WORDS, "hundred", "thousand", "million"])
_NUMBER = re.compile(rf"\d[\d,.]*(?<![,.])|\b(?:{_WORDS})(?:[ -](?:and )?(?:{_WORDS}))*\b", re.IGNORECASE)


def counted(question: str, text: str) -> str:
    """Find the number that stands nearest to the word for what is counted.

    Args:
        question: "How many bicycles were pulled out?"
        text: A passage. In prose the number comes before the word, in a table on the line below it.

    Returns:
        The number as it is written in the text; "" when the word or a number is missing.
    """
    asked = wording.COUNTED.search(question)
    wanted = stems(asked["what"]) if asked else frozenset()
    places = [word for word in content_words(text) if word.stem in wanted and not word.is_number]
    numbers = list(_NUMBER.finditer(text))
    if not places or not numbers:
        return ""
    return min((_distance(text, word, number), number[0]) for word in places for number in numbers)[1]


def _distance(text: str, word: Word, number: re.Match[str]) -> tuple[int, bool, bool]:
    """How far a number is from a word: on another line is further, and there the line below is nearer."""
    follows = number.start() >= word.end
    gap = text[word.end : number.start()] if follows else text[number.end() : word.start]
    below = "\n" in gap
    return len(gap), below, follows is not below
