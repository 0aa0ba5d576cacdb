"""T* (Ye et al., CVPR 2025) in its detector form, as published and mended, and VSLS, which adds relations.

The published form returns a random draw from its final distribution, stops at the first hit of each target, does not
charge the frames that it looks at again, and fails on videos of less than a tile's seconds. The mended form returns the
best frames, apart from each other, goes on while looks are left, and charges every look.
"""

from dataclasses import dataclass, field

import numpy as np

from rewatch.tools.seek.baselines.looking import Task, midpoints
from rewatch.tools.seek.baselines.spline import smoothed
from rewatch.tools.seek.timeline import Floats, Ints

_CUE_WEIGHT = 0.5
_START_SCORE = 1e-6
_SPREAD_CELLS = 5
_CONFIRMED = 0.6
"""Confidence of a second look that confirms a target (0.6 to 0.7 as published)."""
_APART_SECONDS = 5.0
_NEAR_SECONDS = 5.0


@dataclass
class _State:
    """What T* knows of each cell."""

    cells: int
    scores: Floats = field(init=False)
    chances: Floats = field(init=False)
    visited: dict[int, float] = field(default_factory=dict)
    cues: dict[int, float] = field(default_factory=dict)
    targets: dict[int, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.scores = np.full(self.cells, _START_SCORE)
        self.chances = np.full(self.cells, 1 / self.cells)


def t_star(task: Task) -> Floats:
    """As published: a random draw of `k` frames from the distribution at which the search ended."""
    grid = task.looker.price.grid
    if task.timeline.num_cells < grid**2:
        return np.zeros(0)
    state = _search(task, charge_second_looks=False, stop_at_first=True, related=False)
    count = min(task.k, int((state.chances > 0).sum()))
    drawn = task.chance.choice(state.cells, count, replace=False, p=state.chances / state.chances.sum())
    return task.timeline.centres[drawn]


def t_star_mended(task: Task) -> Floats:
    """With its defects mended: the best frames, every look charged, no stop at the first hit."""
    return _best(task, _search(task, charge_second_looks=True, stop_at_first=False, related=False))


def vsls(task: Task) -> Floats:
    """Logic-in-Frames: T*, mended, with a bonus where a target and its cue are near in time."""
    return _best(task, _search(task, charge_second_looks=True, stop_at_first=False, related=True))


def _search(task: Task, *, charge_second_looks: bool, stop_at_first: bool, related: bool) -> _State:
    state = _State(task.timeline.num_cells)
    tile = task.looker.price.grid**2
    left = task.max_looks
    again: set[int] = set()
    cells = task.timeline.cell_at(midpoints(task.timeline, min(tile, left)))
    while left > 0 and len(cells):
        _look(task, state, cells, related=related)
        left -= len(cells)
        threshold = np.quantile([state.targets[cell] for cell in cells.tolist()], 0.75)
        for cell in sorted(cells.tolist(), key=lambda place: -state.targets[place]):
            if state.targets[cell] < max(threshold, _CONFIRMED / 2) or cell in again or left < 1:
                continue
            again.add(cell)
            left -= int(charge_second_looks)
            seen = task.looker.look([float(task.timeline.centres[cell])], "frame").scores[0]
            state.visited[cell] = state.scores[cell] = float(seen[0])
            if stop_at_first and seen[0] >= _CONFIRMED:
                return state
        cells = _draw(task, state, min(tile, left))
    return state


def _look(task: Task, state: _State, cells: Ints, *, related: bool) -> None:
    """Look at a tile, spread what stands out to its neighbours, and fit the distribution anew."""
    seen = task.looker.look(task.timeline.centres[cells].tolist(), "tile").scores
    weights = np.array([1.0, *[_CUE_WEIGHT] * (seen.shape[1] - 1)])
    for cell, row in zip(cells.tolist(), seen, strict=True):
        state.targets[cell] = float(row[0])
        state.cues[cell] = float(row[1:].max(initial=0.0))
        state.visited[cell] = float((row * weights).max())
    if related:
        for cell in cells.tolist():
            state.visited[cell] += _bonus(task, state, cell)
    values = np.array([state.visited[cell] for cell in cells.tolist()])
    state.scores[cells] = values
    for cell, value in zip(cells.tolist(), values.tolist(), strict=True):
        if value >= np.quantile(values, 0.75):
            for gap in range(1, _SPREAD_CELLS + 1):
                for place in (cell - gap, cell + gap):
                    if 0 <= place < state.cells:
                        state.scores[place] = max(state.scores[place], value / (gap + 1))
    known = np.array(sorted(state.visited))
    fitted = smoothed(known.astype(np.float64), state.scores[known], np.arange(state.cells, dtype=np.float64))
    chances = 1 / (1 + np.exp(-np.maximum(fitted, 1 / state.cells)))
    state.chances = chances / chances.sum()


def _bonus(task: Task, state: _State, cell: int) -> float:
    """For a target with a cue near in time: half the product of both confidences."""
    reach = _NEAR_SECONDS / task.timeline.cell_seconds
    near = [score for place, score in state.cues.items() if abs(place - cell) < reach]
    return 0.5 * state.targets[cell] * max(near, default=0.0)


def _draw(task: Task, state: _State, count: int) -> Ints:
    """Cells not yet visited, by chance, among those whose chances are in the upper quarter."""
    free = np.ones(state.cells, bool)
    free[list(state.visited)] = False
    weights = (state.chances + task.looker.price.grid**2 / state.cells) * free
    if not free.any():
        return np.zeros(0, np.int64)
    upper = np.where(weights >= np.quantile(weights[free], 0.75), weights, 0.0) * free
    count = min(count, int((upper > 0).sum()))
    return np.sort(task.chance.choice(state.cells, count, replace=False, p=upper / upper.sum()))


def _best(task: Task, state: _State) -> Floats:
    """The highest scores among visited frames, apart from each other; then whatever is left, by score."""
    ranked = sorted(state.visited, key=lambda cell: -state.visited[cell])
    apart: list[int] = []
    for cell in ranked:
        seconds = task.timeline.centres[cell]
        if all(abs(seconds - task.timeline.centres[other]) > _APART_SECONDS for other in apart):
            apart.append(cell)
    rest = [cell for cell in ranked if cell not in set(apart)]
    return task.timeline.centres[(apart + rest)[: task.k]]
