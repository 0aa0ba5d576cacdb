"""How sure a number is, and whether two runs differ.

Questions about one video are not independent, so whole videos are drawn: pass the video of each sample as its group.
Sources: Efron and Tibshirani, "An Introduction to the Bootstrap", 1993 (percentile intervals over clusters); Fisher's
sign-flip permutation test; McNemar's exact test, 1947.
"""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ROUNDS = 1000
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with its confidence interval, whose ends are NaN where fewer than two groups were drawn from."""

    value: float
    low: float
    high: float

    def ends(self, form: str = ".4f") -> str:
        """The interval in words; "none" where there is none."""
        return "none" if math.isnan(self.low) else f"{self.low:{form}} to {self.high:{form}}"


@dataclass(frozen=True, slots=True)
class Difference(Interval):
    """The mean of B minus that of A on the same samples, with its interval and how surprising it is."""

    p_value: float
    """Probability of a difference this large when the two do not differ; two-sided."""
    num_samples: int


def bootstrap(
    values: Sequence[float],
    groups: Sequence[Hashable] | None = None,
    *,
    level: float = LEVEL,
    rounds: int = ROUNDS,
    seed: int = 0,
) -> Interval:
    """Mean and percentile interval; the same seed gives the same interval.

    One group tells nothing of others, so that it has no interval.

    Args:
        values: One value a sample.
        groups: What is drawn together, such as the sample's video; None draws single samples.
        level: Share of draws inside the interval.
        rounds: Draws with replacement.
        seed: Of the draws.
    """
    if not values:
        return Interval(math.nan, math.nan, math.nan)
    sums, counts = _by_group(np.asarray(values, np.float64), groups)
    if len(sums) == 1:
        return Interval(float(sums[0] / counts[0]), math.nan, math.nan)
    picks = np.random.default_rng(seed).integers(0, len(sums), (rounds, len(sums)))
    means = sums[picks].sum(axis=1) / counts[picks].sum(axis=1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(sums.sum() / counts.sum()), float(low), float(high))


def paired_difference(
    first: Sequence[float],
    second: Sequence[float],
    groups: Sequence[Hashable] | None = None,
    *,
    level: float = LEVEL,
    rounds: int = ROUNDS,
    seed: int = 0,
) -> Difference:
    """How the second run differs from the first on the same samples.

    The p-value is that of a sign-flip permutation of the groups' differences; with the observed arrangement counted,
    it is never 0.

    Args:
        first: One value a sample of run A.
        second: The same samples of run B, in the same order.
        groups: What is drawn and flipped together, such as the sample's video.
        level: Share of draws inside the interval.
        rounds: Draws, and flips.
        seed: Of both.

    Raises:
        ValueError: The runs have different numbers of samples.
    """
    if len(first) != len(second):
        raise ValueError(f"{len(first)} and {len(second)} samples cannot be paired")
    if not first:
        return Difference(math.nan, math.nan, math.nan, math.nan, 0)
    change = np.asarray(second, np.float64) - np.asarray(first, np.float64)
    interval = bootstrap(change.tolist(), groups, level=level, rounds=rounds, seed=seed)
    sums, _ = _by_group(change, groups)
    signs = np.random.default_rng(seed + 1).integers(0, 2, (rounds, len(sums))) * 2 - 1
    extreme = np.abs((signs * sums).sum(axis=1)) >= abs(sums.sum()) - 1e-12
    p_value = (int(extreme.sum()) + 1) / (rounds + 1)
    return Difference(interval.value, interval.low, interval.high, p_value, len(first))


def mcnemar(only_first: int, only_second: int) -> float:
    """Exact two-sided p-value of McNemar's test.

    Args:
        only_first: Samples that only run A has right.
        only_second: Samples that only run B has right.
    """
    total, least = only_first + only_second, min(only_first, only_second)
    tail = sum(math.comb(total, count) for count in range(least + 1)) / 2**total if total else 1.0
    return min(1.0, 2 * tail)


def _by_group(
    values: NDArray[np.float64], groups: Sequence[Hashable] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sum and number of values of each group."""
    if groups is None:
        return values, np.ones_like(values)
    numbers: dict[Hashable, int] = {}
    of = np.array([numbers.setdefault(group, len(numbers)) for group in groups])
    return np.bincount(of, values).astype(np.float64), np.bincount(of).astype(np.float64)
