"""How well passages answer a query: what the words say, what they mean, and what is said around them.

Owns the comparison of a query with passages. Which passages are worth comparing is decided by `search`, whether
the best of them really answers is decided by the agent's verification. No model beyond the sentence encoder.

Some measures are added up, with weights fitted by logistic regression on questions with known answers
(`evals/answerability`, where the command and the corpus are):

- `read`: what the reader makes of the question and the passage in its context (`reader`), a tenth of the logit;
- `sentence`: cosine of the question and the passage;
- `around`: cosine of the question and the mean of the passage with what is said before and after it;
- `words`: each content word of the query against its most alike word in the passage, both embedded in their
  context (late interaction, ColBERT, Khattab and Zaharia 2020, arXiv:2004.12832), weighted by rarity;
- `words_around`: the same, with the neighbours' words allowed too;
- `repeated`: share of the query's words, weighted by rarity, that stand in the passage itself;
- `news`: how many words it has that the query has not: an echo of the question answers nothing;
- `after`: cosine of the question and what is said next, which tells an announcement from an answer;
- `shown`: whether it stands on the screen;
- `lacks`: whether the kinds of things that are asked for are missing from it, and from what is said around it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rewatch.memory.ingest.encoder import SentenceEncoder, TokenVectors
from rewatch.tools.kinds import Kind, lacking
from rewatch.tools.passages import Passages
from rewatch.tools.reader import load_reader
from rewatch.tools.words import Word, content_words, stems

Floats = NDArray[np.float32]

MEASURES = (
    "read",
    "sentence",
    "around",
    "words",
    "words_around",
    "repeated",
    "news",
    "after",
    "shown",
    "lacks",
)
WEIGHTS = np.array([1.0, 0.67, 0.59, 0.64, 0.92, -0.24, 0.11, -0.08, -0.18, -0.24], np.float32)
"""Of MEASURES."""
_NEWS = 12
"""More new words than these say no more of a passage."""
_KNOWN = 0.7
"""Likeness of a word that was said or shown a little earlier, where "he" or "it" may stand for it now."""


@dataclass(frozen=True, slots=True)
class Query:
    """A query, embedded."""

    text: str
    """The whole question or query."""
    vector: Floats
    """float32 `[D]` of the whole text."""
    words: tuple[Word, ...]
    """Its content words, those of the question's frame left out."""
    word_vectors: Floats
    """float32 `[len(words), D]`, unit length."""
    kinds: tuple[Kind, ...] = ()
    """The kinds of things that an answer must hold."""


@dataclass(frozen=True, slots=True)
class Relevance:
    """How well one passage answers a query."""

    position: int
    """Of the passage, in `Passages.sentences`."""
    score: float
    """The weighted sum of the measures; comparable within one query."""
    measures: tuple[float, ...]
    """One for each of MEASURES."""
    word_matches: tuple[float, ...]
    """Likeness of each word of the query with its best match in the passage or around it, -1 to 1."""
    words_found: tuple[bool, ...]
    """Whether each word of the query stands, by its stem, in the passage, around it, or in its setting."""


@lru_cache(maxsize=256)
def embed_query(encoder: SentenceEncoder, text: str, core: str = "", kinds: tuple[Kind, ...] = ()) -> Query:
    """Embed a query.

    Args:
        encoder: The sentence encoder.
        text: The whole question or query.
        core: The part of it that names what is looked for; "" for all of it.
        kinds: The kinds of things that an answer must hold.
    """
    core = core if content_words(core) else text
    words = content_words(core)
    tokens = encoder.encode_tokens(core)
    vectors = np.zeros((len(words), encoder.dimensions), np.float32)
    for row, word in enumerate(words):
        inside = [k for k, (a, b) in enumerate(tokens.offsets) if a < word.end and b > word.start]
        if inside:
            mean = tokens.vectors[inside].mean(axis=0)
            vectors[row] = mean / max(float(np.linalg.norm(mean)), 1e-9)
    return Query(text, encoder.encode_texts([text])[0], words, vectors, kinds)


