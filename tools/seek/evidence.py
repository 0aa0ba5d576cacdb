"""What a look's score tells: how likely it is with the target there, with a look-alike, and with nothing.

Scores become standard units (`Warp`): nothing there is 0 on average with spread 1. In these units the looks of a
shot share an offset, and looks close in time share much of their noise, so ten looks at one shot are far from ten
independent ones. A moment lifts the looks around it, most at its middle, by a height that differs from one moment to
the next. All of it is Gaussian, so that the evidence of any set of looks has a closed form (a matched filter with
known noise; Kay, Fundamentals of Statistical Signal Processing II, 1998, chapters 4 and 5).
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rewatch.memory.errors import SettingError
from rewatch.tools.seek.looks import ByView
from rewatch.tools.seek.timeline import Floats

Scale = Literal["logit", "identity"]
"""How a scorer counts: probabilities, best compared by their log-odds, or cosines and logits as they are."""


_NOTHING, _UNIT = ByView(0.0, 0.0), ByView(1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Warp:
    """From a scorer's own scores to standard units."""

    scale: Scale = "identity"
    offset: ByView = _NOTHING
    """Usual value where nothing is."""
    spread: ByView = _UNIT
    """Standard deviation where nothing is."""

    def raw(self, scores: Floats) -> Floats:
        """Scores on the scale where their noise is even."""
        if self.scale == "identity":
            return scores
        inside = np.clip(scores, 1e-6, 1 - 1e-6)
        return np.log(inside) - np.log1p(-inside)

    def standard(self, scores: Floats, alone: NDArray[np.bool_]) -> Floats:
        """Scores in standard units.

        Args:
            scores: float64 `[N]`.
            alone: `[N]`, whether the frame was looked at alone.
        """
        offset = np.where(alone, self.offset.frame, self.offset.tile)
        return (self.raw(scores) - offset) / np.where(alone, self.spread.frame, self.spread.tile)

    def settled(
        self,
        scores: Floats,
        alone: NDArray[np.bool_],
        weights: Floats,
        trust: float,
        trust_spread: float,
        *,
        knows_zero: bool = True,
    ) -> "Warp":
        """Move towards what one video's own looks show, most of which see nothing.

        Args:
            scores: float64 `[N]`, at least one.
            alone: `[N]`, whether the frame was looked at alone.
            weights: float64 `[N]`, for how much of the video each look stands: looks crowd where something is.
            trust: So many looks weigh as much as the offset that was known before.
            trust_spread: So many weigh as much as the spread that was.
            knows_zero: Whether the offset was known at all; else that of the looks is taken as it is.

        Returns:
            Another warp, both views moved by the same number of spreads; the median and the lower spread of the looks
            are robust to the few that saw something.
        """
        low, middle = _weighted_quantiles(self.standard(scores, alone), weights, (_ONE_SPREAD_BELOW, 0.5))
        number = float(weights.sum() ** 2 / (weights**2).sum())
        share = number / (number + trust)
        shift = (share if knows_zero else 1.0) * middle
        widening = max(middle - low, 0.1) ** (number / (number + trust_spread))
        return replace(
            self,
            offset=ByView(
                self.offset.tile + shift * self.spread.tile, self.offset.frame + shift * self.spread.frame
            ),
            spread=ByView(self.spread.tile * widening, self.spread.frame * widening),
        )


def _weighted_quantiles(values: Floats, weights: Floats, shares: tuple[float, float]) -> tuple[float, float]:
    order = np.argsort(values)
    middles = np.cumsum(weights[order]) - weights[order] / 2
    low, high = np.interp(np.array(shares) * weights.sum(), middles, values[order])
    return float(low), float(high)


_ONE_SPREAD_BELOW = 0.1587
"""The quantile of a normal distribution that lies one standard deviation below its median."""

USUAL_WIDTHS_SECONDS = (1.5, 3.0, 6.0)


@dataclass(frozen=True, slots=True)
class Kind:
    """How something that is there lifts the scores around it."""

    height: ByView
    """Mean lift at its middle, in standard units."""
    variation: float
    """Standard deviation of the lift from one moment to the next, relative to its mean."""


