"""How likely a passage really answers a question: the line between "found" and "not found".

Alikeness alone cannot tell: a near miss speaks of the same things. What tells them apart is what the question
asks for and the passage lacks: a word with no counterpart, a name or a number that the video never holds, no
number where one is asked for. A logistic regression weighs these; `python -m rewatch.evals.answerability` fits
it on questions with known answers and near misses and prints its error on transcripts left out.
"""

import math
from dataclasses import dataclass

import numpy as np

from rewatch.agent.question import Question
from rewatch.tools.kinds import Kind, lacking
from rewatch.tools.passages import Passages
from rewatch.tools.relevance import MEASURES, Query, Relevance, rarity

LACKS: tuple[tuple[Kind, ...], ...] = (
    ("number", "date"),
    ("money",),
    ("duration", "length"),
    ("person", "name"),
    ("place",),
    ("reason",),
)
"""Kinds of things that are asked for, those alike together; one feature each says that none is there."""
FEATURES = (
    *MEASURES,
    "num_absent",
    "num_elsewhere",
    "absent_share",
    "missing_names",
    *(f"lacks_{kinds[0]}" for kinds in LACKS),
    "asks_amount",
    "asks_when",
    "num_words",
)
"""Names of the features, in the order of the weights: those of relevance, then what the words tell."""


@dataclass(frozen=True, slots=True)
class Weights:
    """A fitted logistic regression."""

    bias: float
    weights: tuple[float, ...]
    """One for each of FEATURES."""


ANSWERS = Weights(
    0.106,
    (
        5.924,
        0.425,
        1.013,
        -1.692,
        2.602,
        -0.555,
        0.389,
        0.055,
        -0.340,
        0.042,
        4.642,
        0.082,
        -0.773,
        -0.353,
        0.785,
        0.205,
        0.211,
        -0.422,
        -1.717,
        -0.262,
        -0.209,
        0.808,
        -1.752,
    ),
)
MENTIONS = Weights(
    -1.319,
    (
        0.000,
        0.826,
        0.826,
        2.313,
        1.893,
        -0.078,
        -0.543,
        1.389,
        0.843,
        0.809,
        1.602,
        1.823,
        -1.114,
        -0.848,
        0.508,
        1.674,
        0.000,
        0.493,
        0.000,
        0.000,
        0.957,
        0.192,
        -0.065,
    ),
)
"""For passages that answer a question and for those that speak of a thing; printed by
`python -m rewatch.evals.answerability`."""


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
    fitted = MENTIONS if query.mention else ANSWERS
    logit = fitted.bias + sum(w * v for w, v in zip(fitted.weights, values, strict=True))
    return 1 / (1 + math.exp(-logit))


def features(question: Question, query: Query, passages: Passages, relevance: Relevance) -> tuple[float, ...]:
    """What the estimate rests on, one number for each of FEATURES, each about 0 to 1."""
    weights = rarity(passages, query.words)
    absent = np.array([passages.holding(word.stem) == 0 for word in query.words], bool)
    found = np.array(relevance.words_found, bool)
    names = np.array([word.is_name for word in query.words], bool)
    text = passages.sentences[relevance.position].text
    around = [passages.sentences[other].text for other in passages.neighbours(relevance.position)]
    lacks = [*lacking(query.kinds, query.text, [text]), *lacking(query.kinds, query.text, [text, *around])]
    return (
        *relevance.measures,
        float(absent.sum()) / 10,
        float((~absent & ~found).sum()) / 10,
        float(weights @ absent) if len(weights) else 0.0,
        float((names & ~found).sum()),
        *(sum(kind in kinds for kind in lacks) / 2 for kinds in LACKS),
        float(not {"number", "money", "duration", "date"}.isdisjoint(query.kinds)),
        float(question.type == "when"),
        len(query.words) / 10,
    )
