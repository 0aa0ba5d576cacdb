"""Moment retrieval: recall at one, mean overlap, and QVHighlights' mean average precision.

Sources: Lei et al., "QVHighlights", NeurIPS 2021, with moment_detr's `standalone_eval`; Gao et al., "TALL", 2017 for
R1@IoU on Charades-STA, TACoS and ActivityNet-Captions; Grauman et al., "Ego4D", 2022 for natural-language queries.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from rewatch.evals.metrics import Convention
from rewatch.evals.metrics.spans import hull_iou, iou, iou_matrix

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
        convention: "corrected" lets the threshold itself count; "official" asks for more, as the script of Ego4D's
            natural-language queries does.
    """
    official = convention == "official"
    overlap = hull_iou if official else iou
    best = np.array([best_iou(truth, spans, rank=rank, overlap=overlap) for truth, spans in samples])
    return float((best > threshold if official else best >= threshold).mean()) if len(best) else 0.0


def mean_iou(samples: Sequence[tuple[Spans, Spans]]) -> float:
    """Mean overlap of the first prediction with the true span it fits best; a missing prediction counts 0."""
    return float(np.mean([best_iou(truth, predicted) for truth, predicted in samples])) if samples else 0.0


def average_precision(
    truth: Spans, predicted: Spans, thresholds: Sequence[float] = THRESHOLDS
) -> list[float]:
    """Interpolated average precision of one query's ranked spans, at each threshold.

    Predictions are taken by falling score; each claims the free true span it overlaps most, if that reaches the
    threshold. The area is taken under the envelope of precision, as PASCAL VOC 2011 does.

    Args:
        truth: True spans.
        predicted: `(start, end, score)` each.
        thresholds: Least overlaps.
    """
    if not predicted or not truth:
        return [0.0] * len(thresholds)
    ranked = sorted(predicted, key=lambda span: -span[2])
    table = iou_matrix([span[:2] for span in ranked], truth)
    order = [[int(at) for at in row.argsort()[::-1]] for row in table]
    overlaps: list[list[float]] = table.tolist()
    best = max(map(max, overlaps))
    return [
        _area(_claims(overlaps, order, threshold), len(truth)) if best >= threshold else 0.0
        for threshold in thresholds
    ]


def _claims(overlaps: list[list[float]], order: list[list[int]], threshold: float) -> list[bool]:
    """Which of the ranked predictions claim a true span."""
    taken: set[int] = set()
    right: list[bool] = []
    for row, candidates in zip(overlaps, order, strict=True):
        free = next((at for at in candidates if row[at] < threshold or at not in taken), None)
        hit = free is not None and row[free] >= threshold
        if free is not None and hit:
            taken.add(free)
        right.append(hit)
    return right


def _area(right: Sequence[bool], num_true: int) -> float:
    """Area under the envelope of precision over recall."""
    precision, recall, found = [0.0], [0.0], 0
    for rank, hit in enumerate(right, 1):
        found += hit
        precision.append(found / rank)
        recall.append(found / num_true)
    precision.append(0.0)
    recall.append(1.0)
    for at in range(len(precision) - 2, -1, -1):
        precision[at] = max(precision[at], precision[at + 1])
    steps = zip(recall, recall[1:], precision[1:], strict=False)
    return sum((later - earlier) * height for earlier, later, height in steps)


def qv_moments(
    truth: Mapping[Any, Spans], predicted: Mapping[Any, Spans], *, convention: Convention = "corrected"
) -> dict[str, dict[str, dict[str, float]]]:
    """QVHighlights' moment retrieval: mAP and R1 at overlaps of .5 to .95, for each range of lengths.

    Within a range only true spans of that length count, and only queries that have one.

    Args:
        truth: True spans of each query.
        predicted: `(start, end, score)` of each query, in the order in which they were handed in.
        convention: "official" repeats `standalone_eval`: it takes the first ten predictions as they stand before it
            ranks them, judges R1 by the first and not the best scored one, leaves queries without any prediction out
            of the mean precision, and rounds to two digits. "corrected" ranks first and counts such queries as 0.

    Returns:
        For each range "MR-mAP" (by threshold, and "average") and "MR-R1" (by threshold), in percent.

    Raises:
        ValueError: In the official convention, a query has no prediction at all, on which the script fails.
    """
    official = convention == "official"
    handed_in = {
        query: list(spans) if official else sorted(spans, key=lambda span: -span[2])
        for query, spans in predicted.items()
    }
    if official and (bare := [query for query in truth if not handed_in.get(query)]):
        raise ValueError(f"query {bare[0]!r} has no prediction; the official script cannot score that")
    return {name: _in_range(_of_length(truth, name), handed_in, official=official) for name in LENGTH_RANGES}


def _of_length(truth: Mapping[Any, Spans], name: str) -> dict[Any, list[Sequence[float]]]:
    least, most = LENGTH_RANGES[name]
    if name == "full":
        return {query: list(spans) for query, spans in truth.items()}
    kept = {
        query: [span for span in spans if least < span[1] - span[0] <= most] for query, spans in truth.items()
    }
    return {query: spans for query, spans in kept.items() if spans}


def _in_range(
    truth: Mapping[Any, Spans], predicted: Mapping[Any, Spans], *, official: bool
) -> dict[str, dict[str, float]]:
    precisions = [
        average_precision(spans, predicted.get(query, ())[:MOST_PREDICTIONS])
        for query, spans in truth.items()
    ]
    overlap = hull_iou if official else iou
    firsts = np.array(
        [best_iou(true, predicted.get(query, ()), overlap=overlap) for query, true in truth.items()]
    )
    means = np.mean(precisions, axis=0) if precisions else np.zeros(len(THRESHOLDS))
    by_threshold = {str(t): float(mean) for t, mean in zip(THRESHOLDS, means, strict=True)}
    by_threshold["average"] = float(np.mean(means))
    at_one = {str(t): float((firsts >= t).mean()) if len(firsts) else 0.0 for t in THRESHOLDS}
    return {"MR-mAP": _percent(by_threshold, official), "MR-R1": _percent(at_one, official)}


def _percent(values: Mapping[str, float], official: bool) -> dict[str, float]:
    if official:
        return {name: float(f"{100 * value:.2f}") for name, value in values.items()}
    return {name: 100 * value for name, value in values.items()}


def ego4d_nlq(
    samples: Sequence[tuple[Sequence[float], Spans]], *, convention: Convention = "corrected"
) -> dict[str, float]:
    """Ego4D's natural-language queries: R1 and R5 at overlaps of .3 and .5, and the mean overlap of the first.

    Args:
        samples: The true span and the ranked predictions of each query.
        convention: "official" asks for more than the threshold and leaves queries without a prediction out;
            "corrected" lets the threshold itself count, and counts such queries as missed.

    Returns:
        Percent under "R1@0.3", "R1@0.5", "R5@0.3", "R5@0.5" and "mIoU".
    """
    official = convention == "official"
    pairs = [([truth], predicted) for truth, predicted in samples if predicted or not official]
    recalls = {
        f"R{rank}@{threshold}": 100 * recall_at(pairs, rank=rank, threshold=threshold, convention=convention)
        for rank in (1, 5)
        for threshold in (0.3, 0.5)
    }
    recalls["mIoU"] = 100 * mean_iou(pairs)
    return {name: round(value, 2) for name, value in recalls.items()} if official else recalls
