"""LV-Haystack's temporal scores: are the returned frames where the key frames are?

Two forms are in use and cannot be compared with each other, so both are given. Source: Ye et al., "Re-thinking
Temporal Search for Long-Form Video Understanding", CVPR 2025, and its repository.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

Form = Literal["prf", "covered"]
"""`prf`: precision is the share of predictions near a key frame. `covered`: precision is the number of key frames that
are covered over the number of predictions, which can exceed 1; the published tables fit this one."""

Empty = Literal["skip", "zero"]
"""A sample without key frames or without predictions is left out, as published, or scores 0."""

THRESHOLD_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Prf:
    """Precision, recall and their harmonic mean."""

    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class PrfOverSamples:
    """Means over samples, with how many took part."""

    precision: float
    recall: float
    f1: float
    num_scored: int
    num_skipped: int
    num_predictions: float
    """Mean number of frames returned; to be shown beside every score, since many frames near one hit game `prf`."""


def f1_of(precision: float, recall: float) -> float:
    """Harmonic mean; 0 when both are 0."""
    return 2 * precision * recall / (precision + recall) if precision + recall > 0 else 0.0


def temporal_prf(
    truth: Sequence[float],
    predicted: Sequence[float],
    *,
    form: Form = "prf",
    threshold_seconds: float = THRESHOLD_SECONDS,
) -> Prf | None:
    """Score the frames of one sample.

    Without one-to-one matching: duplicates count. The threshold is inclusive.

    Args:
        truth: Seconds of the key frames.
        predicted: Seconds of the returned frames.
        form: How precision is counted.
        threshold_seconds: How near counts as hit.

    Returns:
        The scores; None when either side is empty.
    """
    if not truth or not predicted:
        return None
    covered = sum(any(abs(p - t) <= threshold_seconds for p in predicted) for t in truth)
    recall = covered / len(truth)
    right = covered
    if form == "prf":
        right = sum(any(abs(p - t) <= threshold_seconds for t in truth) for p in predicted)
    precision = right / len(predicted)
    return Prf(precision, recall, f1_of(precision, recall))


def mean_temporal_prf(
    samples: Iterable[tuple[Sequence[float], Sequence[float]]],
    *,
    form: Form = "prf",
    empty: Empty = "zero",
    threshold_seconds: float = THRESHOLD_SECONDS,
) -> PrfOverSamples:
    """Score many samples; F1 is the mean of the samples' F1, as published.

    Args:
        samples: Key frames and returned frames of each, in seconds.
        form: How precision is counted.
        empty: What a sample counts that lacks either.
        threshold_seconds: How near counts as hit.
    """
    pairs = list(samples)
    scores = [temporal_prf(t, p, form=form, threshold_seconds=threshold_seconds) for t, p in pairs]
    num_skipped = scores.count(None)
    kept = [score or Prf(0.0, 0.0, 0.0) for score in scores if score is not None or empty == "zero"]
    columns = ([s.precision for s in kept], [s.recall for s in kept], [s.f1 for s in kept])
    returned = float(np.mean([len(predicted) for _, predicted in pairs])) if pairs else 0.0
    precision, recall, f1 = (float(np.mean(column)) if kept else 0.0 for column in columns)
    return PrfOverSamples(precision, recall, f1, len(kept), num_skipped, returned)
