"""The words of a question or a passage that carry meaning: stems and names.

Owns what counts as a content word and when two words are the same word. Comparing whole passages is
`relevance`'s work.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock

import snowballstemmer

from rewatch.tools.numbers import NUMBER_WORDS

NAMED = 0.9
"""Share of the words looked for that a text must hold to count as a mention."""
_STEMMER = snowballstemmer.stemmer("english")
_STEMMER_LOCK = Lock()
"""A stemmer keeps the word it works on in itself, and searches run side by side."""
_WORD = re.compile(r"[^\W_]+(?:['’.\-/][^\W_]+)*", re.UNICODE)

FUNCTION_WORDS = frozenset(
    """a about above across after again against all almost along already also although always am among an and
    another any anybody anyone anything are aren't around as at away back be became because become been before
    behind being below between both but by can can't cannot could couldn't did didn't do does doesn't doing don't
    done down during each either else enough even ever every everyone everything for from further get gets
    getting go goes going gone got had hadn't has hasn't have haven't having he her here hers herself him himself
    his how however i if in instead into is isn't it it's its itself just let let's like made make makes making
    many may maybe me might more most much must my myself near neither never no nobody none nor not nothing now
    of off often on once one ones only onto or other others our ours ourselves out over own perhaps quite rather
    really same say says she should shouldn't since so some somebody someone something sometimes somewhere soon
    still such than that that's the their theirs them themselves then there these they thing things this those
    though through thus to together too toward towards under until up upon us very was wasn't we well were
    weren't what whatever when where whether which while who whoever whole whom whose why will with within
    without won't would wouldn't yes yet you your yours yourself yourselves s t re ve ll d m""".split()
)
"""Closed-class English words, and verbs so general that they say nothing of the subject."""

_ORDINALS = dict(
    zip("first second third fourth fifth sixth seventh eighth ninth tenth".split(), range(1, 11), strict=True)
)


@dataclass(frozen=True, slots=True)
class Word:
    """One content word as it stands in a text."""

    text: str
    stem: str
    start: int
    """Offset of its first character in the text."""
    end: int
    """Offset behind its last character."""
    is_name: bool = False
    """Capitalised inside a sentence, or with capitals beyond the first letter."""
    is_number: bool = False
    """Written in digits, or a number word."""


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """The Porter2 stem of a word, case folded; numbers and words of other scripts stand for themselves."""
    folded = word.casefold().replace("’", "'").removesuffix("'s")
    if folded in NUMBER_WORDS:
        return str(NUMBER_WORDS[folded])
    with _STEMMER_LOCK:
        return str(_STEMMER.stemWord(folded))


@lru_cache(maxsize=8192)
def content_words(text: str) -> tuple[Word, ...]:
    """The content words of a text, in order; "one" counts as a function word."""
    words = []
    for match in _WORD.finditer(text):
        token = match[0]
        folded = token.casefold().replace("’", "'")
        is_number = token[0].isdigit() or folded in NUMBER_WORDS
        if folded in FUNCTION_WORDS:
            continue
        if len(folded) == 1 and not is_number and not token.isupper():
            continue
        words.append(Word(token, stem(token), match.start(), match.end(), _is_name(text, match), is_number))
    return tuple(words)


@lru_cache(maxsize=65536)
def stems(text: str) -> frozenset[str]:
    """Every stem of a text, function words included, compound words whole and in parts."""
    found = set()
    for match in _WORD.finditer(text):
        found.add(stem(match[0]))
        found.update(stem(part) for part in re.split(r"[\-/.]", match[0]) if part)
    return frozenset(found)


def holds(text: str, query: str) -> bool:
    """Whether a text holds (nearly) all content words of a query."""
    wanted, there = content_words(query), stems(text)
    return sum(word.stem in there for word in wanted) >= NAMED * len(wanted)


def ordinal(word: str) -> int | None:
    """The rank that an ordinal names ("second" and "2nd" are 2), or None."""
    folded = word.casefold()
    if folded in _ORDINALS:
        return _ORDINALS[folded]
    match = re.fullmatch(r"(\d+)(?:st|nd|rd|th)", folded)
    return int(match[1]) if match else None


def _is_name(text: str, match: re.Match[str]) -> bool:
    token = match[0]
    if any(letter.isupper() for letter in token[1:]):
        return True
    before = text[: match.start()].rstrip(" \"'“‘([")
    return token[0].isupper() and bool(before) and before[-1] not in ".!?:\n"
