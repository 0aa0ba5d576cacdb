"""A natural cubic smoothing spline (Reinsch 1967), as T* fits one to the frames that it has visited."""

import numpy as np

from rewatch.tools.seek.timeline import Floats


def smoothed(places: Floats, values: Floats, wanted: Floats, *, stiffness: float = 1.0) -> Floats:
    """Fit a spline to points and evaluate it.

    Args:
        places: float64 `[N]`, ascending and different.
        values: float64 `[N]`.
        wanted: float64 `[M]`: where to evaluate; beyond the ends the last value holds.
        stiffness: Weight of its squared second derivative; 0 interpolates.
    """
    if len(places) < 3:
        return np.interp(wanted, places, values)
    gaps = np.diff(places)
    inverse = 1 / gaps
    middle = -inverse[:-1] - inverse[1:]
    diagonal = (gaps[:-1] + gaps[1:]) / 3 + stiffness * (inverse[:-1] ** 2 + middle**2 + inverse[1:] ** 2)
    beside = gaps[1:-1] / 6 + stiffness * inverse[1:-1] * (middle[:-1] + middle[1:])
    beyond = stiffness * inverse[1:-2] * inverse[2:-1]
    curved = _solved(diagonal, beside, beyond, np.diff(np.diff(values) * inverse))
    bent = np.concatenate([[0.0], curved, [0.0]])
    fitted = values - stiffness * np.diff(np.diff(bent) * inverse, prepend=0.0, append=0.0)
    fitted[0] = values[0] - stiffness * curved[0] * inverse[0]
    fitted[-1] = values[-1] - stiffness * curved[-1] * inverse[-1]
    return _evaluated(places, fitted, bent, wanted)


def _solved(diagonal: Floats, beside: Floats, beyond: Floats, right: Floats) -> Floats:
    """Solve a symmetric positive system of five diagonals by elimination (L D L')."""
    count = len(diagonal)
    main, first, second, solution = diagonal.tolist(), beside.tolist(), beyond.tolist(), right.tolist()
    for row in range(count):
        for gap, entries in ((1, first), (2, second)):
            if row + gap >= count:
                break
            share = entries[row] / main[row]
            main[row + gap] -= share * entries[row]
            if gap == 1 and row + 2 < count:
                first[row + 1] -= share * second[row]
            solution[row + gap] -= share * solution[row]
    for row in reversed(range(count)):
        value = solution[row]
        if row + 1 < count:
            value -= first[row] * solution[row + 1]
        if row + 2 < count:
            value -= second[row] * solution[row + 2]
        solution[row] = value / main[row]
    return np.array(solution)


def _evaluated(places: Floats, fitted: Floats, curved: Floats, wanted: Floats) -> Floats:
    """The spline through points with known second derivatives."""
    inside = np.clip(wanted, places[0], places[-1])
    left = np.clip(np.searchsorted(places, inside, side="right") - 1, 0, len(places) - 2)
    gap = places[left + 1] - places[left]
    after = (inside - places[left]) / gap
    before = 1 - after
    result: Floats = before * fitted[left] + after * fitted[left + 1]
    result += gap**2 / 6 * ((before**3 - before) * curved[left] + (after**3 - after) * curved[left + 1])
    return result
