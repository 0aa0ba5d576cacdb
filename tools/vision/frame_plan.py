"""Which frames a model is shown, and how large: more of them smaller, or fewer of them larger, at a constant cost.

Owns the trade between time and detail, and what counts as showing the same again. Decoding is `watch`'s work.
"""

import math
from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rewatch.memory.errors import ToolError
from rewatch.memory.types import Frame, Span

Detail = Literal["motion", "balanced", "fine"]
"""Many small frames, for what happens; few large ones, for what can be read; or between them."""

MAX_FRAMES = 64

LONG_SIDE_PIXELS: dict[Detail, int] = {"motion": 224, "balanced": 448, "fine": 896}
"""The size that frames are given when the span has more of them than fit."""

_FRAMES_A_SECOND = 2.0
"""No more are shown of a short span, which gets larger frames instead."""
_SMALLEST_PIXELS = 56
_SHRINK = 0.9
_CELLS = 32
_CELL_PIXELS = 3
"""Sides of a cell are compared by about so many pixels; reading more takes time and tells nothing."""
_SAME_LEVELS = 6.0
"""Two frames show the same when no cell of a 32x32 grid differs by more, of 255: noise of the encoding, which a
cell's mean evens out, stays below; an object of the size of a cell is above."""

Counter = Callable[[int, int, int], int]
"""Visual tokens of so many frames of a width and a height."""


@dataclass(frozen=True, slots=True)
class FramePlan:
    """Frames to decode, and the size to show them in."""

    seconds: tuple[float, ...]
    """When, in the middles of equal parts of the span."""
    width: int
    height: int


def plan_frames(
    span: Span, size: tuple[int, int], visual_tokens: int, count: Counter, *, detail: Detail = "balanced"
) -> FramePlan:
    """Spread frames over a span so that they take no more than so many visual tokens.

    Args:
        span: What to look at; of a span without length, the frame on display.
        size: Width and height of the video's frames, in pixels.
        visual_tokens: All frames together take at most so many.
        count: What the model counts.
        detail: Whether many small frames or few large ones are wanted.

    Raises:
        ToolError: Not even one small frame fits.
    """
    most = min(max(math.ceil(span.duration_seconds * _FRAMES_A_SECOND), 1), MAX_FRAMES)
    width, height = _scaled(size, min(1.0, LONG_SIDE_PIXELS[detail] / max(size)))
    too_many = bisect_left(
        range(1, most + 1), True, key=lambda frames: count(frames, width, height) > visual_tokens
    )
    frames = max(too_many, 1)
    step = span.duration_seconds / frames
    seconds = tuple(span.start_seconds + (part + 0.5) * step for part in range(frames))
    return FramePlan(seconds, *fit_size(size, frames, visual_tokens, count))


def fit_size(size: tuple[int, int], frames: int, visual_tokens: int, count: Counter) -> tuple[int, int]:
    """The largest size, never above the video's own, in which so many frames take no more than so many tokens.

    Raises:
        ToolError: They take more in any size.
    """
    scale = 1.0
    while max(size) * scale >= _SMALLEST_PIXELS or scale == 1.0:
        width, height = _scaled(size, scale)
        if count(frames, width, height) <= visual_tokens:
            return width, height
        scale *= _SHRINK
    raise ToolError(f"{visual_tokens} visual tokens are too few for {frames} frames; allow more")


def without_repeats(frames: Iterable[Frame]) -> list[Frame]:
    """Leave out each frame that shows the same as the last one kept."""
    kept: list[Frame] = []
    last: NDArray[np.float32] | None = None
    for frame in frames:
        cells = _cells(frame.image)
        if last is None or float(np.abs(cells - last).max()) > _SAME_LEVELS:
            kept.append(frame)
            last = cells
    return kept


def resized(frame: Frame, width: int, height: int) -> Frame:
    """The frame in another, smaller size: halved by averaging as often as it goes, the rest interpolated."""
    import cv2

    image = frame.image
    if image.shape[:2] == (height, width):
        return frame
    while min(image.shape[0] // height, image.shape[1] // width) >= 2:
        half = image.shape[1] // 2, image.shape[0] // 2
        image = np.asarray(cv2.resize(image, half, interpolation=cv2.INTER_AREA), np.uint8)
    return Frame(frame.seconds, np.asarray(cv2.resize(image, (width, height)), np.uint8))


def _cells(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Mean colour of each cell, from pixels at even distances."""
    import cv2

    step = max(min(image.shape[:2]) // (_CELLS * _CELL_PIXELS), 1)
    small = cv2.resize(image[::step, ::step], (_CELLS, _CELLS), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)


def _scaled(size: tuple[int, int], scale: float) -> tuple[int, int]:
    return max(round(size[0] * scale), 1), max(round(size[1] * scale), 1)
