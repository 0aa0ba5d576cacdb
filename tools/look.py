"""`look`: ask a vision-language model what the pictures of a span show.

Owns the question's prompt, how a reply becomes observations, and that the same look is never paid for twice.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import lru_cache
from typing import Annotated

from pydantic import BaseModel, Field, create_model

from rewatch.memory.errors import ModelOutputError, ToolError
from rewatch.memory.types import Box, Cost, Frame, Observation, PictureCompression, Span, VideoInfo
from rewatch.prompts import render
from rewatch.tools.context import ToolContext
from rewatch.tools.footage import footage_of
from rewatch.tools.vision import Seen
from rewatch.tools.vision.frame_plan import MAX_FRAMES, Detail
from rewatch.tools.vision.structured import form_of
from rewatch.tools.watch import ask, watch, words_of

VISUAL_TOKENS = 8192
"""What the frames of one look take, unless it is told otherwise."""


class LookReply(BaseModel):
    """What a model says of the frames of a look."""

    shown: bool
    answer: str = Field(min_length=1, max_length=2000)
    frames: list[int]


def look(
    context: ToolContext,
    video_id: str,
    span: Span | None,
    question: str,
    box: Box | None = None,
    *,
    detail: Detail = "balanced",
    visual_tokens: int = VISUAL_TOKENS,
) -> list[Observation]:
    """Look at the pictures of a part of a video with a vision-language model, and ask it a question.

    The same look at the same video is answered from the memory and costs nothing.

    Args:
        context: The library, the videos and the model.
        video_id: The video.
        span: The part to look at, the shorter the better; None for all of it.
        question: What to find out; it must be understood without other questions.
        box: Look at this part of the frames alone, at its own resolution: left, top, right and bottom, each 0 to 1,
            such as the box of something that was found there; None for whole frames.
        detail: "motion" for what happens (many small frames), "fine" for what can be read (few large ones),
            or "balanced".
        visual_tokens: The frames together take at most so many.

    Returns:
        What was seen. Where the frames show it, one observation for each run of frames that do, with the model's
        answer and those frames' times; where they do not, one with a score of 0. An observation with an error
        says why the look failed.

    Raises:
        LimitReached: The run may not spend what the look may cost.
        ToolError: No model is set, it failed for good, or the span may not be looked at.
        VideoError: The file cannot be read any more.
        KeyError: The video is not among the context's.
    """
    video = context.video(video_id)
    allowed = context.allowed(video, span)
    if not question.strip() or allowed is None:
        raise ToolError(
            "nothing to look at: give a question, and a span inside the part that may be looked at"
        )
    if box is not None and not (0 <= box[0] < box[2] <= 1 and 0 <= box[1] < box[3] <= 1):
        raise ToolError(f"the box {box} is no part of a frame: give left, top, right and bottom, each 0 to 1")
    key = _Key(context, video, allowed, question, detail, visual_tokens, box)
    known = key.known(context)
    if known:
        return known
    context.meter.charge(Cost(tool_calls=1))
    frames = watch(context, video, allowed, visual_tokens, detail, box)
    form = reply_form(len(frames))
    prompt = render("look", question=question, words=key.words, form=form_of(form))
    try:
        seen: Seen[LookReply] = ask(
            context, frames, prompt, form, footage_of(context, video, frames, question)
        )
    except ModelOutputError as error:
        made = [key.observation(0, allowed, frames, error=f"the model's reply cannot be used: {error}")]
    else:
        made = list(_sightings(key, allowed, frames, seen))
    store = context.library.store
    with store.transaction():
        for observation in made:
            store.put_observation(observation, question)
    return made


@lru_cache(maxsize=MAX_FRAMES)
def reply_form(count: int) -> type[LookReply]:
    """The reply to so many frames: the numbers that it names must be theirs."""
    number = Annotated[int, Field(ge=1, le=count)]
    return create_model("LookReply", __base__=LookReply, frames=(list[number], Field(max_length=count)))


class _Key:
    """What makes two looks the same, and the ids that follow from it."""

    def __init__(
        self,
        context: ToolContext,
        video: VideoInfo,
        span: Span,
        question: str,
        detail: Detail,
        visual_tokens: int,
        box: Box | None,
    ) -> None:
        self.model = context.models.vlm.name
        self.words = words_of(context, video, span)
        self._video_id = video.video_id
        prompt = render("look", question=question, words=self.words, form="")
        parameters: dict[str, object] = {"prompt": prompt, "detail": detail, "visual_tokens": visual_tokens}
        if box is not None:
            parameters["box"] = box
        self._boxes = (box,) if box is not None else ()
        self.params_hash = _digest(parameters)
        self._base = _digest([video.video_id, asdict(span), self.model, self.params_hash])

    def known(self, context: ToolContext) -> list[Observation]:
        """What an earlier look of the same kind has seen; a failed one does not count."""
        ids = [self._id(number) for number in range(MAX_FRAMES)]
        return [found for found in context.library.store.observations(ids) if not found.error]

    def observation(
        self,
        number: int,
        span: Span,
        frames: Sequence[Frame],
        *,
        text: str = "",
        score: float = 0.0,
        probability: float | None = None,
        cost: Cost | None = None,
        error: str = "",
        compression: PictureCompression | None = None,
    ) -> Observation:
        """One result of the look, by its number among them."""
        return Observation(
            id=self._id(number),
            video_id=self._video_id,
            tool="look",
            channel="visual",
            span=span,
            text=text,
            boxes=self._boxes,
            frame_seconds=tuple(frame.seconds for frame in frames),
            score=score,
            probability=probability,
            model=self.model,
            params_hash=self.params_hash,
            cost=cost or Cost(),
            error=error,
            compression=compression,
        )

    def _id(self, number: int) -> str:
        return f"look-{self._base}-{number}"


def _sightings(
    key: _Key, span: Span, frames: Sequence[Frame], seen: Seen[LookReply]
) -> Iterator[Observation]:
    """One observation for each run of frames that show it; the first one carries the cost."""
    reply = seen.reply
    if not reply.shown:
        yield key.observation(
            0,
            span,
            frames,
            text=reply.answer,
            probability=seen.probability,
            cost=seen.cost,
            compression=seen.compression,
        )
        return
    shown = sorted({number - 1 for number in reply.frames}) or list(range(len(frames)))
    runs = [[shown[0]]]
    for index in shown[1:]:
        if index == runs[-1][-1] + 1:
            runs[-1].append(index)
        else:
            runs.append([index])
    for number, run in enumerate(runs):
        yield key.observation(
            number,
            _around(frames, run, span),
            [frames[index] for index in run],
            text=reply.answer,
            score=1.0,
            probability=seen.probability,
            cost=seen.cost if number == 0 else None,
            compression=seen.compression,
        )


def _around(frames: Sequence[Frame], run: Sequence[int], span: Span) -> Span:
    """From the run's first frame to the next frame that was looked at; the edges of the span bound it."""
    first, after = run[0], run[-1] + 1
    start = span.start_seconds if first == 0 else frames[first].seconds
    end = span.end_seconds if after == len(frames) else frames[after].seconds
    return Span(start, max(start, end))


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]
