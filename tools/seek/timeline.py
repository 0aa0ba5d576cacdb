"""Time as search sees it: a grid of cells, the shots that bound what one look tells, and carriers.

A look tells something of the cells around it in its own shot, never of those beyond a cut. A carrier is a shot or,
where a shot is long, an equal part of it: at most one moment is sought in a carrier. Owns the arithmetic only.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rewatch.memory.types import Span

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LONGEST_CARRIER_SECONDS = 20.0
"""Two moments closer than this, in one shot, are found one after the other at best."""


@dataclass(frozen=True, slots=True)
class Carrier:
    """A part of one shot, as cells `[first, stop)` of the grid."""

    first: int
    stop: int
    shot: int


class Timeline:
    """Cells of equal length over a span, with the shot and the carrier of each."""

    def __init__(self, span: Span, shots: Sequence[Span] = (), *, cell_seconds: float = 1.0) -> None:
        """Lay the grid.

        Args:
            span: What is searched, longer than nothing.
            shots: Spans between cuts, in any order; parts without one count as one shot.
            cell_seconds: Length of a cell; the last one may be shorter.
        """
        if span.duration_seconds <= 0:
            raise ValueError("a timeline needs a span with a length")
        self.span = span
        self.cell_seconds = cell_seconds
        self.num_cells = max(math.ceil(span.duration_seconds / cell_seconds - 1e-9), 1)
        starts = span.start_seconds + cell_seconds * np.arange(self.num_cells)
        self.centres: Floats = (starts + np.minimum(starts + cell_seconds, span.end_seconds)) / 2
        """Middle of each cell, in seconds on the video's clock."""
        cuts = sorted({edge for shot in shots for edge in (shot.start_seconds, shot.end_seconds)})
        self.cuts: Floats = np.array([cut for cut in cuts if span.start_seconds < cut < span.end_seconds])
        self.shot_of_cell: Ints = self.shot_at(self.centres)
        self.carriers = tuple(self._carriers())
        firsts = np.array([carrier.first for carrier in self.carriers], np.int64)
        stops = np.array([carrier.stop for carrier in self.carriers], np.int64)
        self.carrier_of_cell: Ints = np.repeat(np.arange(len(self.carriers)), stops - firsts)
        """int64 `[C]`: the carrier of each cell."""
        offsets = np.arange((stops - firsts).max())
        self.in_carrier: NDArray[np.bool_] = offsets < (stops - firsts)[:, None]
        """`[B, L]`: whether a place of `cells_of_carrier` is one, or padding."""
        self.cells_of_carrier: Ints = np.minimum(firsts[:, None] + offsets, self.num_cells - 1)
        """int64 `[B, L]`: the cells of each carrier."""
        self.carrier_shots: Ints = np.array([carrier.shot for carrier in self.carriers], np.int64)
        """int64 `[B]`: the shot of each carrier."""
        shot_starts = np.array([span.start_seconds, *self.cuts])[self.carrier_shots]
        shot_ends = np.array([*self.cuts, span.end_seconds])[self.carrier_shots]
        self._shot_starts, self._shot_ends = shot_starts, np.nextafter(shot_ends, 0.0)
        self._starts = span.start_seconds + cell_seconds * firsts
        self._ends = span.start_seconds + cell_seconds * stops

    def shot_at(self, seconds: Floats) -> Ints:
        """Number of the shot on display at each instant."""
        return np.searchsorted(self.cuts, seconds, side="right").astype(np.int64)

    def cell_at(self, seconds: Floats) -> Ints:
        """The cell that holds each instant, or the nearest one."""
        cells = np.floor((seconds - self.span.start_seconds) / self.cell_seconds + 1e-9).astype(np.int64)
        return np.clip(cells, 0, self.num_cells - 1)

    def reach(self, seconds: float) -> tuple[Floats, Floats]:
        """From when to when a look tells of each carrier, `[B]` both: that far beyond it, but within its shot."""
        return (
            np.maximum(self._starts - seconds, self._shot_starts),
            np.minimum(self._ends + seconds, self._shot_ends),
        )

    def around(self, seconds: float, without: Floats) -> Span:
        """The part of the shot around an instant that ends at the nearest instants of some others.

        Args:
            seconds: The instant.
            without: Instants at which the thing in question is known not to be.
        """
        edges = np.array([self.span.start_seconds, *self.cuts, self.span.end_seconds])
        before, after = (
            np.concatenate([edges, without[side]]) for side in (without < seconds, without > seconds)
        )
        return Span(float(before[before <= seconds].max()), float(after[after > seconds].min()))

    def _carriers(self) -> list[Carrier]:
        edges = np.flatnonzero(np.diff(self.shot_of_cell)) + 1
        longest = max(round(LONGEST_CARRIER_SECONDS / self.cell_seconds), 1)
        carriers: list[Carrier] = []
        for first, stop in pairwise([0, *edges.tolist(), self.num_cells]):
            bounds = np.linspace(first, stop, math.ceil((stop - first) / longest) + 1).round().astype(int)
            carriers += [Carrier(a, b, int(self.shot_of_cell[first])) for a, b in pairwise(bounds.tolist())]
        return carriers
