"""How likely a passage really answers a question: the line between "found" and "not found".

Alikeness alone cannot tell: a near miss speaks of the same things. What tells them apart is what the question
asks for and the passage lacks: a word with no counterpart, a name or a number that the video never holds, no
number where one is asked for. A logistic regression weighs these; `python -m rewatch.evals.answerability` fits
it on questions with known answers and near misses and prints its error on transcripts left out.
"""

import math
import re
from dataclasses import dataclass

import numpy as np

from rewatch.agent.question import Question
from rewatch.tools.passages import Passages
from rewatch.tools.relevance import Query, Relevance, rarity
from rewatch.tools.words import content_words, numbers

FEATURES = (
    "score",
    "worst_word",
    "unmatched_likeness",
    "num_absent",
    "num_elsewhere",
    "absent_share",
    "missing_names",
    "absent_numbers",
    "lacks_expected",
    "asks_number",
    "asks_when",
    "num_words",
)
"""Names of the features, in the order of the weights."""

DURATION = re.compile(
    r"\b(?:seconds?|minutes?|hours?|days?|nights?|weeks?|weekend|months?|years?|decades?|centur(?:y|ies)|overnight)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Weights:
    """A fitted logistic regression."""

    bias: float
    weights: tuple[float, ...]
    """One for each of FEATURES."""


FITTED = Weights(
    -7.724, (3.596, 1.337, 3.050, 2.793, 3.001, 1.699, -1.352, -0.479, -1.942, -0.558, 0.246, 0.992)
)
"""Printed by `python -m rewatch.evals.answerability`."""


def probability(question: Question, query: Query, passages: Passages, relevance: Relevance) -> float:
    """Estimate how likely a passage, with what stands around it, answers a question.

    Args:
        question: The grounded question.
        query: What was searched for.
        passages: The video's passages.
        relevance: The comparison of the query with the passage.

    Returns:
        A probability, 0 to 1.
    """
    values = features(question, query, passages, relevance)
    logit = FITTED.bias + sum(w * v for w, v in zip(FITTED.weights, values, strict=True))
    return 1 / (1 + math.exp(-logit))


def features(question: Question, query: Query, passages: Passages, relevance: Relevance) -> tuple[float, ...]:
    """What the estimate rests on, one number for each of FEATURES, each about 0 to 1."""
    weights = rarity(passages, query.words)
    absent = np.array([passages.holding(word.stem) == 0 for word in query.words], bool)
    found = np.array(relevance.words_found, bool)
    names = np.array([word.is_name for word in query.words], bool)
    digits = np.array([word.is_number for word in query.words], bool)
    around = " ".join(passages.sentences[other].text for other in passages.neighbours(relevance.position))
    matches = np.array(relevance.word_matches)
    return (
        relevance.score,
        min(relevance.word_matches, default=0.0),
        float(matches[~found].mean()) if (~found).any() else 1.0,
        float(absent.sum()) / 10,
        float((~absent & ~found).sum()) / 10,
        float(weights @ absent) if len(weights) else 0.0,
        float((names & ~found).sum()),
        float((digits & absent).sum()),
        float(_lacks(question, around)),
        float(question.expected in ("number", "duration", "date")),
        float(question.type == "when"),
        len(query.words) / 10,
    )


def _lacks(question: Question, text: str) -> bool:
    """Whether the passage cannot answer because the kind of thing that is asked for is not in it."""
    if question.expected == "duration":
        return not DURATION.search(text)
    if question.expected in ("number", "date"):
        return not numbers(text)
    if question.expected == "person":
        return not any(word.is_name for word in content_words(text))
    return False
