"""Answers that must also be grounded: NExT-GQA and CG-Bench.

Sources: Xiao et al., "Can I Trust Your Answer?", CVPR 2024, with NExT-GQA's `eval_ground.py`; Chen et al., "CG-Bench",
2024, with its reference scorer in VLMEvalKit.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rewatch.evals.metrics import Convention
from rewatch.evals.metrics.spans import hull_iou, iou, overlap_seconds, set_iou

CG_THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5)

Span = Sequence[float]


@dataclass(frozen=True, slots=True)
class Grounded:
    """One question, its reply and where the reply says it is seen."""

    truth: tuple[Span, ...]
    spans: tuple[Span, ...] | None
    """What was predicted, best first; None when it could not be read."""
    right: bool | None
    """Whether the answer is right; None when it could not be read."""


def iop(truth: Span, predicted: Span) -> float:
    """Intersection over prediction: the share of the predicted span that is true. An instant inside counts 1."""
    length = predicted[1] - predicted[0]
    if length > 0:
        return overlap_seconds(truth, predicted) / length
    return float(length == 0 and truth[0] <= predicted[0] <= truth[1])


def next_gqa(items: Sequence[Grounded], *, convention: Convention = "corrected") -> dict[str, float]:
    """NExT-GQA: grounded accuracy, and how the predicted span overlaps the best of the true ones.

    Acc@GQA is the share of questions answered right with an intersection over prediction of at least one half.

    Args:
        items: The questions; the first predicted span counts.
        convention: "official" leaves questions without a predicted span out of every mean and rounds to one digit;
            "corrected" counts them 0.

    Returns:
        Percent under "Acc@GQA", "mIoP", "TIoP@0.3", "TIoP@0.5", "mIoU", "TIoU@0.3", "TIoU@0.5".
    """
    official = convention == "official"
    overlap = hull_iou if official else iou
    kept = [item for item in items if item.spans or not official]
    tops = [item.spans[0] if item.spans else None for item in kept]
    ious = np.array(
        [max(overlap(t, s) for t in i.truth) if s else 0.0 for i, s in zip(kept, tops, strict=True)]
    )
    iops = np.array([max(iop(t, s) for t in i.truth) if s else 0.0 for i, s in zip(kept, tops, strict=True)])
    right = np.array([bool(item.right) for item in kept], bool)
    shares = {
        "Acc@GQA": right & (iops >= 0.5),
        "mIoP": iops,
        "TIoP@0.3": iops >= 0.3,
        "TIoP@0.5": iops >= 0.5,
        "mIoU": ious,
        "TIoU@0.3": ious >= 0.3,
        "TIoU@0.5": ious >= 0.5,
    }
    values = {name: sum(each.tolist()) / len(kept) * 100 if kept else 0.0 for name, each in shares.items()}
    return {name: float(f"{value:.1f}") for name, value in values.items()} if official else values


def cg_bench(items: Sequence[Grounded], *, convention: Convention = "corrected") -> dict[str, float]:
    """CG-Bench: accuracy on the long video, clue overlap, and both together.

    The overlap is that of the time which all spans cover. rec@IoU is the share of questions whose overlap exceeds a
    threshold, acc@IoU the share that is answered right as well; both are means over thresholds of .1 to .5.

    Args:
        items: The questions; every predicted span counts.
        convention: "official" leaves unreadable replies out of the means and rounds to four digits at every step;
            "corrected" counts them 0.

    Returns:
        Shares under "long_acc", "mIoU", "rec@IoU" and "acc@IoU".
    """
    official = convention == "official"
    digits = 4 if official else None
    answered = [bool(item.right) for item in items if item.right is not None or not official]
    located = [item for item in items if item.spans is not None or not official]
    overlaps = [set_iou(item.truth, item.spans or ()) for item in located]
    both = [
        (overlap, bool(item.right))
        for item, overlap in zip(located, overlaps, strict=True)
        if item.right is not None or not official
    ]
    recalls = [_share([overlap > t for overlap in overlaps], digits) for t in CG_THRESHOLDS]
    accuracies = [_share([overlap > t and right for overlap, right in both], digits) for t in CG_THRESHOLDS]
    return {
        "long_acc": _share(answered, digits),
        "mIoU": _share(overlaps, digits),
        "rec@IoU": _rounded(sum(recalls) / len(recalls), digits),
        "acc@IoU": _rounded(sum(accuracies) / len(accuracies), digits),
    }


def clue_recovery(
    long_accuracy: float, clue_accuracy: float, *, convention: Convention = "corrected"
) -> float:
    """CG-Bench's CRR: how much of the accuracy on the clues alone is kept on the whole video, at most 1.

    Args:
        long_accuracy: Share of right answers on the whole videos, not rounded.
        clue_accuracy: On the clues alone.
        convention: "official" rounds to four digits.
    """
    kept = min(long_accuracy, clue_accuracy) / clue_accuracy if clue_accuracy else 0.0
    return _rounded(kept, 4 if convention == "official" else None)


def _share(values: Sequence[float], digits: int | None) -> float:
    return _rounded(float(np.mean(values)), digits) if values else 0.0


def _rounded(value: float, digits: int | None) -> float:
    return value if digits is None else round(value, digits)
