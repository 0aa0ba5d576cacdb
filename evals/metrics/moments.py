"""Moment retrieval: recall at one, mean overlap, and QVHighlights' mean average precision.

Sources: Lei et al., "QVHighlights", NeurIPS 2021, with moment_detr's `standalone_eval`; Gao et al., "TALL", 2017 for
R1@IoU on Charades-STA; Zhang et al., "2D-TAN", 2020, whose script ActivityNet-Captions and TACoS are scored with and
from which that of Ego4D's natural-language queries (Grauman et al., 2022) is made.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rewatch.evals.metrics import Convention
from rewatch.evals.metrics.precision import Windows, precisions_and_firsts
from rewatch.evals.metrics.spans import hull_iou, iou

THRESHOLDS = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
LENGTH_RANGES: dict[str, tuple[float, float]] = {
    "short": (0, 10),
    "middle": (10, 30),
    "long": (30, 150),
    "full": (0, 150),
}
"""QVHighlights' ranges of a moment's length in seconds, the end included, the start not; "full" takes every query."""
MOST_PREDICTIONS = 10

Spans = Sequence[Sequence[float]]
"""`(start, end)` each, best first; for `qv_moments` `(start, end, score)`."""

Overlap = Callable[[Sequence[float], Sequence[float]], float]


def best_iou(truth: Spans, predicted: Spans, *, rank: int = 1, overlap: Overlap = iou) -> float:
    """Best overlap of the first predictions with any true span; 0 when there is no prediction or no truth."""
    return max((overlap(span, true) for span in predicted[:rank] for true in truth), default=0.0)


def recall_at(
    samples: Sequence[tuple[Spans, Spans]],
    *,
    rank: int = 1,
    threshold: float = 0.5,
    convention: Convention = "corrected",
) -> float:
    """Share of queries with one of the first predictions at a threshold of overlap (R@rank, IoU@threshold).

    Args:
        samples: True and predicted spans of each query.
        rank: How many predictions count.
        threshold: Least overlap.
        convention: "corrected" lets the threshold itself count; "official" asks for more, as 2D-TAN's script and that
            of Ego4D's natural-language queries do.
    """
    official = convention == "official"
    overlap = hull_iou if official else iou
    best = np.array([best_iou(truth, spans, rank=rank, overlap=overlap) for truth, spans in samples])
    return float((best > threshold if official else best >= threshold).mean()) if len(best) else 0.0


def mean_iou(samples: Sequence[tuple[Spans, Spans]], *, overlap: Overlap = iou) -> float:
    """Mean overlap of the first prediction with the true span it fits best; a missing prediction counts 0."""
    best = [best_iou(truth, predicted, overlap=overlap) for truth, predicted in samples]
    return float(np.mean(best)) if best else 0.0


def charades_sta(
    samples: Sequence[tuple[Spans, Spans]], *, convention: Convention = "corrected"
) -> dict[str, float]:
    """Charades-STA: R1 at overlaps of .3, .5 and .7, the threshold included, and the mean overlap of the first.

    Args:
        samples: True and predicted spans of each query; a query without prediction is missed.
        convention: "official" divides by the hull of two spans, as TALL's `calculate_IoU` does.

    Returns:
        Percent under "R1@0.3", "R1@0.5", "R1@0.7" and "mIoU".
    """
    overlap = hull_iou if convention == "official" else iou
    best = [best_iou(truth, predicted, overlap=overlap) for truth, predicted in samples]
    total = max(len(best), 1)
    recalls = {f"R1@{t}": sum(value >= t for value in best) * 100 / total for t in (0.3, 0.5, 0.7)}
    return {**recalls, "mIoU": sum(best) * 100 / total}


def qv_moments(
    truth: Mapping[Any, Spans], predicted: Mapping[Any, Spans], *, convention: Convention = "corrected"
) -> dict[str, dict[str, dict[str, float]]]:
    """QVHighlights' moment retrieval: mAP and R1 at overlaps of .5 to .95, for each range of lengths.

    Within a range only true spans of that length count, and only queries that have one.

    Args:
        truth: True spans of each query.
        predicted: `(start, end, score)` of each query, in the order in which they were handed in.
        convention: "official" repeats `standalone_eval`: it takes the first ten predictions as they stand before it
            ranks them, judges R1 by the first and not the best scored one, lets a prediction without any length claim
            a true span without any at the same instant, and rounds to two digits. "corrected" ranks first, and counts
            queries without a prediction as 0.

    Returns:
        For each range "MR-mAP" (by threshold, and "average") and "MR-R1" (by threshold), in percent.

    Raises:
        ValueError: In the official convention, a query has no prediction at all, on which the script fails.
    """
    official = convention == "official"
    if official and (bare := [query for query in truth if not predicted.get(query)]):
        raise ValueError(f"query {bare[0]!r} has no prediction; the official script cannot score that")
    ordered = {query: truth[query] for query in predicted if query in truth} | dict(truth)
    handed_in = [predicted.get(query, ()) for query in ordered]
    if not official:
        handed_in = [sorted(spans, key=lambda span: -span[2]) for spans in handed_in]
    found = _Ragged.of([spans[:MOST_PREDICTIONS] for spans in handed_in], 3)
    real = _Ragged.of(list(ordered.values()), 2)
    return {name: _in_range(*_of_length(real, found, name), official=official) for name in LENGTH_RANGES}


@dataclass(frozen=True, slots=True)
class _Ragged:
    """Spans of many queries, of each as many as it has."""

    values: NDArray[np.float64]
    """`[spans, columns]`, query after query."""
    counts: NDArray[np.intp]
    """`[queries]`."""

    @classmethod
    def of(cls, queries: Sequence[Spans], columns: int) -> "_Ragged":
        values = [span[:columns] for spans in queries for span in spans]
        return cls(
            np.array(values, np.float64).reshape(-1, columns),
            np.array([len(spans) for spans in queries], int),
        )

    def kept(self, which: NDArray[np.bool_]) -> "_Ragged":
        """Some of the spans, of all queries."""
        owners = np.repeat(np.arange(len(self.counts)), self.counts)
        return _Ragged(self.values[which], np.bincount(owners[which], minlength=len(self.counts)))

    def block(self, queries: NDArray[np.intp]) -> NDArray[np.float64]:
        """`[queries, spans, columns]` of queries that have equally many spans."""
        first = self.counts.cumsum() - self.counts
        return self.values[first[queries, None] + np.arange(self.counts[queries[0]])]


def _of_length(truth: _Ragged, found: _Ragged, name: str) -> tuple[_Ragged, _Ragged, NDArray[np.bool_]]:
    """True spans of a length, predictions, and which queries count."""
    if name == "full":
        return truth, found, np.full(len(truth.counts), True)
    least, most = LENGTH_RANGES[name]
    length = truth.values[:, 1] - truth.values[:, 0]
    kept = truth.kept((least < length) & (length <= most))
    return kept, found, kept.counts > 0


def _in_range(
    truth: _Ragged, found: _Ragged, counted: NDArray[np.bool_], *, official: bool
) -> dict[str, dict[str, float]]:
    """Queries with as many true and predicted spans are scored together; those without either stay 0."""
    precisions = np.zeros((len(counted), len(THRESHOLDS)))
    firsts = np.zeros(len(counted))
    shapes = np.stack((truth.counts, found.counts), axis=1)
    for shape in np.unique(shapes[counted & shapes.all(axis=1)], axis=0):
        members = np.flatnonzero((shapes == shape).all(axis=1))
        windows = Windows(truth.block(members), found.block(members))
        precisions[members], firsts[members] = precisions_and_firsts(
            windows, np.array(THRESHOLDS), official=official
        )
    precisions, firsts = precisions[counted], firsts[counted]
    means = precisions.mean(axis=0) if len(firsts) else np.zeros(len(THRESHOLDS))
    by_threshold = {str(t): float(mean) for t, mean in zip(THRESHOLDS, means, strict=True)}
    by_threshold["average"] = float(np.mean(means))
    at_one = {str(t): float(np.mean(firsts >= t)) if len(firsts) else 0.0 for t in THRESHOLDS}
    return {"MR-mAP": _percent(by_threshold, official), "MR-R1": _percent(at_one, official)}


def _percent(values: Mapping[str, float], official: bool) -> dict[str, float]:
    if official:
        return {name: float(f"{100 * value:.2f}") for name, value in values.items()}
    return {name: 100 * value for name, value in values.items()}


def ego4d_nlq(
    samples: Sequence[tuple[Sequence[float], Spans]],
    *,
    thresholds: Sequence[float] = (0.3, 0.5),
    ranks: Sequence[int] = (1, 5),
    convention: Convention = "corrected",
) -> dict[str, float]:
    """Ego4D's natural-language queries: recall by rank and overlap, and the mean overlap of the first prediction.

    The same script scores ActivityNet-Captions and TACoS, at thresholds of .3, .5 and .7.

    Args:
        samples: The true span and the ranked predictions of each query.
        thresholds: Overlaps of the recalls.
        ranks: How many predictions count.
        convention: "official" asks for more than the threshold, leaves queries without a prediction out and rounds to
            two digits; "corrected" lets the threshold itself count, and counts such queries as missed.

    Returns:
        Percent under "R1@0.3" and the like, and "mIoU".
    """
    official = convention == "official"
    pairs = [([truth], predicted) for truth, predicted in samples if predicted or not official]
    recalls = {
        f"R{rank}@{threshold}": 100 * recall_at(pairs, rank=rank, threshold=threshold, convention=convention)
        for rank in ranks
        for threshold in thresholds
    }
    recalls["mIoU"] = 100 * mean_iou(pairs, overlap=hull_iou if official else iou)
    return {name: round(value, 2) for name, value in recalls.items()} if official else recalls
