"""Where to look next: the looks that are expected to tell most of the target for their price.

The worth of a look is the mutual information between its score and "the target is here": near zero where the belief
is settled, largest where the target is about as likely as not. Small looks at many places are cheap and tell little
apart from look-alikes; a large look is dear and decides. So a search begins wide and ends close without being told to.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from rewatch.tools.seek.evidence import EvidenceModel
from rewatch.tools.seek.looks import VIEWS, Looks, Price, View
from rewatch.tools.seek.relations import Posterior
from rewatch.tools.seek.timeline import Floats, Ints, Timeline


@dataclass(frozen=True, slots=True)
class Step:
    """The next looks."""

    view: View
    cells: Ints
    """int64 `[N]`, ascending."""
    worth: float
    """Expected information of the best of them, in nats for the price of looking at one frame alone."""


class Policy:
    """Chooses looks for one search. Remembers what was looked at; not shared between threads."""

    def __init__(self, timeline: Timeline, model: EvidenceModel, price: Price, *, batch: int = 8) -> None:
        """Prepare.

        Args:
            timeline: The grid.
            model: What looks tell.
            price: What looks cost.
            batch: Large frames that are looked at together.
        """
        self._timeline = timeline
        self._price = price
        self.batch = batch
        """Large frames that are looked at together."""
        self._views: tuple[View, ...] = VIEWS if price.grid > 1 else ("frame",)
        self._tables = {view: _table(model, view) for view in self._views}
        width = sorted(model.widths_seconds)[len(model.widths_seconds) // 2] / timeline.cell_seconds
        self._places = timeline.num_cells / (2 * width)
        """Looks so far apart that each tells of another place."""
        gaps = np.arange(-int(2 * width), int(2 * width) + 1)
        self._thinned = 1 - np.exp(-((gaps / width) ** 2))
        self._shape = np.exp(-0.5 * (np.arange(1, int(2 * width) + 1) / width) ** 2)
        faded = model.fade_share * np.exp(-np.abs(gaps) * timeline.cell_seconds / model.fade_seconds)
        again = np.where(gaps == 0, 1.0, faded)
        self._heard = {True: again, False: model.across_views * faded}
        """What looks around an earlier one would only repeat: in the same view, and in the other one."""
        shots = timeline.shot_of_cell
        self._joined = [
            (shots[gap:] == shots[:-gap]) * height
            for gap, height in enumerate(self._shape, 1)
            if gap < len(shots)
        ]
        self._news = {view: np.ones(timeline.num_cells) for view in VIEWS}
        self._order = 1 + 0.05 * _scattered(timeline.num_cells)

    def note(self, looks: Looks) -> None:
        """Remember looks: the same frame again would tell nothing new."""
        centres = self._timeline.cell_at(looks.seconds)
        reach = len(self._heard[True]) // 2
        cells = centres[:, None] + np.arange(-reach, reach + 1)
        inside = (cells >= 0) & (cells < self._timeline.num_cells)
        for view in self._views:
            left = np.broadcast_to(1 - self._heard[view == looks.view], cells.shape)
            np.minimum.at(self._news[view], cells[inside], left[inside])

    def spread(self, most: int) -> Step:
        """Looks at frames spread evenly, the same whatever is believed.

        Args:
            most: Return at most so many, at least one.
        """
        edges = np.linspace(0, self._timeline.num_cells, min(most, self._timeline.num_cells) + 1)
        middles = ((edges[:-1] + edges[1:]) / 2).astype(np.int64)
        return Step("frame", middles, 0.0)

    def next(self, posteriors: Sequence[Posterior], most: int) -> Step:
        """Choose the next looks.

        Args:
            posteriors: One for each target; a look serves all of them.
            most: Return at most so many, at least one.
        """
        worth = {view: np.zeros(self._timeline.num_cells) for view in self._views}
        for posterior in posteriors:
            places = _places(self._spread(posterior.cells), self._spread(posterior.lookalikes))
            for view in self._views:
                worth[view] += self._tables[view].at(places)
        alone = self._price.of("frame")
        prices = {view: self._price.of(view) / alone for view in self._views}
        for view in self._views:
            worth[view] *= self._news[view] * self._order / (prices[view] + self._places / most)
        view = max(self._views, key=lambda name: float(worth[name].max()))
        best = float(worth[view].max())
        other = max((float(worth[name].max()) for name in self._views if name != view), default=0.0)
        size = self._price.grid**2 if view == "tile" else self.batch
        floor = max(other, best / 4) if view == "frame" else 0.0
        promised = best * (prices[view] + self._places / most) / prices[view]
        return Step(view, self._pick(worth[view], min(size, most), floor), promised)

    def _pick(self, worth: Floats, count: int, floor: float) -> Ints:
        """The best cells, each leaving less to learn around itself."""
        cells: list[int] = []
        reach = len(self._thinned) // 2
        while len(cells) < min(count, len(worth)):
            cell = int(worth.argmax())
            if cells and worth[cell] <= floor:
                break
            cells.append(cell)
            low, high = max(cell - reach, 0), min(cell + reach + 1, len(worth))
            worth[low:high] *= self._thinned[low - cell + reach : high - cell + reach]
            worth[cell] = -1.0
        return np.array(sorted(cells), np.int64)

    def _spread(self, cells: Floats) -> Floats:
        """How likely a moment lifts the score at each cell: its own, or a near one of the same shot."""
        spread = cells.copy()
        for gap, weights in enumerate(self._joined, 1):
            spread[gap:] += weights * cells[:-gap]
            spread[:-gap] += weights * cells[gap:]
        return np.minimum(spread, 1.0)


_TARGET = np.linspace(np.log(1e-6), np.log(0.9999), 56)
_LOOKALIKE = np.linspace(np.log(1e-4), np.log(0.9999), 24)


@dataclass(frozen=True, slots=True)
class _Places:
    """Where beliefs stand in a table."""

    row: Ints
    share: Floats
    """Of the next row."""
    column: Ints


def _places(target: Floats, lookalike: Floats) -> _Places:
    place = _nearest(_TARGET, target)
    row = np.minimum(place.astype(np.int64), len(_TARGET) - 2)
    return _Places(row, place - row, _nearest(_LOOKALIKE, lookalike).round().astype(np.int64))


def _nearest(grid: Floats, values: Floats) -> Floats:
    place = (np.log(np.maximum(values, 1e-12)) - grid[0]) / (grid[1] - grid[0])
    clipped: Floats = np.clip(place, 0, len(grid) - 1)
    return clipped


class _Table:
    """Mutual information of a score and the target's being there, over the two beliefs that it depends on."""

    def __init__(self, model: EvidenceModel, view: View) -> None:
        kinds = (model.target, model.lookalike)
        heights = [0.0, *(kind.height.of(view) for kind in kinds)]
        spreads = [1.0, *(float(np.hypot(1, kind.variation * kind.height.of(view))) for kind in kinds)]
        scores = np.linspace(min(heights) - 5, max(heights) + 5 * max(spreads), 121)
        step = scores[1] - scores[0]
        none, there, alike = (
            np.exp(-0.5 * ((scores - mean) / spread) ** 2) / (spread * np.sqrt(2 * np.pi))
            for mean, spread in zip(heights, spreads, strict=True)
        )
        target = np.exp(_TARGET)[:, None, None]
        lookalike = np.minimum(np.exp(_LOOKALIKE)[None, :, None], 1 - target)
        other = lookalike * alike + (1 - target - lookalike) * none
        both = target * there
        share = both / np.maximum(both + other, 1e-300)
        left = (_entropy(share) * (both + other)).sum(axis=-1) * step
        self._gain = np.maximum(_entropy(target[..., 0]) - left, 0.0)

    def at(self, places: _Places) -> Floats:
        """The information at each pair of beliefs: by the nearest look-alike, interpolated over the target."""
        row, share, column = places.row, places.share, places.column
        result: Floats = (1 - share) * self._gain[row, column] + share * self._gain[row + 1, column]
        return result


@lru_cache(maxsize=16)
def _table(model: EvidenceModel, view: View) -> _Table:
    return _Table(model, view)


def _entropy(share: Floats) -> Floats:
    inside = np.clip(share, 1e-15, 1 - 1e-15)
    result: Floats = -(inside * np.log(inside) + (1 - inside) * np.log1p(-inside))
    return result


def _scattered(count: int) -> Floats:
    """Numbers 0 to 1, highest where bisection would look first: even cover, however early a search ends."""
    bits = max(int(np.ceil(np.log2(max(count, 2)))), 1)
    numbers = np.arange(2**bits)
    reverse = np.zeros_like(numbers)
    for bit in range(bits):
        reverse |= ((numbers >> bit) & 1) << (bits - 1 - bit)
    places = (numbers * count) >> bits
    rank = np.full(count, 2**bits)
    np.minimum.at(rank, places, reverse)
    scattered: Floats = 1 - rank / 2**bits
    return scattered
