"""The belief of where a target is: a posterior over time, with "nowhere in the video" as a hypothesis of its own.

Each carrier (a shot or a part of one) holds nothing, a look-alike, or one moment of the target at one of its cells;
carriers are independent of each other, until `relations` joins targets. Exact Bayes for that model: evidence enters a
carrier through its own shot's looks only, so mass spreads within shots and never across a cut.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rewatch.memory.errors import SettingError
from rewatch.tools.seek.evidence import EvidenceModel
from rewatch.tools.seek.looks import Looks
from rewatch.tools.seek.timeline import Floats, Ints, Timeline

FIRST_SETTLING = 24
"""Fewer looks than this hardly tell what is usual in a video; the estimate is renewed at each doubling, and before a
search ends."""
_RATES = np.exp(np.linspace(-1.5, 1.5, 13))
_RATE_CHANCES = np.exp(-0.5 * (np.log(_RATES) / 0.5) ** 2)
"""Look-alikes are so many times as frequent in a video as the calibration expects: log-normal, spread one half."""
_NEVER = -1e9
"""Logarithm of a chance that is none."""
_BEYOND_NOISE = 3.0
"""Standard units that a frame of nothing hardly reaches."""


@dataclass(frozen=True, slots=True)
class Prior:
    """What is believed before the first look."""

    expected: Floats
    """float64 `[C]`: expected number of the target's moments in each cell, given that the video shows it."""
    absent: float
    """Probability that the video does not show the target."""

    def __post_init__(self) -> None:
        if not 0 < self.absent < 1:
            raise SettingError(f"an absent probability of {self.absent:g} is not between 0 and 1")


