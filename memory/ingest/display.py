"""From a stored picture to the displayed one: rotation, square pixels, RGB.

Owns the geometry. Which picture is on display at a time is `playhead`'s question.
"""

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rewatch.memory.types import VideoInfo

if TYPE_CHECKING:
    from av.video.frame import VideoFrame


def displayed_size(width: int, height: int, pixel_aspect: Fraction, rotation_degrees: int) -> tuple[int, int]:
    """Width and height of the displayed frame; the side that non-square pixels stretch is enlarged.

    Args:
        width: Stored pixels a row.
        height: Stored rows.
        pixel_aspect: Width of a stored pixel over its height.
        rotation_degrees: Clockwise rotation that display needs: 0, 90, 180 or 270.
    """
    if pixel_aspect >= 1:
        width = round(width * pixel_aspect)
    else:
        height = round(height / pixel_aspect)
    return (height, width) if rotation_degrees % 180 else (width, height)


def clockwise_rotation(frame: "VideoFrame") -> int:
    """Clockwise degrees of the frame's display matrix, to the nearest right angle."""
    return round(-frame.rotation / 90) % 4 * 90


def shrunk_size(width: int, height: int, longest_pixels: int) -> tuple[int, int]:
    """Width and height of a frame shrunk to a length at most; 0 leaves it as it is."""
    scale = longest_pixels / max(width, height)
    if not 0 < scale < 1:
        return width, height
    return max(round(width * scale), 1), max(round(height * scale), 1)


def displayed_image(frame: "VideoFrame", info: VideoInfo, longest_pixels: int = 0) -> NDArray[np.uint8]:
    """Convert a decoded frame.

    Args:
        frame: As it was stored.
        info: Tells how it is displayed.
        longest_pixels: Length to which a larger picture is shrunk on the way; 0 leaves it as it is.

    Returns:
        uint8 `[height, width, 3]`, RGB; those of `info` unless it was shrunk.
    """
    size = shrunk_size(info.width, info.height, longest_pixels)
    width, height = size[::-1] if info.rotation_degrees % 180 else size
    how = "BICUBIC" if size == (info.width, info.height) else "AREA"
    stored = frame.to_ndarray(format="rgb24", width=width, height=height, interpolation=how)
    return np.ascontiguousarray(np.rot90(stored, -info.rotation_degrees // 90), dtype=np.uint8)
