"""How a frame's number and time are told to a model: as text before it, or drawn on it.

Owns both forms and the grids of frames. Times are those of the video's clock.
"""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rewatch.memory.timecode import format_seconds
from rewatch.memory.types import Frame

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont, ImageFont

_GAP_PIXELS = 4
_TEXT_SHARE = 0.09
"""Height of a drawn time, as a share of the frame's."""


def label(number: int, seconds: float) -> str:
    """The line before a frame, such as "Frame 3 at 1:23.4:"."""
    return f"Frame {number} at {format_seconds(seconds, decimals=1)}:"


def panels(frames: Sequence[Frame], side: int) -> list[tuple[str, NDArray[np.uint8]]]:
    """Lay frames out in grids, by time, each with its number and time drawn on it.

    Args:
        frames: Of one size.
        side: Columns and rows of a grid; the last grid has only the rows that it needs.

    Returns:
        For each grid the line that explains it, and its image, uint8 `[height, width, 3]`, RGB.
    """
    numbered = list(enumerate(frames, start=1))
    groups = [numbered[first : first + side * side] for first in range(0, len(numbered), side * side)]
    return [(_explained(group), _grid(group, side)) for group in groups]


def _explained(group: Sequence[tuple[int, Frame]]) -> str:
    first, last = group[0], group[-1]
    return (
        f"Frames {first[0]} to {last[0]}, {format_seconds(first[1].seconds, decimals=1)} to "
        f"{format_seconds(last[1].seconds, decimals=1)}, in rows from left to right; "
        "each bears its number and time:"
    )


def _grid(group: Sequence[tuple[int, Frame]], side: int) -> NDArray[np.uint8]:
    height, width = group[0][1].image.shape[:2]
    columns, rows = min(side, len(group)), -(-len(group) // side)
    shape = (rows * (height + _GAP_PIXELS) - _GAP_PIXELS, columns * (width + _GAP_PIXELS) - _GAP_PIXELS, 3)
    canvas = np.zeros(shape, np.uint8)
    for place, (number, frame) in enumerate(group):
        row, column = divmod(place, side)
        top, left = row * (height + _GAP_PIXELS), column * (width + _GAP_PIXELS)
        canvas[top : top + height, left : left + width] = _stamped(number, frame)
    return canvas


def _stamped(number: int, frame: Frame) -> NDArray[np.uint8]:
    """The frame with its number and time on a black strip in its upper left corner."""
    from PIL import Image, ImageDraw

    picture = Image.fromarray(frame.image)
    draw = ImageDraw.Draw(picture)
    text = f"{number}  {format_seconds(frame.seconds, decimals=1)}"
    font = _font(max(round(frame.image.shape[0] * _TEXT_SHARE), 10))
    left, top, right, bottom = draw.textbbox((3, 1), text, font=font)
    draw.rectangle((0, 0, right + left, bottom + top), fill="black")
    draw.text((3, 1), text, font=font, fill="white")
    return np.asarray(picture)


@cache
def _font(pixels: int) -> "FreeTypeFont | ImageFont":
    import PIL.ImageFont

    return PIL.ImageFont.load_default(pixels)
