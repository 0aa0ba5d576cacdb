"""Fit the evidence model on the corpus and print what it reaches on transcripts left out.

Run `python -m rewatch.evals.answerability`. It prints, for questions that have an answer, how often the best
passages hold it; then, for each threshold, how many questions end right (a passage that answers, or "not found" for a
near miss) when the model never saw their transcript; then the weights fitted on all of them.
Near misses are close to what is said; questions on other transcripts stand for what is far from it.
"""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rewatch.agent.evidence_model import FEATURES, features
from rewatch.agent.question import ground
from rewatch.evals.answerability.corpus import Asked, foreign, read_corpus
from rewatch.memory.library import Library
from rewatch.memory.types import Limits
from rewatch.tools.context import ToolContext
from rewatch.tools.meter import Meter
from rewatch.tools.relevance import MEASURES
from rewatch.tools.search import find

CITED = 3
"""How many of the best passages an answer may cite."""
_BALANCING = 3.0
"""What a question counts that was written so that shared words tell nothing of the answer: the others are many more."""
_ANSWERED, _MENTIONED = 0.7, 0.6
"""How many of the questions that people ask their video answers, and of the things they seek it mentions."""
_RIDGE = 10.0
"""Strength of the L2 penalty on the weights of standardised features."""
_RANKING_RIDGE, _STEPS = 0.02, 2000
_CANDIDATES = 24
_FOREIGN = 12
"""Questions on other transcripts, for each."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sample:
    """A question with what the search found for it."""

    transcript: str
    answerable: bool
    foreign: bool
    weight: float
    """What it counts in the judgement."""
    holding: NDArray[np.bool_]
    """bool `[C]`, for every candidate that was compared whether it holds the answer."""
    features: Floats
    """float64 `[C, F]`, of the candidates; the first columns are the measures of relevance."""

    def ranked(self, weights: Floats) -> NDArray[np.int64]:
        """Candidates, best first, by weights of the measures."""
        return np.argsort(-(self.features[:, : len(MEASURES)] @ weights), kind="stable")


def main() -> None:
    """Search, fit, cross-validate, print: for questions that are read, and for mentions, which are not."""
    _report("ANSWERING", "ANSWERS", _samples_of(judged=True), _ANSWERED)
    _report("MENTIONING", "MENTIONS", _samples_of(judged=True, mention=True), _MENTIONED)


def _samples_of(*, judged: bool, mention: bool = False) -> list[Sample]:
    """Samples of questions as they are asked, or of the things that some of them seek, as a plain search does."""
    with tempfile.TemporaryDirectory() as folder, Library.open(Path(folder)) as library:
        asked = list(read_corpus(library, judged=judged))
        put = [*asked, *(foreign(asked, number)[:_FOREIGN] for number in range(len(asked)))]
        return [sample for questions in put for sample in _samples(library, questions, mention)]


def _report(ranking_name: str, judgement_name: str, samples: list[Sample], answered: float) -> None:
    answerable = [sample for sample in samples if sample.answerable]
    others = sum(sample.foreign for sample in samples)
    near = len(samples) - len(answerable) - others
    print(f"{len(answerable)} questions with an answer, {near} near misses, {others} on other transcripts")
    left_out = _cross_validate(samples, answered)
    for depth in (1, 2, 3, 5):
        shares = [
            any(hits[:depth])
            for sample, (_, hits) in zip(samples, left_out, strict=True)
            if sample.answerable
        ]
        print(f"answer among the best {depth}, transcripts left out: {np.mean(shares):.3f}")
    near_area, foreign_area = (_area(samples, left_out, foreign=foreign) for foreign in (False, True))
    print(f"area under the ROC curve: {near_area:.3f} against near misses, {foreign_area:.3f} against others")
    print("threshold  answered right  near misses rejected  others rejected")
    for threshold in np.arange(0.25, 0.85, 0.05):
        print(_row(samples, left_out, float(threshold)))
    ranking = fit_ranking(samples)
    print(f"{ranking_name} of relevance:", np.round(ranking, 2).tolist())
    bias, weights = fit(*_best(samples, ranking), answered)
    print(f"{judgement_name} = Weights({bias:.3f}, ({', '.join(f'{weight:.3f}' for weight in weights)}))")
    for name, weight in zip(FEATURES, weights, strict=True):
        print(f"{name:>20} {weight:8.3f}")


def fit(values: Floats, labels: NDArray[np.bool_], counts: Floats, answered: float) -> tuple[float, Floats]:
    """Fit a logistic regression with an L2 penalty, by Newton's method.

    Args:
        values: float64 `[N, F]`.
        labels: bool `[N]`.
        counts: float64 `[N]`, what each counts.
        answered: How many of them to take to be answered before anything is seen, whatever their share here.

    Returns:
        The bias and float64 `[F]` weights for values as they are.
    """
    mean, scale = values.mean(axis=0), values.std(axis=0) + 1e-9
    design = np.hstack([np.ones((len(values), 1)), (values - mean) / scale])
    penalty = np.diag([0.0] + [_RIDGE] * values.shape[1])
    weights = np.zeros(design.shape[1])
    for _ in range(30):
        chance = 1 / (1 + np.exp(-design @ weights))
        gradient = design.T @ (counts * (labels - chance)) - penalty @ weights
        curvature = (design * (counts * chance * (1 - chance))[:, None]).T @ design + penalty
        weights = weights + np.linalg.solve(curvature, gradient)
    plain = weights[1:] / scale
    even = np.log(counts[~labels].sum() / counts[labels].sum())
    asked = np.log(answered / (1 - answered))
    return float(weights[0] - plain @ mean + even + asked), plain


def fit_ranking(samples: list[Sample]) -> Floats:
    """Fit the weights by which candidates are ranked; their scale is free (`fit_choice`)."""
    kept = [sample for sample in samples if sample.answerable and sample.holding.any()]
    return fit_choice(
        [sample.features[:, : len(MEASURES)] for sample in kept], [sample.holding for sample in kept]
    )


def fit_choice(measures: Sequence[Floats], holding: Sequence[NDArray[np.bool_]]) -> Floats:
    """Fit weights of measures to the likelihood that a candidate that holds the answer is drawn.

    Multinomial logistic regression with an L2 penalty, by gradient ascent; ten times the weighted sum is a logit.

    Args:
        measures: float64 `[C, M]` for each question.
        holding: bool `[C]` for each, some true.

    Returns:
        float64 `[M]`.
    """
    size = (len(measures), max(len(each) for each in holding))
    values, num = np.zeros((*size, measures[0].shape[1])), len(measures)
    held, there = np.zeros(size, bool), np.zeros(size, bool)
    for row, (own, holds) in enumerate(zip(measures, holding, strict=True)):
        values[row, : len(own)], held[row, : len(own)], there[row, : len(own)] = own, holds, True
    weights = np.zeros(values.shape[-1])
    for _ in range(_STEPS):
        scores = np.where(there, 10 * values @ weights, -np.inf)
        chance = np.exp(scores - scores.max(axis=1, keepdims=True))
        right = chance * held
        pull = right / right.sum(axis=1, keepdims=True) - chance / chance.sum(axis=1, keepdims=True)
        gradient = 10 * pull.ravel() @ values.reshape(-1, len(weights)) / num - _RANKING_RIDGE * weights
        weights = weights + 0.02 * gradient
    return weights


def _samples(library: Library, questions: list[Asked], mention: bool) -> Iterator[Sample]:
    for asked in questions:
        question = ground(asked.text, asked.video.duration_seconds, asked.options)
        left_out = not question.seeks_mention if mention else question.counts_mentions
        if question.type in ("summary", "order") or left_out:
            continue
        context = ToolContext(library, (asked.video,), None, Meter(Limits()))
        found = find(
            context,
            question.text,
            core=question.query,
            channels=question.channels,
            limit=_CANDIDATES,
            kinds=question.expected,
            seek="mention" if mention else "answer",
        )
        if found:
            yield Sample(
                asked.video.video_id,
                asked.answerable,
                asked.foreign,
                _BALANCING if asked.balancing and not asked.foreign else 1.0,
                np.array([asked.is_answered_by(hit.sentence) for hit in found], bool),
                np.array([features(question, hit.query, hit.passages, hit.relevance) for hit in found]),
            )


def _best(samples: list[Sample], ranking: Floats) -> tuple[Floats, NDArray[np.bool_], Floats]:
    """The features of each question's best candidate, whether it has an answer, and what it counts."""
    best = np.array([sample.features[sample.ranked(ranking)[0]] for sample in samples])
    return best, np.array([s.answerable for s in samples]), np.array([s.weight for s in samples])


