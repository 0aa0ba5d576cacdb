"""Frames of videos that are most like a text or a picture, by the vectors of a visual encoder.

Owns the way from a query to moments: the index names the nearest frames, frames of one shot count once, and
`standing` says how far each lies above what is usual in its video. A likeness claims no more than that.
"""

import hashlib
import json
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from rewatch.memory.library import Library
from rewatch.memory.store import VectorState
from rewatch.memory.timecode import format_seconds
from rewatch.memory.types import Channel, Observation, Span, VideoInfo
from rewatch.tools.context import ToolContext
from rewatch.tools.standing import Usual

_FRAMES_A_MOMENT = 32
"""Nearest frames asked for each moment wanted: a shot holds many that are alike."""
_COMPARED_FRAMES = 512
"""Frames of a video, evenly spread, that tell what is usual in it."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A shot whose best frame is like the query."""

    video: VideoInfo
    seconds: float
    """The best frame's own timestamp."""
    span: Span
    """The shot that it lies in; without shots, until the next frame that has a vector."""
    cosine: float
    usual: Usual


def searches_pictures(context: ToolContext, channels: Sequence[Channel] | None) -> bool:
    """Whether a search through these channels (None for all) goes through pictures too."""
    return context.models.has("encoder") and (channels is None or "visual" in channels)


def is_picture(observation: Observation) -> bool:
    """Whether a search has found it by the likeness of a frame, not by words."""
    by_search = observation.tool in ("search", "search_image")
    return by_search and observation.channel == "visual" and bool(observation.frame_seconds)


def moments_like(
    context: ToolContext, query: NDArray[np.float32], *, span: Span | None = None, limit: int = 10
) -> list[Moment]:
    """Find the moments whose pictures are nearest to a query.

    Args:
        context: The library, the videos and the encoder that embedded their frames.
        query: float32 `[D]`, unit length, of the same encoder.
        span: Restrict to frames in it, in each video.
        limit: Return at most so many.

    Returns:
        Moments, the one that stands out most first; none in videos that this encoder has not embedded.
    """
    space_id, store = context.models.encoder.space_id, context.library.store
    allowed = context.span.intersection(span) if context.span and span else span or context.span
    if context.span and span and allowed is None:
        return []
    videos = {video.video_id: video for video in context.videos}
    everything = store.video_ids() <= videos.keys()
    nearest = context.library.index(space_id).search(
        query, _FRAMES_A_MOMENT * limit, video_ids=None if everything else set(videos), span=allowed
    )
    cosines, state = dict(nearest), store.vector_state(space_id)
    usual: dict[str, Usual] = {}
    best: dict[tuple[str, Span], Moment] = {}
    for frame in store.frames_by_id([row_id for row_id, _ in nearest]):
        pictures = _load(context.library, space_id, frame.video_id, state)
        if frame.video_id not in usual:
            usual[frame.video_id] = Usual.of(pictures.sample @ query, len(pictures.starts))
        where = pictures.span_at(frame.seconds)
        # By cosine, best first: the first frame of a shot is its best.
        best.setdefault(
            (frame.video_id, where),
            Moment(
                videos[frame.video_id],
                frame.seconds,
                where,
                cosines[frame.id],
                usual[frame.video_id],
            ),
        )
    return sorted(best.values(), key=lambda moment: -moment.usual.standing(moment.cosine))[:limit]


def observe_moments(
    context: ToolContext, moments: Sequence[Moment], query: str, tool: str = "search"
) -> list[Observation]:
    """The moments as observations that say what they are; the same query on the same frame has the same id.

    Args:
        context: The encoder.
        moments: Best first.
        query: What was searched for, in words.
        tool: The tool that was called.
    """
    space_id = context.models.encoder.space_id
    params = hashlib.sha256(json.dumps([tool, query, space_id]).encode()).hexdigest()[:16]
    found = []
    for rank, moment in enumerate(moments, 1):
        key = json.dumps([params, moment.video.video_id, moment.seconds])
        place = "the most similar" if rank == 1 else f"number {rank} by similarity"
        text = (
            f"the picture at {format_seconds(moment.seconds)} is {place} to “{query}”, "
            f"similarity {moment.cosine:.3f}, in this video usually {moment.usual.cosine:.3f}"
        )
        found.append(
            Observation(
                id=f"{tool}-{hashlib.sha256(key.encode()).hexdigest()[:16]}",
                video_id=moment.video.video_id,
                tool=tool,
                channel="visual",
                span=moment.span,
                text=text,
                frame_seconds=(moment.seconds,),
                score=round(moment.usual.standing(moment.cosine), 4),
                probability=round(moment.usual.probability(moment.cosine), 4),
                model=space_id,
                params_hash=params,
            )
        )
    return found


@dataclass(frozen=True, slots=True)
class _Pictures:
    """What is needed of a video's frames to judge some of them."""

    starts: tuple[float, ...]
    """Beginnings of its shots, or of its embedded frames where it has none, ascending."""
    end: float
    sample: NDArray[np.float32]
    """float32 `[N, D]`: vectors of an even sample of its frames."""

    def span_at(self, seconds: float) -> Span:
        place = bisect_right(self.starts, seconds)
        start = self.starts[place - 1] if place else 0.0
        end = self.starts[place] if place < len(self.starts) else self.end
        return Span(start, max(end, seconds))


@lru_cache(maxsize=64)
def _load(library: Library, space_id: str, video_id: str, state: VectorState | None) -> _Pictures:
    """Read it from the store; `state` makes sure that it is read again when vectors have changed."""
    store = library.store
    ids = store.vector_ids(space_id, video_id)
    some = ids[:: -(-len(ids) // _COMPARED_FRAMES)]
    sample = np.concatenate([vectors for _, vectors in store.vector_blocks(space_id, some)])
    shots = store.segments(video_id, "shot")
    starts = [shot.span.start_seconds for shot in shots] or store.frame_seconds(space_id, video_id)
    video = store.video(video_id)
    assert video is not None, "a frame belongs to a video"
    return _Pictures(tuple(starts), video.duration_seconds, sample)
