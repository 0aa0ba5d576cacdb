"""Choosing chapter starts among places with evidence, so that chapters have sensible lengths.

Owns the trade between evidence and length, solved exactly by dynamic programming. What evidence is, `topics`
knows.
"""

from collections.abc import Sequence
from math import inf, sqrt

import numpy as np

_HOUR_TARGET_SECONDS = 260.0
"""Usual length of a chapter in a video of an hour; it grows with the square root of the duration."""
_SHORTEST_SHARE = 0.22
_LENGTH_WEIGHT = 0.9
"""Both tuned on five scripted talks for finding true starts first and few others second: a summary that names
a chapter too many is better than one that leaves a topic out."""


def target_seconds(duration_seconds: float) -> float:
    """How long a chapter usually is in a video of this duration."""
    return max(_HOUR_TARGET_SECONDS * sqrt(duration_seconds / 3600), 30.0)


def choose_starts(starts: Sequence[float], evidence: Sequence[float], duration_seconds: float) -> list[int]:
    """Choose the places where chapters begin.

    Args:
        starts: Candidate places in seconds, ascending; the first is 0 and is always chosen.
        evidence: What speaks for each; about 0 for an ordinary place.
        duration_seconds: End of the video.

    Returns:
        Numbers of the chosen places, ascending, with the greatest sum of evidence, less the cost of each
        chapter's distance from the usual length.
    """
    target = target_seconds(duration_seconds)
    shortest = _SHORTEST_SHARE * target
    times = np.array([*starts, duration_seconds])
    best, previous = [0.0], [-1]
    for end in range(1, len(times)):
        lengths = times[end] - times[:end]
        allowed = lengths >= shortest
        costs = _LENGTH_WEIGHT * np.log(np.maximum(lengths, 1e-3) / target) ** 2
        totals = np.where(allowed, np.array(best[:end]) - costs, -inf)
        chosen = int(totals.argmax())
        gain = evidence[end] if end < len(starts) else 0.0
        best.append(float(totals[chosen]) + gain)
        previous.append(chosen if allowed[chosen] else 0)
    found = []
    place = previous[-1]
    while place > 0:
        found.append(place)
        place = previous[place]
    return [0, *reversed(found)]
