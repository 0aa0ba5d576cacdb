"""Picking by similarity, spread over the video or over what it shows: AKS, BOLT, Q-Frame, DPP."""

import numpy as np

from rewatch.tools.seek.baselines.looking import Task, look_evenly, stretched
from rewatch.tools.seek.timeline import Floats, Ints


def aks(task: Task, *, threshold: float = 0.8, depth: int = 5) -> Floats:
    """Adaptive keyframe sampling (Tang et al., CVPR 2025): halve spans whose best frames do not stand out.

    The published form can return nothing for small `k`, since the number of frames is halved too: here a span keeps
    at least one frame, and the best `k` of all are returned.
    """
    seen = look_evenly(task)
    scores = stretched(seen.scores)

    def choose(places: Ints, count: int, level: int) -> list[int]:
        count = min(count, len(places))
        if count < 1:
            return []
        best = places[np.argsort(-scores[places], kind="stable")[:count]]
        stands_out = float(scores[best].mean() - scores[places].mean()) > threshold
        if stands_out or level == depth or len(places) < 2:
            return [int(place) for place in best]
        middle = len(places) // 2
        half = max(count // 2, 1)
        return choose(places[:middle], half, level + 1) + choose(places[middle:], half, level + 1)

    chosen = choose(np.arange(len(scores)), task.k, 0)
    ranked = sorted(chosen, key=lambda place: -scores[place])[: task.k]
    picked: Floats = seen.seconds[ranked]
    return picked


def bolt(task: Task, *, power: float = 2.5) -> Floats:
    """Inverse transform sampling (BOLT, Liu et al., CVPR 2025): evenly spaced quantiles of powered scores.

    The published form repeats frames and fails on equal scores: here a repeated frame counts once, and equal scores
    are spread evenly.
    """
    seen = look_evenly(task)
    weights = stretched(seen.scores) ** power
    shares = np.cumsum(weights) / weights.sum()
    places = np.searchsorted(shares, (np.arange(task.k) + 0.5) / task.k)
    chosen = np.unique(np.minimum(places, len(weights) - 1))
    ranked: Floats = seen.seconds[chosen[np.argsort(-weights[chosen], kind="stable")]]
    return ranked


def q_frame(task: Task, *, temperature: float = 0.1) -> Floats:
    """Query-aware selection (Q-Frame, Zhang et al., ICCV 2025): the top of Gumbel-perturbed similarities.

    Its three resolutions concern what a model is shown, not when it is: the order of the frames is theirs.
    """
    seen = look_evenly(task)
    logits = stretched(seen.scores) / temperature
    perturbed = logits + task.chance.gumbel(size=len(logits))
    return seen.seconds[np.argsort(-perturbed, kind="stable")[: task.k]]


def dpp(task: Task) -> Floats:
    """Relevant and diverse frames (the tool of TimeSearch-R): greedy MAP of `diag(r) H H' diag(r)`.

    The greedy steps follow Chen, Zhang and Zhou 2018 (arXiv:1709.05135): one row of a Cholesky factor each.
    """
    seen = look_evenly(task)
    scaled = stretched(seen.scores)[:, None] * task.looker.features(seen.seconds.tolist())
    gains = (scaled**2).sum(axis=1)
    rows = np.zeros((0, len(gains)))
    chosen: list[int] = []
    while len(chosen) < min(task.k, len(gains)):
        place = int(gains.argmax())
        if gains[place] <= 1e-10:
            break
        row = (scaled @ scaled[place] - rows.T @ rows[:, place]) / np.sqrt(gains[place])
        rows = np.concatenate([rows, row[None]])
        gains = gains - row**2
        gains[[*chosen, place]] = -np.inf
        chosen.append(place)
    diverse: Floats = seen.seconds[chosen]
    return diverse
