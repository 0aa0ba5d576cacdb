"""How far spans of time overlap."""

from collections.abc import Sequence

Pair = tuple[float, float]
"""Start and end in seconds."""


def overlap_seconds(one: Sequence[float], other: Sequence[float]) -> float:
    """Seconds that two spans share."""
    return max(min(one[1], other[1]) - max(one[0], other[0]), 0.0)


def iou(one: Sequence[float], other: Sequence[float]) -> float:
    """Intersection over union of two spans: 0 when they are apart, 1 when they are the same.

    Two empty spans share nothing and give 0.
    """
    shared = overlap_seconds(one, other)
    union = (one[1] - one[0]) + (other[1] - other[0]) - shared
    return shared / union if union > 0 else 0.0


def hull_iou(one: Sequence[float], other: Sequence[float]) -> float:
    """`iou` as several official scripts compute it: over the hull of both spans instead of their union.

    The same number but for rounding in the last place, which can decide at a threshold: spans that overlap have
    their union for a hull, and others share nothing.
    """
    hull = max(one[1], other[1]) - min(one[0], other[0])
    return overlap_seconds(one, other) / hull if hull > 0 else 0.0


def merged(spans: Sequence[Sequence[float]]) -> list[Pair]:
    """The same time as spans that do not overlap, in order; spans that touch become one."""
    joined: list[Pair] = []
    for start, end in sorted((span[0], span[1]) for span in spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def set_iou(ones: Sequence[Sequence[float]], others: Sequence[Sequence[float]]) -> float:
    """Intersection over union of the time that two sets of spans cover.

    Source: the clue grounding of CG-Bench (Chen et al., 2024).
    """
    a, b = merged(ones), merged(others)
    shared = sum(overlap_seconds(one, other) for one in a for other in b)
    lengths = [sum(end - start for start, end in spans) for spans in (a, b)]
    union = lengths[0] + lengths[1] - shared
    return shared / union if union > 0 else 0.0