class Belief:
    """The posterior of one target. Not shared between threads."""

    def __init__(self, timeline: Timeline, model: EvidenceModel, prior: Prior) -> None:
        """Believe the prior.

        Args:
            timeline: The grid, its shots and carriers.
            model: What the scorer's scores tell.
            prior: Over the grid's cells.
        """
        self.timeline = timeline
        self.model = model
        self.prior = prior
        self._warp = model.warp
        self._next_settling = self._enough = min(FIRST_SETTLING, timeline.num_cells)
        self._num_settled = 0
        self.seconds: Floats = np.zeros(0)
        """float64 `[N]`: when the looks were, ascending."""
        self.scores: Floats = np.zeros(0)
        """float64 `[N]`: what the scorer said."""
        self.alone: NDArray[np.bool_] = np.zeros(0, bool)
        """`[N]`: whether the frame was looked at alone, not in a tile."""
        rate = model.lookalikes_per_hour * timeline.cell_seconds / 3600
        cells = timeline.cells_of_carrier
        with np.errstate(divide="ignore"):
            logs = np.log(prior.expected)[cells]
        self._target_before = np.where(timeline.in_carrier, np.maximum(logs, _NEVER), _NEVER)
        self._lookalike_before = np.where(timeline.in_carrier, np.log(max(rate, 1e-300)), _NEVER)
        self._target, self._lookalike = self._target_before.copy(), self._lookalike_before.copy()
        self._log_rate = 0.0
        self.cells: Floats = np.zeros(timeline.num_cells)
        """float64 `[C]`: probability of a moment of the target in each cell, its absence included."""
        self.lookalikes: Floats = np.zeros(timeline.num_cells)
        """float64 `[C]`: the same for look-alikes."""
        self._log_none = np.zeros(len(timeline.carriers))
        self._conclude(np.arange(len(timeline.carriers)))
        self._log_none_before = float(self._log_none.sum())

    def see(self, looks: Looks, query: int = 0) -> None:
        """Take in some looks.

        Args:
            looks: New ones.
            query: Which column of their scores is this target's.
        """
        seconds = np.concatenate([self.seconds, looks.seconds])
        order = np.argsort(seconds, kind="stable")
        self.seconds = seconds[order]
        self.scores = np.concatenate([self.scores, looks.scores[:, query]])[order]
        alone = np.full(len(looks.seconds), looks.view == "frame")
        self.alone = np.concatenate([self.alone, alone])[order]
        if len(seconds) >= self._next_settling or self.is_stranger:
            self._settle()
        else:
            self._weigh(self._near(looks.seconds))

    @property
    def is_stranger(self) -> bool:
        """Whether neither a calibration nor looks enough tell what the scorer says of nothing in this video."""
        return not self.model.knows_zero and len(self.seconds) < self._enough

    @property
    def is_anchored(self) -> bool:
        """Whether a calibration still tells more of how far scores spread than the looks do."""
        return len(self.seconds) <= self.model.trust_spread_looks

    def renew(self) -> bool:
        """Learn anew what is usual in this video, if there are enough looks and some are new; tells whether."""
        if len(self.seconds) < self._enough or len(self.seconds) == self._num_settled:
            return False
        self._settle()
        return True

    def _settle(self) -> None:
        """Learn from this video's own looks what nothing looks like here and how frequent look-alikes are.

        Each look stands for the time that is nearer to it than to any other. All of them are weighed anew.
        """
        self._num_settled = len(self.seconds)
        self._next_settling = max(2 * self._num_settled, self._enough)
        span = self.timeline.span
        between = (self.seconds[1:] + self.seconds[:-1]) / 2
        stands_for = np.diff([span.start_seconds, *between, span.end_seconds])
        self._warp = self.model.warp.settled(
            self.scores,
            self.alone,
            np.maximum(stands_for, 1e-6),
            self.model.trust_looks,
            self.model.trust_spread_looks,
            knows_zero=self.model.knows_zero,
        )
        everything = np.arange(len(self.timeline.carriers))
        self._weigh(everything)
        self._log_rate = self._learnt_log_rate()
        self._conclude(everything)

    def _learnt_log_rate(self) -> float:
        """Mean logarithm of how many times as frequent look-alikes are here, by how well each rate tells the looks."""
        there, alike = (np.logaddexp.reduce(logs, axis=1) for logs in (self._target, self._lookalike))
        before = np.exp(self._target_before).sum(axis=1), np.exp(self._lookalike_before).sum(axis=1)
        rates = _RATES[:, None]
        told = np.logaddexp(np.logaddexp(0.0, there), np.log(rates) + alike)
        fits = (told - np.log1p(before[0] + rates * before[1])).sum(axis=1)
        chances = _RATE_CHANCES * np.exp(fits - fits.max())
        return float(chances @ np.log(_RATES) / chances.sum())

    @property
    def standard(self) -> Floats:
        """float64 `[N]`: the looks' scores in standard units of this video."""
        return self._warp.standard(self.scores, self.alone)

    def in_standard_units(self, score: float, *, alone: bool) -> float:
        """One score in standard units of this video."""
        return float(self._warp.standard(np.array([score]), np.array([alone]))[0])

    @property
    def unconfirmed(self) -> Floats:
        """float64 `[N]`: seconds of frames that score as a target in a tile and that no likely moment explains.

        Those looked at alone are left out.
        """
        strong = self.standard >= max(self.model.target.height.tile, _BEYOND_NOISE)
        frames = np.setdiff1d(self.seconds[strong & ~self.alone], self.seconds[self.alone])
        near = np.abs(self.timeline.centres - frames[:, None]) <= max(self.model.widths_seconds)
        near &= self.timeline.shot_of_cell == self.timeline.shot_at(frames)[:, None]
        unexplained: Floats = frames[near @ self.cells < 0.5]
        return unexplained

    @property
    def absent_probability(self) -> float:
        """Probability that the video does not show the target."""
        return self.absent_given(float(self._log_none.sum()))

    def absent_given(self, log_none: float) -> float:
        """The same, were `log_none` the logarithm of the chance that no carrier holds the target."""
        none, before = (min(log, -1e-12) for log in (log_none, self._log_none_before))
        absent = np.log(self.prior.absent) + none - before
        shown = np.log1p(-self.prior.absent) + np.log(np.expm1(none) / np.expm1(before))
        return float(1 / (1 + np.exp(np.clip(shown - absent, -700, 700))))

    @property
    def present(self) -> Floats:
        """float64 `[C]`: expected number of moments in each cell, given that the video shows the target."""
        given: Floats = self.cells / max(-np.expm1(float(self._log_none.sum())), 1e-300)
        return given

    def _near(self, seconds: Floats) -> Ints:
        """The carriers that looks at these instants tell of."""
        starts, ends = self.timeline.reach(self.model.reach_seconds)
        shots = self.timeline.shot_at(seconds)
        inside = (seconds >= starts[:, None]) & (seconds <= ends[:, None])
        return np.flatnonzero((inside & (shots == self.timeline.carrier_shots[:, None])).any(axis=1))

    def _weigh(self, carriers: Ints) -> None:
        """Compute the evidence for some carriers again, those with about as many looks together.

        What scores beyond noise is left to the carrier that it lies in: a moment just across the edge would count
        for both.
        """
        starts, ends = self.timeline.reach(self.model.reach_seconds)
        first = np.searchsorted(self.seconds, starts[carriers])
        number = np.searchsorted(self.seconds, ends[carriers], side="right") - first
        values = self.standard
        own_starts, own_ends = self.timeline.reach(0.0)
        sizes = np.ceil(np.log2(np.maximum(number, 1))).astype(np.int64)
        for size in np.unique(sizes[number > 0]).tolist():
            rows = np.flatnonzero((sizes == size) & (number > 0))
            chosen = carriers[rows]
            offsets = np.arange(number[rows].max())
            made = offsets < number[rows][:, None]
            looks = np.minimum(first[rows][:, None] + offsets, len(self.seconds) - 1)
            at = self.seconds[looks]
            beside = (at < own_starts[chosen][:, None]) | (at > own_ends[chosen][:, None])
            made &= ~(beside & (values[looks] > _BEYOND_NOISE))
            cells = self.timeline.centres[self.timeline.cells_of_carrier[chosen]]
            target, lookalike = self.model.log_ratios(
                cells, self.seconds[looks], self.alone[looks], values[looks], made
            )
            self._target[chosen] = self._target_before[chosen] + target
            self._lookalike[chosen] = self._lookalike_before[chosen] + lookalike
            self._conclude(chosen)

    def _conclude(self, carriers: Ints) -> None:
        """Normalise within carriers: nothing, a look-alike somewhere, or the target somewhere."""
        target, lookalike = self._target[carriers], self._log_rate + self._lookalike[carriers]
        highest = np.maximum(0.0, np.maximum(target.max(axis=1), lookalike.max(axis=1)))[:, None]
        there, alike = np.exp(target - highest), np.exp(lookalike - highest)
        other = np.exp(-highest[:, 0]) + alike.sum(axis=1)
        whole = (other + there.sum(axis=1))[:, None]
        inside = self.timeline.in_carrier[carriers]
        cells = self.timeline.cells_of_carrier[carriers][inside]
        self.cells[cells] = (there / whole)[inside]
        self.lookalikes[cells] = (alike / whole)[inside]
        self._log_none[carriers] = np.log(np.maximum(other / whole[:, 0], 1e-300))
