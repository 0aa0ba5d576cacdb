"""VideoTree (Wang et al., CVPR 2025): cluster frames, judge a frame of each cluster, split what is relevant.

The published relevance is a language model's score of 1 to 3 for a caption; here it is the scorer's, cut into the same
three grades by its own range, so that all methods see with the same eyes. The published code reads scores that were
written in order of time by number of cluster; here each cluster has its own.
"""

import numpy as np

from rewatch.tools.seek.baselines.looking import Task, midpoints, stretched
from rewatch.tools.seek.timeline import Floats, Ints

_ROUNDS = 10
_CANDIDATES = 4096
"""Frames that are clustered at most; clustering reads features, which a memory has, and is not counted as looking."""


def video_tree(task: Task, *, least_relevant: int = 4, most_clusters: int = 32) -> Floats:
    """Double the clusters from 8 until enough are relevant, then split them by grade: 2 into 4, 3 into 4x4."""
    seconds = midpoints(task.timeline, min(task.timeline.num_cells, _CANDIDATES))
    features = task.looker.features(seconds.tolist())
    everything = np.arange(len(seconds))
    known: dict[int, float] = {}
    number, clusters, grades = 8, [everything], np.ones(1, np.int64)
    while number <= most_clusters:
        clusters = _cluster(features, everything, number, task.chance)
        if not _look(task, seconds, [_middle(features, one) for one in clusters], known):
            break
        grades = _grades(np.array([known[_middle(features, one)] for one in clusters]), known)
        if (grades >= 2).sum() >= least_relevant:
            break
        number *= 2
    for cluster, grade in zip(clusters, grades, strict=False):
        parts = _cluster(features, cluster, 4, task.chance) if grade >= 2 else []
        if grade == 3:
            parts = [part for whole in parts for part in _cluster(features, whole, 4, task.chance)]
        if not _look(task, seconds, [_middle(features, part) for part in parts], known):
            break
    ranked = sorted(known, key=lambda place: -known[place])[: task.k]
    return seconds[ranked]


def _look(task: Task, seconds: Floats, places: list[int], known: dict[int, float]) -> bool:
    """Score frames that were not yet; False once the looks are used up."""
    new = sorted(set(places) - set(known))
    allowed = new[: task.max_looks - len(known)]
    if allowed:
        scores = task.looker.look(seconds[allowed].tolist(), "frame").scores[:, 0]
        known.update(zip(allowed, scores.tolist(), strict=True))
    return len(allowed) == len(new)


def _grades(scores: Floats, known: dict[int, float]) -> Ints:
    low, high = min(known.values()), max(known.values())
    share = stretched(np.array([*scores, low, high]))[:-2]
    return 1 + (share > 1 / 3).astype(np.int64) + (share > 2 / 3)


def _middle(features: Floats, cluster: Ints) -> int:
    """The frame nearest to its cluster's mean."""
    return int(cluster[(features[cluster] @ features[cluster].mean(axis=0)).argmax()])


def _cluster(features: Floats, places: Ints, count: int, chance: np.random.Generator) -> list[Ints]:
    """Cosine k-means; clusters without a member are left out."""
    if len(places) <= count:
        return [places[i : i + 1] for i in range(len(places))]
    own = features[places]
    centres = own[chance.choice(len(places), count, replace=False)]
    nearest = np.zeros(len(places), np.int64)
    for _ in range(_ROUNDS):
        nearest = (own @ centres.T).argmax(axis=1)
        for number in np.unique(nearest):
            mean = own[nearest == number].mean(axis=0)
            centres[number] = mean / max(float(np.linalg.norm(mean)), 1e-12)
    return [places[nearest == number] for number in np.unique(nearest)]
