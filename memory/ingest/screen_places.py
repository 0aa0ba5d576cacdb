"""Places on the screen: boxes, and the cells and pixels under them."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from rewatch.memory.ingest.screen_gate import Grid
from rewatch.memory.types import Box


def cells_of(box: Box, grid: Grid) -> tuple[slice, slice]:
    """The cells that a box covers, as an index into a grid."""
    rows, columns = grid.shape
    left, top = min(int(box[0] * columns), columns - 1), min(int(box[1] * rows), rows - 1)
    right, bottom = max(round(box[2] * columns), left + 1), max(round(box[3] * rows), top + 1)
    return slice(top, bottom), slice(left, right)


def covered(boxes: Sequence[Box], grid: Grid) -> NDArray[np.bool_]:
    """Which cells lie in one of the boxes."""
    mask = np.zeros(grid.shape, np.bool_)
    for box in boxes:
        mask[cells_of(box, grid)] = True
    return mask


def around(weights: NDArray[np.float64], least: float) -> list[Box]:
    """Boxes around clusters of cells, with room for a letter on all sides.

    Args:
        weights: `[rows, columns]`, 0 for cells that do not count.
        least: What a cluster has to weigh in all.

    Returns:
        One box for each cluster; boxes may overlap.
    """
    near = cv2.dilate((weights > 0).astype(np.uint8), np.ones((3, 5), np.uint8))
    count, labels, extents, _ = cv2.connectedComponentsWithStats(near)
    heavy = np.bincount(labels.ravel(), weights.ravel(), count) >= least
    rows, columns = weights.shape
    return [
        (left / columns, top / rows, (left + width) / columns, (top + height) / rows)
        for (left, top, width, height, _), counts in zip(extents[1:], heavy[1:], strict=True)
        if counts
    ]


def pixels_of(box: Box, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The pixels that a box covers."""
    height, width = picture.shape[:2]
    return picture[int(box[1] * height) : round(box[3] * height), int(box[0] * width) : round(box[2] * width)]


def overlap(one: Box, other: Box) -> float:
    """Area that two boxes share over the smaller one's, 0 to 1."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / min(_area(one), _area(other))


def union_share(one: Box, other: Box) -> float:
    """Area that two boxes share over the area of both, 0 to 1."""
    share = overlap(one, other)
    if not share:
        return 0.0
    shared = share * min(_area(one), _area(other))
    return shared / (_area(one) + _area(other) - shared)


def _area(box: Box) -> float:
    return max((box[2] - box[0]) * (box[3] - box[1]), 1e-9)
