"""From a belief to the few moments worth returning.

Moments lie apart from each other. How many are returned maximises the expected F1 of what a viewer would call hits:
few when the belief is sure, more when it must hedge.
"""

from dataclasses import dataclass

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

    Args:
        moments: Likeliest first.
        expected: Expected number of true moments, given that there are any.

    Returns:
        The moments, and the F1 expected of them (of expectations, after Nan et al. 2012, arXiv:1206.4625).
    """
    hits = np.cumsum([moment.probability for moment in moments])
    counts = np.arange(1, len(moments) + 1)
    if not len(hits):
        return [], 0.0
    scores = 2 * hits / (counts + max(expected, 1.0))
    number = int(scores.argmax())
    return moments[: number + 1], float(scores[number])
