"""What a baseline is given, and the looks that most of them begin with."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from rewatch.tools.seek.looks import Looker
from rewatch.tools.seek.timeline import Floats, Timeline


class FeatureLooker(Looker, Protocol):
    """A looker that also tells what frames look like; methods that cluster or diversify need it."""

    def features(self, seconds: Sequence[float]) -> Floats:
        """Unit vectors `[N, D]` of the frames at some instants, in ascending order of time."""


@dataclass(frozen=True, slots=True)
class Task:
    """One video and what may be spent on it."""

    looker: FeatureLooker
    """Column 0 of its scores is the target, column 1 (where there is one) a cue."""
    timeline: Timeline
    k: int
    """Frames to return."""
    max_looks: int
    chance: np.random.Generator


@dataclass(frozen=True, slots=True)
class Similarity:
    """Frames spread evenly over a video, with their scores."""

    seconds: Floats
    scores: Floats
    """float64 `[N]`, of the target."""


def midpoints(timeline: Timeline, count: int) -> Floats:
    """The middles of `count` equal parts, each moved to the middle of its cell; fewer where cells are fewer."""
    share = (np.arange(count) + 0.5) / count
    wanted = timeline.span.start_seconds + share * timeline.span.duration_seconds
    return timeline.centres[np.unique(timeline.cell_at(wanted))]


def look_evenly(task: Task) -> Similarity:
    """Look once at frames spread over the video, each alone: one a second, or fewer where looks are fewer."""
    seconds = midpoints(task.timeline, min(task.max_looks, task.timeline.num_cells))
    return Similarity(seconds, task.looker.look(seconds.tolist(), "frame").scores[:, 0])


def stretched(scores: Floats) -> Floats:
    """Min-max normalised; all ones where the scores do not differ, so that no choice is favoured."""
    low, high = float(scores.min()), float(scores.max())
    result: Floats = np.ones_like(scores) if high <= low else (scores - low) / (high - low)
    return result
