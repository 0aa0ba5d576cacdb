"""V-STaR: what, when and where along two chains of questions, with their arithmetic and logarithmic means.

Source: Cheng et al., "V-STaR", 2025, and its `eval.py`. "What" is rated 0 to 3 by a judge and right from 2; "when" is
the overlap of spans; "where" the mean overlap of boxes at the annotated instants. Chain 1 asks what, when, where;
chain 2 what, where, when. Boxes are `(x0, y0, x1, y1)` in any one unit.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rewatch.evals.metrics import Convention
from rewatch.evals.metrics.spans import hull_iou, iou

Box = Sequence[float]
CHAINS = (1, 2)
_LEAST_RATING = 2
_WHEN = 0.3
_WHERE = 0.1
_RECALLS = (0.3, 0.5, 0.7)
_PRECISIONS = (0.1, 0.3, 0.5, 0.7, 0.9)


@dataclass(frozen=True, slots=True)
class Located:
    """When and where one chain's replies say that it happens."""

    span: Sequence[float] | None
    boxes: Mapping[str, Box | Sequence[Box]]
    """By annotated instant: a box, or several of which the best counts; a missing one overlaps by 0."""


@dataclass(frozen=True, slots=True)
class ChainItem:
    """One question of V-STaR."""

    rating: int | None
    """The judge's 0 to 3; -1 where it said something else; None when there was no answer."""
    truth_span: Sequence[float]
    truth_boxes: Mapping[str, Box]
    chains: tuple[Located, Located]


def box_iou(one: Box, other: Box) -> float:
    """Intersection over union of two boxes."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(width, 0.0) * max(height, 0.0)
    areas = (one[2] - one[0]) * (one[3] - one[1]) + (other[2] - other[0]) * (other[3] - other[1])
    return shared / (areas - shared) if areas > shared else 0.0


def boxes_iou(truth: Mapping[str, Box], predicted: Mapping[str, Box | Sequence[Box]]) -> list[float]:
    """Overlap at each annotated instant, with the best of the boxes given for it."""
    return [
        max((box_iou(box, found) for found in _boxes(predicted.get(instant, ()))), default=0.0)
        for instant, box in truth.items()
    ]


def _boxes(given: Box | Sequence[Box]) -> list[Box]:
    """One box or several, as several; what has not four corners is none."""
    several: list[Any] = list(given)
    if several and isinstance(several[0], int | float):
        several = [several]
    return [box for box in several if isinstance(box, Sequence) and len(box) == len("xyxy")]


def v_star(items: Sequence[ChainItem], *, convention: Convention = "corrected") -> dict[str, float]:
    """Accuracy of "what", mean overlaps of "when" and "where", and AM and LGM over both chains.

    AM is the mean of the three, LGM the mean of -ln(1 - x) over them; mAM and mLGM are the means over chains.

    Args:
        items: The questions.
        convention: "official" leaves questions without an answer out of the overlaps' means, though not of accuracy,
            and rounds to four digits; "corrected" counts their overlaps, too.

    Returns:
        Shares under "what", and "when", "where", "AM", "LGM", "R1@0.3-" to "R1@0.7-" (of "when"), "AP@0.1-" to
        "AP@0.9-" (of "where"), "what+when", "what+where", "when+where", "all" with the chain's number after each, and
        "mAM", "mLGM". LGM is infinite where one of the three is perfect.
    """
    official = convention == "official"
    right = [item.rating is not None and item.rating >= _LEAST_RATING for item in items]
    what = sum(right) / len(items) if items else 0.0
    kept = [at for at, item in enumerate(items) if item.rating is not None or not official]
    scores = {"what": what}
    for chain in CHAINS:
        when = {at: _when(items[at], chain, official) for at in kept}
        boxes = {at: boxes_iou(items[at].truth_boxes, items[at].chains[chain - 1].boxes) for at in kept}
        where = {at: _mean(overlaps) for at, overlaps in boxes.items()}
        means = (what, _mean(list(when.values())), _mean(list(where.values())))
        named = {"when": means[1], "where": means[2], "AM": sum(means) / 3}
        named["LGM"] = -sum(map(_log_of_rest, means)) / 3
        named |= {f"R1@{t}-": _mean([float(value >= t) for value in when.values()]) for t in _RECALLS}
        for t in _PRECISIONS:
            named[f"AP@{t}-"] = _mean([_mean([float(v >= t) for v in each]) for each in boxes.values()])
        pairs = {
            "what+when": [at for at in kept if right[at] and when[at] >= _WHEN],
            "what+where": [at for at in kept if right[at] and where[at] >= _WHERE],
            "when+where": [at for at in kept if when[at] >= _WHEN and where[at] >= _WHERE],
            "all": [at for at in kept if right[at] and when[at] >= _WHEN and where[at] >= _WHERE],
        }
        named |= {name: len(found) / len(items) if items else 0.0 for name, found in pairs.items()}
        scores |= {f"{name}{chain}": value for name, value in named.items()}
    scores["mAM"] = (scores["AM1"] + scores["AM2"]) / 2
    scores["mLGM"] = (scores["LGM1"] + scores["LGM2"]) / 2
    return {name: float(f"{value:.4f}") for name, value in scores.items()} if official else scores


def _when(item: ChainItem, chain: int, official: bool) -> float:
    span = item.chains[chain - 1].span
    return (hull_iou if official else iou)(item.truth_span, span) if span else 0.0


def _log_of_rest(share: float) -> float:
    return math.log(1 - share) if share < 1 else -math.inf


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else 0.0
