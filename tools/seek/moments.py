"""From a belief to the few moments worth returning.

Moments lie apart from each other. How many are returned maximises the expected F1 of what a viewer would call hits:
few when the belief is sure, more when it must hedge.
"""

from dataclasses import dataclass
from math import lgamma

import numpy as np

from rewatch.tools.seek.timeline import Floats, Timeline

TOLERANCE_SECONDS = 5.0
"""A frame this near to a key frame counts as finding it (the threshold of LV-Haystack's temporal metrics)."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A place where the target may be."""

    seconds: float
    probability: float
    """That a moment of the target lies within the tolerance, given that the video shows it at all."""


def distinct(timeline: Timeline, present: Floats, most: int) -> list[Moment]:
    """The likeliest moments that are a tolerance apart, likeliest first.

    Args:
        timeline: The grid.
        present: float64 `[C]`, probability of a moment in each cell.
        most: Return at most so many.
    """
    radius = max(int(TOLERANCE_SECONDS / timeline.cell_seconds), 1)
    middle_weighted = np.exp(-0.5 * (np.arange(-radius, radius + 1) / (0.5 * radius)) ** 2)
    edge = 3 * radius
    mass = np.concatenate([np.zeros(edge), present, np.zeros(edge)])
    near = np.convolve(mass, middle_weighted, mode="same")
    moments: list[Moment] = []
    for _ in range(min(most, timeline.num_cells)):
        place = int(near[edge : edge + timeline.num_cells].argmax()) + edge
        part = slice(place - radius, place + radius + 1)
        probability = min(float(mass[part].sum()), 1.0)
        if probability <= _LEAST:
            break
        moments.append(Moment(float(timeline.centres[place - edge]), probability))
        mass[part] = 0.0
        around = np.convolve(mass[place - edge : place + edge + 1], middle_weighted, mode="valid")
        near[place - 2 * radius : place + 2 * radius + 1] = around
    return sorted(moments, key=lambda moment: -moment.probability)


_LEAST = 1e-4
"""Moments less likely than this are not worth a viewer's time."""


def best(moments: list[Moment], expected: float) -> tuple[list[Moment], float]:
    """The first moments, as many as promise the highest F1.

    Moments are taken as independent, and the true ones that are not among them as Poisson distributed.

    Args:
        moments: Likeliest first.
        expected: Expected number of true moments, given that there are any.

    Returns:
        The moments, and the expected F1 of them.
    """
    if not moments:
        return [], 0.0
    chances = np.minimum([moment.probability for moment in moments], 1 - 1e-9)
    missing = max(expected, float(chances.sum())) - np.cumsum(chances)
    hits = np.ones(1)
    scores = []
    for count, (chance, rest) in enumerate(zip(chances.tolist(), missing.tolist(), strict=True), 1):
        hits = np.convolve(hits, [1 - chance, chance])
        number = np.arange(len(hits))[:, None]
        f1 = 2 * number / (count + number + _OTHERS)
        others = np.exp(_OTHERS * np.log(max(rest, 1e-12)) - rest - _LOG_FACTORIALS)
        scores.append(float(hits @ f1 @ others))
    most = int(np.argmax(scores))
    return moments[: most + 1], scores[most]


_OTHERS = np.arange(24)
_LOG_FACTORIALS = np.array([lgamma(count + 1) for count in _OTHERS.tolist()])
