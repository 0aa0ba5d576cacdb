"""Closer, in time and space: the frames between which a thing appears and goes, and its region at full size."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from rewatch.memory.ingest.decode import FrameReader
from rewatch.memory.types import Box, Frame, Span

_TICK_SECONDS = 1e-4
"""Two instants closer than this show one frame; shorter than any frame."""


def appearance(
    reader: FrameReader, shows: Callable[[Frame], bool], seconds: float, within: Span, max_looks: int
) -> Span:
    """When a thing that is on display at an instant came and when it goes, exact to the frame.

    Args:
        reader: The video.
        shows: Whether a frame shows it.
        seconds: An instant at which it does.
        within: Where it may be, such as the shot: it is taken to come once and go once in it.
        max_looks: Frames that may be asked about.

    Returns:
        From the first frame that shows it to the first one after it that does not; as near as the looks allow.
    """
    most = max(max_looks // 2, 1)
    start = _edge(reader, shows, seconds, within.start_seconds, most)
    end = _edge(reader, shows, seconds, within.end_seconds, most)
    return Span(min(start, seconds), max(end, seconds))


def _edge(
    reader: FrameReader, shows: Callable[[Frame], bool], inside: float, limit: float, max_looks: int
) -> float:
    """Halve the stretch between a frame that shows it and the limit until no frame lies between.

    Towards the start this is the timestamp of the first frame that shows it, towards the end that of the first one
    that does not.
    """
    forward = limit > inside
    outermost = reader.at(max(limit - _TICK_SECONDS, 0.0) if forward else limit)
    if max_looks < 1 or shows(outermost):
        return limit if forward else max(outermost.seconds, limit)
    near, far = reader.at(inside).seconds, outermost.seconds
    bound = near if forward else far
    for _ in range(64):
        low, high = (bound, far) if forward else (bound, near)
        if high - low <= _TICK_SECONDS:
            break
        middle = (low + high) / 2
        frame = reader.at(middle)
        if frame.seconds in (near, far):
            # The frame shown here is known: what is not yet known begins after this instant.
            bound = middle
            continue
        if max_looks <= 1:
            break
        max_looks -= 1
        if shows(frame):
            near = frame.seconds
            bound = near if forward else bound
        else:
            far = frame.seconds
            bound = bound if forward else far
    return far if forward else near


_MARGIN = 0.15
"""Share of a box's size that is shown around it on each side: what a thing stands in helps to tell what it is."""


def region(image: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    """A part of a frame at its own resolution, with a margin for what stands around it.

    Args:
        image: uint8 `[height, width, 3]`, RGB.
        box: Of the displayed frame, 0 to 1.

    Returns:
        uint8 `[h, w, 3]`, at least a pixel in each direction.
    """
    left, top, right, bottom = _bounds(box, image.shape[1], image.shape[0])
    return image[top:bottom, left:right]


def region_size(box: Box, width: int, height: int) -> tuple[int, int]:
    """Width and height of the region of a frame of this size, in pixels."""
    left, top, right, bottom = _bounds(box, width, height)
    return right - left, bottom - top


def _bounds(box: Box, width: int, height: int) -> tuple[int, int, int, int]:
    wide, high = _MARGIN * (box[2] - box[0]), _MARGIN * (box[3] - box[1])
    left = min(max(int((box[0] - wide) * width), 0), width - 1)
    top = min(max(int((box[1] - high) * height), 0), height - 1)
    right = min(math.ceil((box[2] + wide) * width), width)
    bottom = min(math.ceil((box[3] + high) * height), height)
    return left, top, max(right, left + 1), max(bottom, top + 1)
