"""`overview`: the outline of a video, chapter by chapter, in its own words."""

import hashlib

from rewatch.memory.types import Cost, Observation, Segment, Span
from rewatch.tools.context import ToolContext
from rewatch.tools.passages import Passages, load

MODEL = "chapters"


def overview(context: ToolContext, video_id: str, span: Span | None = None) -> list[Observation]:
    """Outline a video.

    Args:
        context: The library and the videos.
        video_id: The video.
        span: Restrict to chapters that overlap it.

    Returns:
        One observation a chapter, by time: its title, and the sentence nearest to all that is said in it.

    Raises:
        LimitReached: The run may not make another tool call.
        KeyError: The video is not among the context's.
    """
    context.meter.charge(Cost(tool_calls=1))
    allowed = context.allowed(context.video(video_id), span)
    if allowed is None:
        return []
    passages = load(context.library, video_id)
    chapters = context.library.store.segments(video_id, "chapter")
    return [_observe(video_id, chapter, passages) for chapter in chapters if chapter.span.overlaps(allowed)]


def _observe(video_id: str, chapter: Segment, passages: Passages) -> Observation:
    central = _central_sentence(passages, chapter.span)
    text = ": ".join(part for part in (chapter.title, central) if part)
    name = hashlib.sha256(f"{video_id} {chapter.span} {text}".encode()).hexdigest()[:16]
    return Observation(
        id=f"overview-{name}",
        video_id=video_id,
        tool="overview",
        channel="speech" if central else "visual",
        span=chapter.span,
        text=text,
        model=MODEL,
    )


def _central_sentence(passages: Passages, span: Span) -> str:
    """The spoken sentence nearest to the mean direction of all that is said in a span, or ""."""
    said = passages.said_during(span)
    if not said:
        return ""
    vectors = passages.vectors[said]
    return passages.sentences[said[int((vectors @ vectors.mean(axis=0)).argmax())]].text
