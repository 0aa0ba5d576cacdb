"""The signature of a sampled frame: where strokes stand, and how strongly, in under two milliseconds.

Owns the layout of the bytes and what counts as the same cell. Text is made of strong, narrow edges, so a cell
of 8 x 8 pixels keeps the mean of its clipped gradients; a word that appears, a digit that changes and a
screen that returns all show in it, and most of the natural world stays weak. When to look closer is decided
in `screen_watch`; the signature is measured in the processes that decode (`frames_stage`).
"""

import math
import struct
import zlib
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Grid = NDArray[np.int16]
"""int16 `[rows, columns]`, 0 to 254: strokes in each cell of 8 x 8 pixels of the frame at a length of 640."""

LONG_SIDE_PIXELS = 640
"""Frames are compared at this length: a 14 pixel letter of a 640 x 360 slide keeps its size."""
CELL_PIXELS = 8
_CONTRAST_CAP = 127
"""Gradients are clipped here: black and grey text on white then differ less than text and grass do."""
_HEADER = struct.Struct("<BBd")
SAME_LEVELS = 26
"""Cells differ when they are further apart than this and than a quarter of their level: the noise of an
encoder at 300 kbit/s stays below, one letter of 14 pixels that appears lies above."""


@dataclass(frozen=True, slots=True)
class Signature:
    """What is known of one sampled frame."""

    grid: Grid
    change_seconds: float | None
    """When, since the sample before, the picture changed most; None where that was not watched."""


def signature(image: NDArray[np.uint8], change_seconds: float | None = None) -> bytes:
    """Measure a frame.

    Args:
        image: uint8 `[height, width, 3]`, RGB.
        change_seconds: The frame's `change_seconds`.

    Returns:
        Packed bytes, about 1 to 2 KB; `unpack` reads them.
    """
    grid = _strokes(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))
    rows, columns = grid.shape
    header = _HEADER.pack(rows, columns, math.nan if change_seconds is None else change_seconds)
    return header + zlib.compress(grid.tobytes(), 1)


def unpack(packed: bytes) -> Signature:
    """Read what `signature` has packed."""
    rows, columns, change = _HEADER.unpack_from(packed)
    cells = np.frombuffer(zlib.decompress(packed[_HEADER.size :]), np.uint8)
    return Signature(
        cells.reshape(rows, columns).astype(np.int16), None if math.isnan(change) else float(change)
    )


def differ(cells: Grid, reference: Grid) -> NDArray[np.bool_]:
    """Which cells no longer show what the reference showed."""
    changed: NDArray[np.bool_] = np.abs(cells - reference) > np.maximum(SAME_LEVELS, reference >> 2)
    return changed


def _strokes(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Mean clipped gradient in each cell, doubled to fill 0 to 254."""
    height, width = grey.shape
    scale = LONG_SIDE_PIXELS / max(height, width)
    rows, columns = (max(round(side * scale / CELL_PIXELS), 1) for side in (height, width))
    size = (columns * CELL_PIXELS, rows * CELL_PIXELS)
    if size != (width, height):
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    across = cv2.absdiff(grey[1:-1, 2:], grey[1:-1, :-2])
    down = cv2.absdiff(grey[2:, 1:-1], grey[:-2, 1:-1])
    inner = cv2.min(cv2.max(across, down), _CONTRAST_CAP)
    edges = cv2.copyMakeBorder(inner, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    means: NDArray[np.uint8] = cv2.resize(edges, (columns, rows), interpolation=cv2.INTER_AREA)
    return means * np.uint8(2)
