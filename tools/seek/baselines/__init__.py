"""Published ways to pick frames, behind one interface, for comparison with `seek`.

Each is a function of a looker that picks at most `k` frames after at most `max_looks` looks. What a method's published
form leaves unsaid, or gets wrong, is told where it is defined; a form with its defects mended has a name of its own.
"""

from collections.abc import Callable

from rewatch.tools.seek.baselines.clips import key_clips
from rewatch.tools.seek.baselines.diverse import aks, bolt, dpp, q_frame
from rewatch.tools.seek.baselines.looking import Task
from rewatch.tools.seek.baselines.simple import at_random, top_k, uniform
from rewatch.tools.seek.baselines.t_star import t_star, t_star_mended, vsls
from rewatch.tools.seek.baselines.video_tree import video_tree
from rewatch.tools.seek.timeline import Floats

Picker = Callable[[Task], Floats]
"""From a task to seconds on the video's clock, best first where the method ranks, at most `k` of them."""

BASELINES: dict[str, Picker] = {
    "uniform": uniform,
    "random": at_random,
    "top-k": top_k,
    "T* (published)": t_star,
    "T* (mended)": t_star_mended,
    "VSLS": vsls,
    "AKS": aks,
    "BOLT": bolt,
    "Q-Frame": q_frame,
    "DPP": dpp,
    "VideoTree": video_tree,
    "key clips": key_clips,
}
