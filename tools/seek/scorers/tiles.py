"""Many small frames on one picture, and which of them a box on it belongs to."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rewatch.memory.types import Box, Frame

TILE_PIXELS = 960
"""Longer side of a tile."""


def compose(frames: Sequence[Frame], grid: int) -> NDArray[np.uint8]:
    """Draw frames of one size into the cells of a grid, in reading order; cells without one stay black.

    Args:
        frames: At most `grid` squared.
        grid: Cells along a side.

    Returns:
        uint8 `[height, width, 3]`, RGB.
    """
    import cv2

    height, width = frames[0].image.shape[:2]
    scale = TILE_PIXELS / grid / max(height, width)
    cell_width, cell_height = max(round(width * scale), 1), max(round(height * scale), 1)
    tile = np.zeros((cell_height * grid, cell_width * grid, 3), np.uint8)
    for number, frame in enumerate(frames):
        row, column = divmod(number, grid)
        small = cv2.resize(frame.image, (cell_width, cell_height), interpolation=cv2.INTER_AREA)
        top, left = row * cell_height, column * cell_width
        tile[top : top + cell_height, left : left + cell_width] = small
    return tile


def cell_of(box: Box, grid: int) -> tuple[int, Box]:
    """The cell that holds a box's centre, and the part of the box in it, in the cell's own coordinates."""
    centre_x, centre_y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    column = min(max(int(centre_x * grid), 0), grid - 1)
    row = min(max(int(centre_y * grid), 0), grid - 1)
    x0, x1 = (min(max(edge * grid - column, 0.0), 1.0) for edge in (box[0], box[2]))
    y0, y1 = (min(max(edge * grid - row, 0.0), 1.0) for edge in (box[1], box[3]))
    return row * grid + column, (x0, y0, x1, y1)
