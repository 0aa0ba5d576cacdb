"""How well passages answer a query: what the reader makes of them, what they mean, and what is said around them.

Owns the comparison of a query with passages. Which passages are worth comparing is decided by `search`, whether
the best of them really answers is decided by the agent's verification.

Some measures are added up, with weights fitted by logistic regression on questions with known answers
(`evals/answerability`, where the command and the corpus are):

- `read`: what the reader makes of the question and the passage (`reader`), a tenth of the logit, for the best ones
  the mean of two readings, alone and behind what was said before; where a passage is to speak of a thing, rather
  than to answer a question, it is not asked, and the weights are others;
- `sentence`: cosine of the question and the passage;
- `subject`: cosine of the passage and the part of the question that names what is looked for;
- `around`: cosine of the question and the mean of the passage with what is said before and after it;
- `wide`: the same with two sentences on either side;
- `repeated`: share of the query's words, weighted by rarity, that stand in the passage itself;
- `news`: how many words it has that the query has not: an echo of the question answers nothing;
- `after`: cosine of the question and what is said next, which tells an announcement from an answer;
- `shown`: whether it stands on the screen;
- `lacks`: whether the kinds of things that are asked for are missing from it, and from what is said around it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rewatch.tools.kinds import Kind, lacking
from rewatch.tools.passages import Passages
from rewatch.tools.question_encoder import load_question_encoder
from rewatch.tools.reader import load_reader
from rewatch.tools.words import Word, content_words, stems

Floats = NDArray[np.float32]

MEASURES = ("read", "sentence", "subject", "around", "wide", "repeated", "news", "after", "shown", "lacks")
ANSWERING = np.array([0.9, 0.28, 0.34, 0.43, 0.31, 0.01, 0.06, -0.11, -0.15, -0.06], np.float32)
MENTIONING = np.array([0.0, 0.71, 0.71, 0.65, 0.23, 0.34, 0.12, 0.09, -0.1, -0.3], np.float32)
"""Weights of MEASURES, for passages that answer a question and for those that speak of a thing."""
PROMISE = np.array([13.9, 2.7, 5.1, 0.4, 2.4, 1.8, -0.1, 1.8], np.float32)
"""Weights of what `promise` looks at (`evals/answerability/promise`), so that the answering passage comes early: among
the first 12 for 0.91 of 1,867 questions on transcripts left out, among the first 24 for 0.96."""
_READ_AGAIN = 6
"""So many of the best passages are read a second time."""
_LONG = 20
"""Words from which a passage is long."""
_NEWS = 12
"""More new words than these say no more of a passage."""


@dataclass(frozen=True, slots=True)
class Query:
    """A query, embedded."""

    text: str
    """The whole question or query."""
    vector: Floats
    """float32 `[D]` of the whole text."""
    core: Floats
    """float32 `[D]` of the part that names what is looked for."""
    words: tuple[Word, ...]
    """Its content words, those of the question's frame left out."""
    kinds: tuple[Kind, ...] = ()
    """The kinds of things that an answer must hold."""
    mention: bool = False
    """Whether passages are sought that speak of it, rather than such that answer it."""


@dataclass(frozen=True, slots=True)
class Relevance:
    """How well one passage answers a query."""

    position: int
    """Of the passage, in `Passages.sentences`."""
    score: float
    """The weighted sum of the measures; comparable within one query."""
    measures: tuple[float, ...]
    """One for each of MEASURES."""
    words_found: tuple[bool, ...]
    """Whether each word of the query stands, by its stem, in the passage, around it, or in its setting."""


@lru_cache(maxsize=256)
def embed_query(
    text: str,
    core: str = "",
    kinds: tuple[Kind, ...] = (),
    *,
    mention: bool = False,
) -> Query:
    """Embed a query.

    Args:
        text: The whole question or query.
        core: The part of it that names what is looked for; "" for all of it.
        kinds: The kinds of things that an answer must hold.
        mention: Seek passages that speak of it, rather than such that answer it.
    """
    words = content_words(core) or content_words(text)
    asked = core if mention and core else text
    whole, subject = load_question_encoder().encode_texts([asked, core or text])
    return Query(text, whole, subject, words, kinds, mention)


def rarity(passages: Passages, words: Sequence[Word]) -> Floats:
    """Weight of each word by how few of the video's passages hold it; float32 `[len(words)]`, sum 1."""
    total = len(passages.sentences)
    weights = [math.log((total + 1) / (passages.holding(word.stem) + 0.5)) for word in words]
    raw = np.maximum(np.array(weights, np.float32), 0.1)
    return np.asarray(raw / raw.sum(), np.float32) if len(words) else raw


