"""Reading a cited screen again from the video's pixels: the second look behind `recheck`."""

from rewatch.memory.ingest.ocr import ScreenReader
from rewatch.memory.types import Observation, Span
from rewatch.tools.context import ToolContext
from rewatch.tools.zoom import zoom


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
    middle = observation.span.middle_seconds
    seen = zoom(
        context,
        observation.video_id,
        Span(middle, middle),
        frames=1,
        decoder=context.library.settings_of(observation.video_id).decoder,
    )
    reader = ScreenReader()
    try:
        lines = [line for frame in seen.frames for line in reader.read(frame.image, reader.find(frame.image))]
    finally:
        reader.close()
    return " ".join(line.text for line in lines if line)
