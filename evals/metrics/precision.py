"""Average precision of ranked spans, for many queries at once.

Each prediction, by falling score, claims the free true span that it overlaps most, if that reaches the threshold; the
area is taken under the envelope of precision over recall, as PASCAL VOC 2011 does. Source: `standalone_eval` of
QVHighlights (Lei et al., 2021), after ActivityNet's evaluation.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Windows:
    """Queries that have equally many true spans and equally many predictions."""

    truth: Floats
    """`[queries, true spans, 2]`, seconds."""
    predicted: Floats
    """`[queries, predictions, 3]`: start, end, score, in the order in which they were handed in."""


def average_precision(
    truth: Sequence[Sequence[float]], predicted: Sequence[Sequence[float]], thresholds: Sequence[float]
) -> list[float]:
    """Average precision of one query at each threshold.

    Args:
        truth: True spans.
        predicted: `(start, end, score)` each.
        thresholds: Least overlaps.
    """
    if not len(truth) or not len(predicted):
        return [0.0] * len(thresholds)
    windows = Windows(np.array([truth], np.float64), np.array([predicted], np.float64))
    values: list[float] = precisions_and_firsts(windows, np.array(thresholds))[0][0].tolist()
    return values


def precisions_and_firsts(
    windows: Windows, thresholds: Floats, *, official: bool = False
) -> tuple[Floats, Floats]:
    """Average precisions, and how the first prediction handed in overlaps the true span it fits best.

    Args:
        windows: The queries.
        thresholds: Least overlaps.
        official: Repeat what `standalone_eval` does with spans without length, and its overlap of the first one,
            which is divided by the hull of both.

    Returns:
        float64 `[queries, thresholds]` and `[queries]`.
    """
    table = _overlaps(windows, official=official)
    firsts = _hull_overlap(windows, table[:, 0].argmax(axis=1)) if official else table[:, 0].max(axis=1)
    ranked = np.argsort(-windows.predicted[:, :, 2], axis=1, kind="stable")
    table = np.take_along_axis(table, ranked[:, :, None], axis=1)
    return _area(_claims(table, thresholds), windows.truth.shape[1]), firsts


def _overlaps(windows: Windows, *, official: bool) -> Floats:
    """Intersection over union `[queries, predictions, true spans]`; nothing over nothing is NaN officially, else 0."""
    found, true = windows.predicted[:, :, None, :2], windows.truth[:, None, :, :]
    shared = np.maximum(
        np.minimum(found[..., 1], true[..., 1]) - np.maximum(found[..., 0], true[..., 0]), 0.0
    )
    union = (found[..., 1] - found[..., 0]) + (true[..., 1] - true[..., 0]) - shared
    overlap: Floats = np.full_like(shared, np.nan if official else 0.0)
    np.divide(shared, union, out=overlap, where=(union != 0) if official else (union > 0))
    return overlap


def _hull_overlap(windows: Windows, which: NDArray[np.intp]) -> Floats:
    """The first prediction's overlap with one true span each, over the hull of both."""
    true = np.take_along_axis(windows.truth, which[:, None, None], axis=1)[:, 0]
    first = windows.predicted[:, 0]
    shared = np.maximum(np.minimum(first[:, 1], true[:, 1]) - np.maximum(first[:, 0], true[:, 0]), 0.0)
    hull = np.maximum(first[:, 1], true[:, 1]) - np.minimum(first[:, 0], true[:, 0])
    overlap: Floats = np.zeros_like(shared)
    np.divide(shared, hull, out=overlap, where=hull != 0)
    return overlap


def _claims(table: Floats, thresholds: Floats) -> NDArray[np.bool_]:
    """Which ranked predictions claim a true span: bool `[queries, thresholds, predictions]`."""
    queries, predictions, spans = table.shape
    taken = np.zeros((queries, len(thresholds), spans), bool)
    right = np.zeros((queries, len(thresholds), predictions), bool)
    for rank in range(predictions):
        order = table[:, rank].argsort(axis=1)[:, ::-1]
        near = ~(np.take_along_axis(table[:, rank], order, axis=1)[:, None, :] < thresholds[None, :, None])
        free = near & ~np.take_along_axis(taken, order[:, None, :].repeat(len(thresholds), 1), axis=2)
        right[:, :, rank] = free.any(axis=2)
        claimed = np.take_along_axis(order[:, None, :], free.argmax(axis=2)[:, :, None], axis=2)
        before = np.take_along_axis(taken, claimed, axis=2)
        np.put_along_axis(taken, claimed, before | right[:, :, rank, None], axis=2)
    return right


def _area(right: NDArray[np.bool_], num_true: int) -> Floats:
    """Area under the envelope of precision over recall, summed from the first prediction on."""
    found = right.cumsum(axis=2)
    precision = found / np.arange(1, right.shape[2] + 1)
    envelope = np.maximum.accumulate(precision[:, :, ::-1], axis=2)[:, :, ::-1]
    recall = found / num_true
    steps = np.diff(recall, axis=2, prepend=0.0) * envelope
    area = np.zeros(right.shape[:2])
    for rank in range(right.shape[2]):
        area += steps[:, :, rank]
    return area
