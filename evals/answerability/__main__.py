"""Fit the evidence model on the corpus and print what it reaches on transcripts left out.

Run `python -m rewatch.evals.answerability`. It prints, for questions that have an answer, how often the best
passages hold it; then, for each threshold, how many questions end right (an answer within 5 s of the truth, or
"not found" for a near miss) when the model never saw their transcript; then the weights fitted on all of them.
Near misses are close to what is said; questions on other transcripts stand for what is far from it.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rewatch.agent.evidence_model import FEATURES, features
from rewatch.agent.question import ground
from rewatch.evals.answerability.corpus import Asked, read_corpus
from rewatch.memory.library import Library
from rewatch.memory.types import Limits
from rewatch.tools.context import ToolContext
from rewatch.tools.meter import Meter
from rewatch.tools.search import Hit, find

TOLERANCE_SECONDS = 5.0
CITED = 3
"""How many of the best passages an answer may cite."""
_RIDGE = 3.0
"""Strength of the L2 penalty on the weights of standardised features."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sample:
    """A question with what the search found for it."""

    transcript: str
    answerable: bool
    foreign: bool
    hits: tuple[bool, ...]
    """Whether each of the best passages holds the answer."""
    holding: NDArray[np.bool_]
    """bool `[C]`, for every candidate that was compared whether it holds the answer."""
    measures: Floats
    """float64 `[C, 4]`, the candidates' measures of relevance."""
    features: tuple[float, ...]


def main() -> None:
    """Search, fit, cross-validate, print."""
    with tempfile.TemporaryDirectory() as folder, Library.open(Path(folder)) as library:
        asked = list(read_corpus(library))
        samples = [sample for questions in asked for sample in _samples(library, questions)]
        samples += [
            sample for number in range(len(asked)) for sample in _samples(library, _foreign(asked, number))
        ]
    answerable = [sample for sample in samples if sample.answerable]
    foreign = sum(sample.foreign for sample in samples)
    near = len(samples) - len(answerable) - foreign
    print(f"{len(answerable)} questions with an answer, {near} near misses, {foreign} on other transcripts")
    for depth in (1, 2, 3, 5):
        share = np.mean([any(sample.hits[:depth]) for sample in answerable])
        print(f"answer among the best {depth}: {share:.3f}")
    held_out = _cross_validate(samples)
    print(f"area under the ROC curve, transcripts left out: {_area(samples, held_out):.3f}")
    print("threshold  answered right  near misses rejected  others rejected")
    for threshold in np.arange(0.3, 0.85, 0.05):
        print(_row(samples, held_out, float(threshold)))
    print("WEIGHTS of relevance:", np.round(fit_ranking([s for s in answerable if any(s.holding)]), 2))
    bias, weights = fit(np.array([s.features for s in samples]), np.array([s.answerable for s in samples]))
    print(f"Weights({bias:.3f}, ({', '.join(f'{weight:.3f}' for weight in weights)}))")
    for name, weight in zip(FEATURES, weights, strict=True):
        print(f"{name:>20} {weight:8.3f}")


def fit(values: Floats, labels: NDArray[np.bool_]) -> tuple[float, Floats]:
    """Fit a logistic regression with an L2 penalty, by Newton's method.

    Args:
        values: float64 `[N, F]`.
        labels: bool `[N]`.

    Returns:
        The bias and float64 `[F]` weights for values as they are. The bias takes an answer to be as likely
        as none before anything is seen, whatever their shares among the samples.
    """
    mean, scale = values.mean(axis=0), values.std(axis=0) + 1e-9
    design = np.hstack([np.ones((len(values), 1)), (values - mean) / scale])
    penalty = np.diag([0.0] + [_RIDGE] * values.shape[1])
    weights = np.zeros(design.shape[1])
    for _ in range(30):
        chance = 1 / (1 + np.exp(-design @ weights))
        gradient = design.T @ (labels - chance) - penalty @ weights
        curvature = (design * (chance * (1 - chance))[:, None]).T @ design + penalty
        weights = weights + np.linalg.solve(curvature, gradient)
    plain = weights[1:] / scale
    even = np.log((~labels).sum() / labels.sum())
    return float(weights[0] - plain @ mean + even), plain