def _cross_validate(samples: list[Sample], answered: float) -> list[tuple[float, list[bool]]]:
    """For each question the probability, and whether each candidate is right, by fits on other transcripts."""
    found: dict[int, tuple[float, list[bool]]] = {}
    for name in sorted({sample.transcript for sample in samples}):
        others = [sample for sample in samples if sample.transcript != name]
        ranking = fit_ranking(others)
        bias, weights = fit(*_best(others, ranking), answered)
        for sample in samples:
            if sample.transcript == name:
                order = sample.ranked(ranking)
                chance = 1 / (1 + np.exp(-(bias + sample.features[order[0]] @ weights)))
                found[id(sample)] = float(chance), [bool(held) for held in sample.holding[order]]
    return [found[id(sample)] for sample in samples]


def _area(samples: list[Sample], left_out: list[tuple[float, list[bool]]], *, foreign: bool) -> float:
    pairs = [(sample, chance) for sample, (chance, _) in zip(samples, left_out, strict=True)]
    yes = np.array([chance for sample, chance in pairs if sample.answerable])
    no = np.array([c for sample, c in pairs if not sample.answerable and sample.foreign is foreign])
    return float((yes[:, None] > no[None]).mean() + (yes[:, None] == no[None]).mean() / 2)


def _row(samples: list[Sample], left_out: list[tuple[float, list[bool]]], threshold: float) -> str:
    pairs = list(zip(samples, left_out, strict=True))
    answered = [p >= threshold and any(hits[:CITED]) for s, (p, hits) in pairs if s.answerable]
    near = [p < threshold for s, (p, _) in pairs if not s.answerable and not s.foreign]
    foreign = [p < threshold for s, (p, _) in pairs if s.foreign]
    return f"{threshold:9.2f}  {np.mean(answered):14.3f}  {np.mean(near):20.3f}  {np.mean(foreign):15.3f}"


if __name__ == "__main__":
    main()
