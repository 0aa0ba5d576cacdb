"""Picking clips, not frames (K-frames; F2C, from frames to clips): a hit brings its neighbours along.

Key frames become clips; a longer clip takes a lower resolution at the same number of tokens, which concerns what a
model is shown. As a picker of frames it is: the best places, each with the frames around it.
"""

import numpy as np

from rewatch.tools.seek.baselines.looking import Task, look_evenly
from rewatch.tools.seek.timeline import Floats


def key_clips(task: Task, *, clip_frames: int = 4, frame_seconds: float = 1.0) -> Floats:
    """The best places that are a clip apart, as clips of frames around them."""
    seen = look_evenly(task)
    length = min(clip_frames, task.k)
    left = seen.scores.astype(np.float64).copy()
    offsets = (np.arange(length) - (length - 1) / 2) * frame_seconds
    picked: list[float] = []
    while len(picked) < task.k and np.isfinite(left).any():
        centre = seen.seconds[int(np.nanargmax(np.where(np.isfinite(left), left, np.nan)))]
        clip = np.clip(centre + offsets, task.timeline.centres[0], task.timeline.centres[-1])
        picked += [float(seconds) for seconds in clip if float(seconds) not in picked]
        left[np.abs(seen.seconds - centre) < length * frame_seconds] = -np.inf
    return np.array(picked[: task.k])
