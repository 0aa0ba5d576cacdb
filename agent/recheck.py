"""The second look at a cited frame, from the video's pixels: what it shows, or what stands on it."""

import numpy as np
from numpy.typing import NDArray

from rewatch.memory.types import Observation, Span
from rewatch.tools.context import ToolContext
from rewatch.tools.zoom import zoom

_INSTANT_SECONDS = 1e-6
_SAME_PICTURE = 0.95
"""Cosine from which two vectors stand for one frame: the decoder or the precision may differ a little."""


def shows_same_picture(context: ToolContext, observation: Observation) -> bool:
    """Embed the frame of an observation again and compare it with the vector that was found.

    Args:
        context: Holds the encoder that found it; one frame is charged.
        observation: A picture found by likeness.

    Raises:
        LimitReached: The run may not decode another frame.
        VideoError: The file cannot be read any more.
        ToolError: No encoder is set.
    """
    encoder, store = context.models.encoder, context.library.store
    video_id, at = observation.video_id, observation.frame_seconds[0]
    ids = store.vector_ids(observation.model, video_id, Span(at, at + _INSTANT_SECONDS))
    stored = [vectors[0] for _, vectors in store.vector_blocks(observation.model, ids[:1])]
    if not stored or encoder.space_id != observation.model:
        return False
    image = _frame(context, video_id, at)
    return float(stored[0] @ encoder.encode_images([image])[0]) >= _SAME_PICTURE


def read_pixels(context: ToolContext, observation: Observation) -> str:
    """Read the frame in the middle of an observation.

    Args:
        context: The library and the videos; one frame is charged.
        observation: An on-screen text.

    Returns:
        All words on that frame.

    Raises:
        LimitReached: The run may not decode another frame.
    """
    from rewatch.memory.ingest.ocr import ScreenReader

    image = _frame(context, observation.video_id, observation.span.middle_seconds)
    reader = ScreenReader()
    try:
        lines = reader.read(image, reader.find(image))
    finally:
        reader.close()
    return " ".join(line.text for line in lines if line)


def _frame(context: ToolContext, video_id: str, seconds: float) -> NDArray[np.uint8]:
    """The frame on display at an instant."""
    decoder = context.library.settings_of(video_id).decoder
    return zoom(context, video_id, Span(seconds, seconds), frames=1, decoder=decoder).frames[0].image
