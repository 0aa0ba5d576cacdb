"""`zoom`: the frames of a moment, exactly as displayed, or the moment as a clip file."""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rewatch.memory.errors import InputError, ToolError
from rewatch.memory.ingest.settings import DecoderName
from rewatch.memory.types import Cost, Frame, Span, VideoInfo
from rewatch.tools.context import ToolContext

CLIP_FPS = 25
"""Frame rate of a written clip; each of its frames is the one displayed at that instant."""


@dataclass(frozen=True, slots=True)
class Zoom:
    """What a zoom saw."""

    video_id: str
    span: Span
    frames: tuple[Frame, ...]
    """By time, each distinct frame once."""


def zoom(
    context: ToolContext, video_id: str, span: Span, *, frames: int = 8, decoder: DecoderName = "pyav"
) -> Zoom:
    """Look at a moment.

    Args:
        context: The library and the videos.
        video_id: The video.
        span: The moment; of a span without length, the frame on display.
        frames: How many frames to take, in the middles of as many equal parts.
        decoder: Which decoder reads them.

    Returns:
        The frames, each with its own time.

    Raises:
        LimitReached: The run may not decode so many frames.
        VideoError: The file cannot be read any more.
        KeyError: The video is not among the context's.
    """
    video = context.video(video_id)
    context.meter.charge(Cost(tool_calls=1, frames=frames))
    step = span.duration_seconds / frames
    wanted = (
        [span.start_seconds + (part + 0.5) * step for part in range(frames)] if step else [span.start_seconds]
    )
    with context.open_reader(video, decoder) as reader:
        seen = {frame.seconds: frame for frame in reader.at_many(wanted)}
    return Zoom(video_id, span, tuple(seen[seconds] for seconds in sorted(seen)))


def write_clip(context: ToolContext, video_id: str, span: Span, path: Path) -> None:
    """Write a moment as a video file (h264, without sound) that starts at the span's start.

    Args:
        context: The library and the videos.
        video_id: The video.
        span: The moment, longer than one frame.
        path: File to write; its ending chooses the container. An existing file is not replaced.

    Raises:
        InputError: The file exists already, or its folder does not.
        ToolError: The clip could not be written; no part of it is left.
    """
    if os.path.exists(path):
        raise InputError(f"{path} exists already; name a new file")
    if not os.path.isdir(path.parent):
        raise InputError(f"{path.parent} is not a folder; make it first")
    video = context.video(video_id)
    context.meter.charge(Cost(tool_calls=1, frames=max(round(span.duration_seconds * CLIP_FPS), 1)))
    unfinished = path.with_name(f".unfinished-{path.name}")
    try:
        _encode(context, video, span, unfinished)
        unfinished.rename(path)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise ToolError(f"could not write {path}: {reason}; name another file") from error
    finally:
        with suppress(OSError):
            unfinished.unlink()


def _encode(context: ToolContext, video: VideoInfo, span: Span, path: Path) -> None:
    import av

    count = max(round(span.duration_seconds * CLIP_FPS), 1)
    times = [span.start_seconds + number / CLIP_FPS for number in range(count)]
    with context.open_reader(video) as reader, av.open(str(path.absolute()), "w") as container:
        stream = container.add_stream("libx264", rate=CLIP_FPS, options={"crf": "18", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = video.width // 2 * 2, video.height // 2 * 2, "yuv420p"
        for frame in reader.at_many(times):
            even = np.ascontiguousarray(frame.image[: stream.height, : stream.width])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(even, format="rgb24")))
        container.mux(stream.encode())
