"""`caption`: descriptions of segments by a vision-language model, kept as text and searchable from then on.

Owns the caption's prompt and what a caption leaves in the memory. Describing a whole video up front is
`caption_stage`'s work.
"""

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from rewatch.memory.errors import ModelOutputError
from rewatch.memory.store import Store
from rewatch.memory.types import Cost, Observation, Sentence, Span, TextLine, VideoInfo
from rewatch.prompts import render
from rewatch.tools.context import ToolContext
from rewatch.tools.vision import Seen
from rewatch.tools.vision.frame_plan import Detail
from rewatch.tools.vision.structured import form_of
from rewatch.tools.watch import ask, watch, words_of

VISUAL_TOKENS = 2048
"""What the frames of one segment take."""

DETAIL: Detail = "balanced"


class CaptionReply(BaseModel):
    """What a model says of a segment."""

    caption: str = Field(min_length=1, max_length=4000)


@dataclass(frozen=True, slots=True)
class Description:
    """What was made of one segment, and what of it is not stored yet."""

    observation: Observation
    line: TextLine | None = None
    """The new caption; None where the segment could not be described, or was before."""
    space_id: str = ""
    vector: NDArray[np.float32] | None = None
    """Of the new caption, float32 `[1, D]`."""


def caption(context: ToolContext, video_id: str, segments: Sequence[Span]) -> list[Observation]:
    """Describe what the pictures of segments show; the descriptions can be searched from then on.

    A segment that the same model has described already costs nothing.

    Args:
        context: The library, the videos and the model.
        video_id: The video.
        segments: What to describe, each on its own; half a minute or less is best.

    Returns:
        One observation for each segment inside the part that may be looked at, in their order; one with an error
        says why its segment could not be described.

    Raises:
        LimitReached: The run may not spend what the next segment may cost; the ones before it are kept.
        ToolError: No model is set, or it failed for good.
        VideoError: The file cannot be read any more.
        KeyError: The video is not among the context's.
    """
    video = context.video(video_id)
    allowed = [span for segment in segments if (span := context.allowed(video, segment)) is not None]
    made: list[Observation] = []
    for span in allowed:
        description = describe(context, video, span)
        with context.library.store.transaction():
            keep(context.library.store, description)
        made.append(description.observation)
    return made


def describe(context: ToolContext, video: VideoInfo, span: Span) -> Description:
    """Describe one segment; nothing is stored yet. Raises as `caption` does."""
    store, model = context.library.store, context.models.vlm.name
    known = next((line for line in captions_of(store, video, model) if line.span == span), None)
    if known is not None:
        observation = _observe(video, span, model, known.text)
        return Description(store.observation(observation.id) or observation)
    started = time.monotonic()
    context.meter.charge(Cost(tool_calls=1))
    frames = watch(context, video, span, VISUAL_TOKENS, DETAIL)
    prompt = render("caption", words=words_of(context, video, span), form=form_of(CaptionReply))
    seconds = tuple(frame.seconds for frame in frames)
    try:
        seen: Seen[CaptionReply] = ask(context, frames, prompt, CaptionReply)
    except ModelOutputError as error:
        reason = f"the model's reply cannot be used: {error}"
        return Description(_observe(video, span, model, "", frame_seconds=seconds, error=reason))
    text = " ".join(seen.reply.caption.split())
    cost = replace(seen.cost, seconds=time.monotonic() - started)
    encoder = context.library.encoder
    return Description(
        _observe(video, span, model, text, frame_seconds=seconds, cost=cost),
        TextLine("caption", span, text, model),
        encoder.space_id,
        encoder.encode_texts([text]),
    )


def keep(store: Store, description: Description) -> None:
    """Store what is new: the line, its sentence and vector, and the observation."""
    observation, line = description.observation, description.line
    store.put_observation(observation)
    if line is not None and description.vector is not None:
        video_id = observation.video_id
        store.add_text_lines(video_id, [line])
        ids = store.add_sentences(video_id, [Sentence(0, video_id, "caption", line.span, line.text)])
        store.add_vectors(description.space_id, ids, description.vector)


def captions_of(store: Store, video: VideoInfo, model: str) -> list[TextLine]:
    """The captions that a model has made of a video, by start."""
    return [line for line in store.text_lines(video.video_id, kinds=["caption"]) if line.source == model]


def _observe(
    video: VideoInfo,
    span: Span,
    model: str,
    text: str,
    *,
    frame_seconds: tuple[float, ...] = (),
    cost: Cost | None = None,
    error: str = "",
) -> Observation:
    params = _digest({"visual_tokens": VISUAL_TOKENS, "detail": DETAIL})
    return Observation(
        id=f"caption-{_digest([video.video_id, asdict(span), model, params])}",
        video_id=video.video_id,
        tool="caption",
        channel="visual",
        span=span,
        text=text,
        frame_seconds=frame_seconds,
        model=model,
        params_hash=params,
        cost=cost or Cost(),
        error=error,
    )


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]
