"""Fit what is looked at before passages are read: `python -m rewatch.evals.answerability.promise`.

It prints how often a passage that answers is among the first, by weights fitted on the other half of the transcripts,
and the weights fitted on all of them: `PROMISE` of `tools/relevance`.
"""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rewatch.agent.question import ground
from rewatch.evals.answerability.__main__ import fit_choice
from rewatch.evals.answerability.corpus import Asked, read_corpus
from rewatch.memory.library import Library
from rewatch.tools.passages import load
from rewatch.tools.relevance import embed_query, promises

_DEPTHS = (6, 12, 24, 40)


@dataclass(frozen=True, slots=True)
class _Sample:
    half: int
    holding: NDArray[np.bool_]
    """bool `[C]`, for every passage of the video whether it holds the answer."""
    looked_at: NDArray[np.float64]
    """float64 `[C, M]`."""


def main() -> None:
    """Gather, fit, print."""
    with tempfile.TemporaryDirectory() as folder, Library.open(Path(folder)) as library:
        samples = [
            sample
            for number, asked in enumerate(read_corpus(library, judged=True))
            for sample in _samples(library, asked, number % 2)
        ]
    halves = [_fit([sample for sample in samples if sample.half != half]) for half in (0, 1)]
    ranks = np.array([_rank(sample, halves[sample.half]) for sample in samples])
    for depth in _DEPTHS:
        print(f"answer among the first {depth} of {len(ranks)} questions: {np.mean(ranks < depth):.3f}")
    print("PROMISE of relevance:", np.round(10 * _fit(samples), 1).tolist())


def _samples(library: Library, questions: Sequence[Asked], half: int) -> Iterator[_Sample]:
    passages = load(library, questions[0].video.video_id)
    for asked in questions:
        question = ground(asked.text, asked.video.duration_seconds, asked.options)
        holding = np.array([asked.is_answered_by(sentence) for sentence in passages.sentences], bool)
        if not holding.any() or question.type in ("summary", "order"):
            continue
        query = embed_query(question.text, question.query, question.expected)
        looked_at = promises(query, passages, range(len(passages.sentences)))
        yield _Sample(half, holding, looked_at.astype(np.float64))


def _fit(samples: Sequence[_Sample]) -> NDArray[np.float64]:
    return fit_choice([sample.looked_at for sample in samples], [sample.holding for sample in samples])


def _rank(sample: _Sample, weights: NDArray[np.float64]) -> int:
    scores = sample.looked_at @ weights
    return int((scores > scores[sample.holding].max()).sum())


if __name__ == "__main__":
    main()