def rarity(passages: Passages, words: Sequence[Word]) -> Floats:
    """Weight of each word by how few of the video's passages hold it; float32 `[len(words)]`, sum 1."""
    total = len(passages.sentences)
    weights = [math.log((total + 1) / (passages.holding(word.stem) + 0.5)) for word in words]
    raw = np.maximum(np.array(weights, np.float32), 0.1)
    return np.asarray(raw / raw.sum(), np.float32) if len(words) else raw


def compare(
    encoder: SentenceEncoder, query: Query, passages: Passages, positions: Sequence[int]
) -> list[Relevance]:
    """Compare a query with some passages of a video.

    Args:
        encoder: The sentence encoder.
        query: The embedded query.
        passages: The video's passages.
        positions: Which of them to compare.

    Returns:
        One value a position, best first.
    """
    neighbours = {position: passages.neighbours(position) for position in positions}
    wanted = sorted({other for group in neighbours.values() for other in group})
    matches = _word_matches(encoder, query, passages, wanted)
    weights = rarity(passages, query.words)
    read = load_reader().score(query.text, [passages.in_context(position) for position in positions])
    found = [
        _relevance(query, passages, position, logit, neighbours[position], matches, weights)
        for position, logit in zip(positions, read.tolist(), strict=True)
    ]
    return sorted(found, key=lambda item: -item.score)


def _relevance(
    query: Query,
    passages: Passages,
    position: int,
    logit: float,
    neighbours: Sequence[int],
    matches: dict[int, Floats],
    weights: Floats,
) -> Relevance:
    own = matches[position]
    best = np.max([matches[other] for other in neighbours], axis=0)
    setting = {*neighbours, *passages.setting(position)}
    there = frozenset().union(*(stems(passages.sentences[other].text) for other in setting))
    known = np.array([word.stem in there for word in query.words], bool)
    best = np.where(known, np.maximum(best, _KNOWN), best)
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
            passages.around(position) @ query.vector,
            own @ weights,
            best @ weights,
            np.array([word.stem in own_stems for word in query.words], np.float32) @ weights,
            min(sum(word.stem not in asked for word in content_words(sentence.text)), _NEWS) / 10,
            0.0 if following is None else passages.vectors[following] @ query.vector,
            sentence.kind == "screen",
            lacks / 2,
        ]
    )
    return Relevance(
        position,
        float(measures @ WEIGHTS),
        tuple(float(value) for value in measures),
        tuple(float(value) for value in best),
        tuple(bool(value) for value in known),
    )


def _word_matches(
    encoder: SentenceEncoder, query: Query, passages: Passages, positions: Sequence[int]
) -> dict[int, Floats]:
    """Likeness of each query word with its best match in each passage, float32 `[len(query.words)]`."""
    if not query.words:
        return {position: np.zeros(0, np.float32) for position in positions}
    texts = tuple(passages.sentences[position].text for position in positions)
    found = {}
    for position, tokens in zip(positions, _token_vectors(encoder, texts), strict=True):
        alike = query.word_vectors @ tokens.vectors.T if len(tokens.vectors) else None
        found[position] = np.zeros(len(query.words), np.float32) if alike is None else alike.max(axis=1)
    return found


def _token_vectors(encoder: SentenceEncoder, texts: Sequence[str]) -> list[TokenVectors]:
    """Word vectors of texts; those of the last thousand texts are kept."""
    cache = _recent(encoder)
    new = [text for text in dict.fromkeys(texts) if text not in cache]
    for text, tokens in zip(new, encoder.encode_token_lists(new), strict=True):
        cache[text] = tokens
    found = [cache[text] for text in texts]
    while len(cache) > _KEPT_TEXTS:
        del cache[next(iter(cache))]
    return found


_KEPT_TEXTS = 1024


@lru_cache(maxsize=1)
def _recent(encoder: SentenceEncoder) -> dict[str, TokenVectors]:
    return {}
