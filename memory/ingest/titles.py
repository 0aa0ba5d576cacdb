"""Chapter titles in the video's own words.

Owns the choice: the heading that opens the chapter, else the slide that is most central to it, else the words
that the speech uses here and not elsewhere.
"""

import re
from collections import Counter
from collections.abc import Sequence
from math import log

import numpy as np

from rewatch.memory.ingest.topics import Unit
from rewatch.memory.types import Sentence

_TITLE_CHARACTERS = 80
_PHRASES = 2
_WORD = re.compile(r"[^\W\d_][\w'’-]*")
_COMMON_WORDS = """
a about above actually after again against all almost also although always am an and another any
anyone anything are aren't around as ask at away back be because been before being below better
between both but by call called came can can't cannot come comes could couldn't course day did
didn't different do does doesn't doing don't done down during each either else end enough even ever
every everybody everyone everything exactly example far few find first for from further gave get
gets getting give given go goes going gone good got great had has hasn't have haven't having he he's
her here here's hers him his how however i i'd i'll i'm i've if in indeed instead into is isn't it
it's its itself just keep kind knew know known last later least left less let let's like likely
little long look looked looking looks lot made make makes making many may maybe me mean means might
mine more most much must my myself need needs never new next no nobody none nor not nothing now
number of off often okay old on once one ones only or other others our ours out over own part people
perhaps point pretty put quite rather real really right said same saw say saying says second see
seem seems seen several shall she should show shown simply since small so some somebody someone
something sometimes still such sure take taken takes talk tell than thank thanks that that's the
their theirs them themselves then there there's these they they're they've thing things think third
this those though thought three through time to today together told too took toward tried true try
turn two under until up upon us use used uses using usually very want wanted wants was wasn't way
ways we we'd we'll we're we've well went were weren't what what's whatever when where which while
who whole whose why will with within without won't word words work would wouldn't year years yes yet
you you'd you'll you're you've your yours
"""
_COMMON = frozenset(_COMMON_WORDS.split())


def chapter_titles(chapters: Sequence[Sequence[Unit]], spoken: Sequence[Sentence]) -> list[str]:
    """Name chapters.

    Args:
        chapters: The units of each chapter.
        spoken: Spoken sentences by start time, which the units number.

    Returns:
        A title each; "" for a chapter in which nothing is written or said.
    """
    texts = [[spoken[number].text for unit in chapter for number in unit.sentences] for chapter in chapters]
    phrases = _phrases([" ".join(sentences) for sentences in texts])
    return [
        _shortened(_slide_title(chapter) or fallback)
        for chapter, fallback in zip(chapters, phrases, strict=True)
    ]


def _slide_title(chapter: Sequence[Unit]) -> str:
    first = chapter[0].slide
    if first is not None and first.heading:
        return first.title
    titled = [unit for unit in chapter if unit.slide is not None and unit.slide.title]
    if not titled:
        return ""
    middle = np.sum([unit.vector * np.sqrt(unit.span.duration_seconds) for unit in chapter], axis=0)
    central = max(titled, key=lambda unit: float(unit.vector @ middle))
    return central.slide.title if central.slide else ""


def _phrases(texts: Sequence[str]) -> list[str]:
    """The words or pairs of words that tell each text from the others best (tf-idf), as they are written."""
    counts = [_candidates(text) for text in texts]
    spread = Counter(key for count in counts for key in count)
    found = []
    for count in counts:
        weighed = {
            key: len(forms) * (1.7 if " " in key else 1.0) * log((1 + len(texts)) / (0.5 + spread[key]))
            for key, forms in count.items()
        }
        chosen: list[str] = []
        for key in sorted(weighed, key=lambda key: (-weighed[key], key)):
            if len(chosen) == _PHRASES:
                break
            if not any(set(key.split()) & set(other.split()) for other in chosen):
                chosen.append(key)
        found.append(", ".join(Counter(count[key]).most_common(1)[0][0] for key in chosen))
    return found


def _candidates(text: str) -> dict[str, list[str]]:
    """Words and pairs of neighbours without common ones, folded, each with the forms it was written in."""
    forms: dict[str, list[str]] = {}
    for piece in re.split(r"[.,;:!?()\[\]\"“”]+", text):
        previous = ""
        for word in _WORD.findall(piece):
            if word.casefold() in _COMMON or len(word) < 3:
                previous = ""
                continue
            forms.setdefault(word.casefold(), []).append(word)
            if previous:
                forms.setdefault(f"{previous} {word}".casefold(), []).append(f"{previous} {word}")
            previous = word
    return forms


def _shortened(title: str) -> str:
    title = " ".join(title.split())
    if len(title) <= _TITLE_CHARACTERS:
        return title
    return title[: _TITLE_CHARACTERS - 1].rsplit(" ", 1)[0] + "…"