def fit_ranking(samples: list[Sample]) -> Floats:
    """Fit the weights by which candidates are ranked: the likelihood that one that holds the answer is drawn.

    Multinomial logistic regression with an L2 penalty, by gradient ascent; the scale is free, so the score
    of a passage that repeats the question word by word comes to about 3.
    """
    weights = np.ones(samples[0].measures.shape[1])
    for _ in range(2000):
        gradient = -0.02 * weights
        for sample in samples:
            scores = 10 * sample.measures @ weights
            chance = np.exp(scores - scores.max())
            right = chance * sample.holding
            gradient += 10 * sample.measures.T @ (right / right.sum() - chance / chance.sum()) / len(samples)
        weights += 0.02 * gradient
    return weights


def _foreign(asked: list[list[Asked]], number: int) -> list[Asked]:
    """Questions on the other transcripts, put to this one, which does not answer them."""
    video = asked[number][0].video
    others = [questions[number % len(questions) :: 12] for i, questions in enumerate(asked) if i != number]
    return [
        replace(question, video=video, answerable=False, foreign=True, spans=())
        for questions in others
        for question in questions
        if question.answerable
    ]


def _samples(library: Library, questions: list[Asked]) -> Iterator[Sample]:
    for asked in questions:
        question = ground(asked.text, asked.video.duration_seconds, asked.options)
        context = ToolContext(library, (asked.video,), None, Meter(Limits()))
        found = find(context, question.text, core=question.query, channels=question.channels, limit=24)
        values = (0.0,) * len(FEATURES)
        if found:
            values = features(question, found[0].query, found[0].passages, found[0].relevance)
        hits = tuple(_right(hit, asked) for hit in found)
        measures = np.array([hit.relevance.measures for hit in found]).reshape(len(found), -1)
        yield Sample(
            asked.video.video_id,
            asked.answerable,
            asked.foreign,
            hits[:5],
            np.array(hits, bool),
            measures,
            values,
        )


def _right(hit: Hit, asked: Asked) -> bool:
    start = hit.sentence.span.start_seconds
    return any(
        span.overlaps(hit.sentence.span) or abs(span.start_seconds - start) <= TOLERANCE_SECONDS
        for span in asked.spans
    )


def _cross_validate(samples: list[Sample]) -> Floats:
    values = np.array([sample.features for sample in samples])
    labels = np.array([sample.answerable for sample in samples])
    transcripts = np.array([sample.transcript for sample in samples])
    chance = np.zeros(len(samples))
    for name in sorted(set(transcripts)):
        inside = transcripts == name
        bias, weights = fit(values[~inside], labels[~inside])
        chance[inside] = 1 / (1 + np.exp(-(bias + values[inside] @ weights)))
    return chance


def _area(samples: list[Sample], chance: Floats) -> float:
    yes = chance[[sample.answerable for sample in samples]]
    no = chance[[not sample.answerable for sample in samples]]
    return float((yes[:, None] > no[None]).mean() + (yes[:, None] == no[None]).mean() / 2)


def _row(samples: list[Sample], chance: Floats, threshold: float) -> str:
    pairs = list(zip(samples, chance, strict=True))
    answered = [p >= threshold and any(s.hits[:CITED]) for s, p in pairs if s.answerable]
    near = [p < threshold for s, p in pairs if not s.answerable and not s.foreign]
    foreign = [p < threshold for s, p in pairs if s.foreign]
    return f"{threshold:9.2f}  {np.mean(answered):14.3f}  {np.mean(near):20.3f}  {np.mean(foreign):15.3f}"


if __name__ == "__main__":
    main()
