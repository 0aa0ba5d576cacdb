"""What is believed before looking: from nothing, or from what the memory holds.

Words that were said or shown, captions, and pictures that an encoder has placed all come through `search`: where they
speak of a target, it is likelier to be seen. They shift the belief and never settle it.
"""

import numpy as np

from rewatch.memory.types import VideoInfo
from rewatch.tools.context import ToolContext
from rewatch.tools.seek.belief import Prior
from rewatch.tools.seek.timeline import Timeline

EXPECTED_MOMENTS = 1.25
"""Moments of a target in a video, before it is known to show it; with at least one, 1.75 are expected. LV-Haystack has
1.84 to 2 key frames a question."""
ABSENT = 0.5
"""Probability of "not in this video" before looking: nobody knows what will be asked."""
_TOLD_SHARE = 0.5
"""Share of the belief that goes to where the memory speaks of the target; the rest stays even."""
_AROUND_SECONDS = 10.0
"""How far from what is said a thing tends to be seen (standard deviation)."""
_HITS = 12


def even_prior(timeline: Timeline, *, absent: float = ABSENT, moments: float = EXPECTED_MOMENTS) -> Prior:
    """Believe each instant as likely as any other.

    Args:
        timeline: The grid.
        absent: Probability that the video does not show the target.
        moments: How many moments of it are expected.
    """
    return Prior(np.full(timeline.num_cells, moments / timeline.num_cells), absent)


def memory_prior(context: ToolContext, video: VideoInfo, timeline: Timeline, query: str) -> Prior:
    """Believe an instant likelier where the memory speaks of the target.

    Args:
        context: The library.
        video: The video.
        timeline: The grid.
        query: Words that name the target.

    Raises:
        LimitReached: The run may not make another tool call.
    """
    from rewatch.tools.search import search

    even = even_prior(timeline)
    hits = search(context.only(video.video_id), query, span=timeline.span, limit=_HITS)
    if not hits:
        return even
    scores = np.array([hit.score for hit in hits])
    weights = np.exp((scores - scores.max()) / max(float(scores.std()), 1e-6))
    told = np.zeros(timeline.num_cells)
    for hit, weight in zip(hits, weights, strict=True):
        beyond = np.maximum(
            hit.span.start_seconds - timeline.centres, timeline.centres - hit.span.end_seconds
        )
        shape = np.exp(-0.5 * (np.maximum(beyond, 0.0) / _AROUND_SECONDS) ** 2)
        told += weight * shape / max(float(shape.sum()), 1e-12)
    share = _TOLD_SHARE * told / max(float(told.sum()), 1e-12)
    return Prior(EXPECTED_MOMENTS * share + (1 - _TOLD_SHARE) * even.expected, even.absent)
