"""Picking without a method: evenly, by chance, or the highest scores."""

import numpy as np

from rewatch.tools.seek.baselines.looking import Task, look_evenly, midpoints
from rewatch.tools.seek.timeline import Floats


def uniform(task: Task) -> Floats:
    """The middles of `k` equal parts; nothing is looked at. (Endpoints score less: METHODS of LV-Haystack differ.)"""
    return midpoints(task.timeline, task.k)


def at_random(task: Task) -> Floats:
    """`k` different cells by chance; nothing is looked at."""
    count = min(task.k, task.timeline.num_cells)
    return task.timeline.centres[task.chance.choice(task.timeline.num_cells, count, replace=False)]


def top_k(task: Task) -> Floats:
    """The `k` frames whose scores are highest."""
    seen = look_evenly(task)
    return seen.seconds[np.argsort(-seen.scores, kind="stable")[: task.k]]
