"""A span put before a vision-language model, inside the limits of the run: what `look` and `captions` share.

Owns decoding the planned frames, charging the meter before anything is spent, and the words of the video that
go along, quoted. Which frames is `vision.frame_plan`'s work, asking is the model's.
"""

from collections.abc import Sequence

from rewatch.memory.types import Box, Cost, Frame, Span, VideoInfo
from rewatch.prompts import quoted, render
from rewatch.tools.context import ToolContext
from rewatch.tools.seek.refine import region, region_size
from rewatch.tools.vision import Reply, Seen
from rewatch.tools.vision.footage import Footage
from rewatch.tools.vision.frame_plan import Detail, fit_size, plan_frames, resized, without_repeats

_MOST_CHARACTERS = 1500
"""Of the words that go along; the middle of a longer text is left out."""


def watch(
    context: ToolContext,
    video: VideoInfo,
    span: Span,
    visual_tokens: int,
    detail: Detail,
    box: Box | None = None,
) -> list[Frame]:
    """Decode the frames of a span that a model shall see, in their final size, without repetitions.

    Args:
        context: The videos and the model.
        video: The video.
        span: The part to look at.
        visual_tokens: The frames together take at most so many.
        detail: Whether many small frames or few large ones are wanted.
        box: The part of each frame to show, at its own resolution; None for whole frames.

    Raises:
        LimitReached: The run may not decode so many frames.
        ToolError: No model is set, or the tokens are too few for one frame.
        VideoError: The file cannot be read any more.
    """
    count = context.models.vlm.visual_tokens
    size = (video.width, video.height) if box is None else region_size(box, video.width, video.height)
    plan = plan_frames(span, size, visual_tokens, count, detail=detail)
    context.meter.charge(Cost(frames=len(plan.seconds)))
    with context.open_reader(video) as reader:
        frames = reader.at_many(plan.seconds)
        if box is not None:
            frames = (Frame(frame.seconds, region(frame.image, box)) for frame in frames)
        kept = without_repeats(frames)
    width, height = fit_size(size, len(kept), visual_tokens, count)
    return [resized(frame, width, height) for frame in kept]


def ask(
    context: ToolContext,
    frames: Sequence[Frame],
    prompt: str,
    schema: type[Reply],
    footage: Footage | None = None,
) -> Seen[Reply]:
    """Ask the model about frames of one size; the meter is charged before, and corrected after.

    Args:
        context: The model and the meter.
        frames: The frames.
        prompt: The question and the form of the reply.
        schema: What the reply must be.
        footage: What is known of the frames, for a model that compresses them.

    Raises:
        LimitReached: The run may not spend what an answer and its repair may cost; nothing was asked.
        ModelOutputError: The reply did not validate, nor did its repair; the charge stays.
        ToolError: The model failed for good; the charge stays, for it may have been spent.
    """
    vlm = context.models.vlm
    height, width = frames[0].image.shape[:2]
    reserved = vlm.estimate(len(frames), width, height, prompt)
    context.meter.charge(reserved)
    seen = vlm.answer(frames, prompt, schema, footage)
    context.meter.settle(reserved, seen.cost)
    return seen


def words_of(context: ToolContext, video: VideoInfo, span: Span) -> str:
    """What is said and written in a span, quoted for a prompt; "" when nothing is known."""
    lines = context.library.store.text_lines(video.video_id, span, ("subtitle", "speech", "screen"))
    text = "\n".join(dict.fromkeys(line.text for line in lines))
    if len(text) > _MOST_CHARACTERS:
        half = _MOST_CHARACTERS // 2
        text = f"{text[:half]}\n[...]\n{text[-half:]}"
    return "\n" + render("video_words", words=quoted(text, "subtitles and screens")) + "\n" if text else ""
