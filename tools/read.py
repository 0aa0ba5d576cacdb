"""`read`: everything that is said or shown in a span, in order of time."""

import hashlib

from rewatch.memory.types import CHANNEL_OF_KIND, Channel, Cost, Observation, Span
from rewatch.tools.context import ToolContext
from rewatch.tools.search import kinds_of

MODEL = "text lines"


def read(
    context: ToolContext,
    video_id: str,
    span: Span | None = None,
    *,
    channels: tuple[Channel, ...] | None = None,
    limit: int = 200,
) -> list[Observation]:
    """Read the text lines of a span as they stand in the memory.

    Args:
        context: The library and the videos.
        video_id: The video to read.
        span: Which part of it; None for all of it.
        channels: Restrict to channels; None reads all of them.
        limit: Return at most so many lines.

    Returns:
        One observation a line, by time; `text` quotes the video.

    Raises:
        LimitReached: The run may not make another tool call.
        KeyError: The video is not among the context's.
    """
    context.meter.charge(Cost(tool_calls=1))
    allowed = context.allowed(context.video(video_id), span)
    if allowed is None:
        return []
    lines = context.library.store.text_lines(video_id, allowed, kinds_of(channels))
    return [
        Observation(
            id=f"read-{_digest(video_id, line.kind, line.span, line.text)}",
            video_id=video_id,
            tool="read",
            channel=CHANNEL_OF_KIND[line.kind],
            span=line.span,
            text=line.text,
            boxes=(line.box,) if line.box else (),
            score=line.confidence,
            model=MODEL,
        )
        for line in lines[:limit]
    ]


def _digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogateescape")).hexdigest()[:16]