@dataclass(frozen=True, slots=True)
class EvidenceModel:
    """A scorer, calibrated: everything that the search assumes of its scores."""

    warp: Warp
    target: Kind
    lookalike: Kind
    lookalikes_per_hour: float = 12.0
    """Expected before anything is seen."""
    widths_seconds: tuple[float, ...] = USUAL_WIDTHS_SECONDS
    """How long before and after its middle a moment fades (standard deviation); each is as likely."""
    shot_share: float = 0.2
    """Share of the noise's variance that all looks of a shot have in common."""
    fade_share: float = 0.6
    """Share of the noise's variance that looks close in time have in common."""
    fade_seconds: float = 2.0
    """Time in which that common part falls to a third."""
    across_views: float = 0.5
    """Correlation of the fading noise of one frame looked at in both ways."""
    trust_looks: float = 32.0
    """So many looks at a video weigh as much as the calibration in telling what nothing looks like ..."""
    trust_spread_looks: float = 1024.0
    """... and so many in telling how far that spreads: looks at one shot share their noise, so that a video with few
    shots seems to spread less or more than it does."""
    knows_zero: bool = True
    """Whether what nothing scores is known beforehand, as it is of confidences; else each video alone tells it."""

    def __post_init__(self) -> None:
        if self.shot_share < 0 or self.fade_share < 0 or self.shot_share + self.fade_share >= 1:
            raise SettingError(
                f"noise shares {self.shot_share:g} and {self.fade_share:g} must be 0 or more and add up to under 1"
            )

    @property
    def reach_seconds(self) -> float:
        """Farther than this from a moment, a look tells nothing of it."""
        return 3.0 * max(self.widths_seconds)

    def covariance(self, seconds: Floats, alone: NDArray[np.bool_]) -> Floats:
        """Of the noise of looks at one shot, `[..., N, N]`, in standard units.

        Args:
            seconds: float64 `[..., N]`.
            alone: `[..., N]`, whether the frame was looked at alone.
        """
        gaps = np.abs(seconds[..., :, None] - seconds[..., None, :])
        alike = np.where(alone[..., :, None] == alone[..., None, :], 1.0, self.across_views)
        common = self.shot_share + self.fade_share * np.exp(-gaps / self.fade_seconds) * alike
        own = 1.0 - self.shot_share - self.fade_share
        return np.asarray(common + own * np.eye(seconds.shape[-1]))

    def log_ratios(
        self,
        cells: Floats,
        seconds: Floats,
        alone: NDArray[np.bool_],
        values: Floats,
        made: NDArray[np.bool_],
    ) -> tuple[Floats, Floats]:
        """How much likelier the looks are with a moment at a cell than with nothing, for several carriers at once.

        Args:
            cells: float64 `[B, C]`, middles of each carrier's cells.
            seconds: float64 `[B, N]`, when the looks at its shot were.
            alone: `[B, N]`, whether the frame was looked at alone.
            values: float64 `[B, N]`, in standard units.
            made: `[B, N]`, False for padding.

        Returns:
            Natural logarithms `[B, C]`, for a target and for a look-alike.
        """
        both = made[:, :, None] & made[:, None, :]
        noise = np.where(both, self.covariance(seconds, alone), np.eye(seconds.shape[1]))
        whitened = np.linalg.inv(noise)
        squared = (cells[:, :, None] - seconds[:, None, :]).astype(np.float32) ** 2
        widths = np.array(self.widths_seconds, np.float32)[:, None, None, None]
        shapes = np.exp(-0.5 / widths**2 * np.where(made[:, None, :], squared, np.float32(np.inf)))
        ratios = []
        for kind in (self.target, self.lookalike):
            heights = np.where(alone, kind.height.frame, kind.height.tile)
            scaled = whitened * heights[:, :, None]
            pull = scaled @ np.where(made, values, 0.0)[:, :, None]
            match = (shapes @ pull.astype(np.float32))[..., 0].astype(np.float64)
            pulled = shapes @ (scaled * heights[:, None, :]).astype(np.float32)
            energy = np.einsum("wbcn,wbcn->wbc", pulled, shapes).astype(np.float64)
            ratios.append(_mean_in_logs(_matched(match, energy, kind.variation**2)))
        return ratios[0], ratios[1]


def even(value: float) -> ByView:
    """The same number for both views."""
    return ByView(value, value)


def _matched(match: Floats, energy: Floats, variance: float) -> Floats:
    """Log ratio of a lift of mean 1 and some variance, integrated over the lift."""
    spread = 1 + variance * energy
    exponent: Floats = (variance * match**2 + 2 * match - energy) / spread
    return 0.5 * (exponent - np.log(spread))


def _mean_in_logs(values: Floats) -> Floats:
    highest = values.max(axis=0)
    result: Floats = highest + np.log(np.exp(values - highest).mean(axis=0))
    return result