def promise(query: Query, passages: Passages, positions: Sequence[int]) -> Floats:
    """How promising passages look before they are read.

    Returns:
        float32 `[len(positions)]`, comparable within one query.
    """
    return np.asarray(promises(query, passages, positions) @ PROMISE, np.float32)


def promises(query: Query, passages: Passages, positions: Sequence[int]) -> Floats:
    """What `promise` adds up, float32 `[len(positions), len(PROMISE)]`."""
    if not positions:
        return np.zeros((0, len(PROMISE)), np.float32)
    own = passages.vectors[list(positions)]
    near, wide = (np.stack([passages.around(p, reach) for p in positions]) for reach in (1, 2))
    weights = rarity(passages, query.words)
    around = [_stems_around(passages, position) for position in positions]
    held = [sum(w for w, word in zip(weights, query.words, strict=True) if word.stem in a) for a in around]
    shown = [passages.sentences[position].kind == "screen" for position in positions]
    long = [min(len(passages.sentences[position].text.split()) / _LONG, 1.0) for position in positions]
    whole = [
        own @ query.vector,
        own @ query.core,
        near @ query.vector,
        near @ query.core,
        wide @ query.vector,
    ]
    return np.array([*whole, held, shown, long], np.float32).T


def compare(query: Query, passages: Passages, positions: Sequence[int]) -> list[Relevance]:
    """Compare a query with some passages of a video.

    Args:
        query: The embedded query.
        passages: The video's passages.
        positions: Which of them to compare.

    Returns:
        One value a position, best first.

    Raises:
        ToolError: The reader's weights are not installed.
    """
    read = np.zeros(len(positions), np.float32)
    if not query.mention:
        read = load_reader().score(query.text, [passages.to_read(position) for position in positions])
    weights = rarity(passages, query.words)
    found = [
        _relevance(query, passages, position, logit, weights)
        for position, logit in zip(positions, read.tolist(), strict=True)
    ]
    found.sort(key=lambda item: -item.score)
    if not query.mention:
        found = [*_read_again(query, passages, found[:_READ_AGAIN]), *found[_READ_AGAIN:]]
    return sorted(found, key=lambda item: -item.score)


def _read_again(query: Query, passages: Passages, found: Sequence[Relevance]) -> list[Relevance]:
    """Passages read once more behind what was said before; both readings count the same.

    Alone, nothing beside a passage is taken for what it says; behind its context, it is known of whom it speaks.
    """
    logits = load_reader().score(query.text, [passages.behind_context(item.position) for item in found])
    again = []
    for item, logit in zip(found, logits.tolist(), strict=True):
        change = (logit / 10 - item.measures[0]) / 2
        measures = (item.measures[0] + change, *item.measures[1:])
        again.append(replace(item, score=item.score + float(ANSWERING[0]) * change, measures=measures))
    return again


def _stems_around(passages: Passages, position: int) -> frozenset[str]:
    neighbours = passages.neighbours(position)
    return frozenset().union(*(stems(passages.sentences[other].text) for other in neighbours))


def _relevance(query: Query, passages: Passages, position: int, logit: float, weights: Floats) -> Relevance:
    neighbours = passages.neighbours(position)
    setting = {*neighbours, *passages.setting(position)}
    there = frozenset().union(*(stems(passages.sentences[other].text) for other in setting))
    sentence, lines = passages.sentences[position], [passages.sentences[other].text for other in neighbours]
    own_stems, asked = stems(sentence.text), {word.stem for word in query.words}
    following = passages.following(position)
    lacks = len(lacking(query.kinds, query.text, [sentence.text])) + len(
        lacking(query.kinds, query.text, [sentence.text, *lines])
    )
    measures = np.array(
        [
            logit / 10,
            passages.vectors[position] @ query.vector,
            passages.vectors[position] @ query.core,
            passages.around(position) @ query.vector,
            passages.around(position, 2) @ query.vector,
            np.array([word.stem in own_stems for word in query.words], np.float32) @ weights,
            min(sum(word.stem not in asked for word in content_words(sentence.text)), _NEWS) / 10,
            0.0 if following is None else passages.vectors[following] @ query.vector,
            sentence.kind == "screen",
            lacks / 2,
        ]
    )
    return Relevance(
        position,
        float(measures @ (MENTIONING if query.mention else ANSWERING)),
        tuple(float(value) for value in measures),
        tuple(word.stem in there for word in query.words),
    )
