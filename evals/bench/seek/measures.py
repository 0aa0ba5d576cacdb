"""How sure a mean of many samples is, and how far probabilities can be believed."""

from dataclasses import dataclass

import numpy as np

from rewatch.tools.seek.timeline import Floats


def calibration_error(probabilities: Floats, truths: Floats, bins: int = 10) -> float:
    """Expected calibration error: mean distance of probability and frequency over equal bins, weighted by size."""
    places = np.minimum((probabilities * bins).astype(np.int64), bins - 1)
    error = 0.0
    for place in np.unique(places):
        inside = places == place
        error += inside.mean() * abs(float(probabilities[inside].mean() - truths[inside].mean()))
    return float(error)


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.3f} [{self.low:.3f}, {self.high:.3f}]"


def interval(values: Floats, seed: int = 0, draws: int = 2000) -> Interval:
    """The mean of samples; of differences sample by sample, it is a paired comparison."""
    chance = np.random.default_rng(seed)
    means = values[chance.integers(len(values), size=(draws, len(values)))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return Interval(float(values.mean()), float(low), float(high))
