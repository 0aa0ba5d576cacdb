"""Scrolling text: which line has moved where between two looks, and how long it took to pass.

Owns telling that a line is the one that stood higher or lower before, and the instants at which it came in and
went out. Lines that stand still are `screen_lines`' work.
"""

from collections.abc import Sequence
from statistics import median

import cv2
import numpy as np
from numpy.typing import NDArray

from rewatch.memory.types import Box, Span

Grey = NDArray[np.uint8]
"""uint8 `[height, width]`: luma of a frame."""

_LEAST_SHIFT = 0.03
"""Share of the height from which a line has moved, about its own height; boxes are found to a third of that."""
_AGREED = 0.012
"""Share of the height by which lines that move together may differ."""
_SAME_COLUMN = 0.02
"""Share of the width by which the ends of one line may differ between looks."""
_ALIKE = 0.75
"""Correlation, in every stretch of a line, from which two pictures show the same letters; other letters of the
same line stay below 0.6."""
_SLACK_PIXELS = 4
"""How far a line may be from where the movement puts it: boxes are measured to about two pixels."""


def common_shift(before: Grey, earlier: Sequence[Box], now: Grey, found: Sequence[Box]) -> float:
    """By how much most lines have moved from one look to the next.

    A name that stands in the credits five times can be taken for another one; what most lines agree on cannot.

    Args:
        before: The earlier picture.
        earlier: Boxes of its lines.
        now: The later picture.
        found: Boxes of its lines.

    Returns:
        Share of the height, negative upwards; 0.0 where nothing has moved.
    """
    votes = [
        box[1] - other[1]
        for box in found
        for other in earlier
        if abs(box[1] - other[1]) >= _LEAST_SHIFT
        and _same_column(box, other)
        and shows_same(now, box, before, box[1] - other[1])
    ]
    agreeing = max(
        ([vote for vote in votes if abs(vote - each) <= _AGREED] for each in votes), key=len, default=[]
    )
    return median(agreeing) if agreeing else 0.0


def shifted(box: Box, shift: float) -> Box:
    """The box moved down by a share of the height, cut off at the frame's edges."""
    return (box[0], min(max(box[1] + shift, 0.0), 1.0), box[2], min(max(box[3] + shift, 0.0), 1.0))


def shows_same(now: Grey, box: Box, before: Grey, shift: float) -> bool:
    """Whether a box holds what stood higher or lower in an earlier picture.

    Args:
        now: The picture with the box.
        box: Where a line was found.
        before: The earlier picture.
        shift: How far the line has moved since, as a share of the height.
    """
    height, width = now.shape
    top, bottom = round((box[1] - shift) * height), round((box[3] - shift) * height)
    left, right = int(box[0] * width), round(box[2] * width)
    searched = before[max(top - _SLACK_PIXELS, 0) : max(bottom + _SLACK_PIXELS, 0), left:right]
    sought = now[int(box[1] * height) : round(box[3] * height), left:right]
    sought = sought[1:-1] if len(sought) > 8 else sought
    if not sought.size or searched.shape[0] < sought.shape[0]:
        return False
    place = cv2.minMaxLoc(cv2.matchTemplate(searched, sought, cv2.TM_CCOEFF_NORMED))[3][1]
    return _least_likeness(sought, searched[place : place + len(sought)]) >= _ALIKE


def passing_span(sightings: list[tuple[float, Box]], velocity: float, seen: Span, whole: Span) -> Span:
    """When a line was on the screen, from where it was seen and how fast it moved.

    Args:
        sightings: Seconds and boxes, by time.
        velocity: Heights of the frame a second, negative upwards.
        seen: The samples that show it for certain.
        whole: The video.
    """
    (first, first_box), (last, last_box) = sightings[0], sightings[-1]
    since = (1 - first_box[1]) / -velocity if velocity < 0 else first_box[3] / velocity
    left = last_box[3] / -velocity if velocity < 0 else (1 - last_box[1]) / velocity
    return Span(
        min(max(first - since, whole.start_seconds), seen.start_seconds),
        max(min(last + left, whole.end_seconds), seen.end_seconds),
    )


def _same_column(one: Box, other: Box) -> bool:
    """Whether two boxes begin and end at the same columns."""
    return abs(one[0] - other[0]) <= _SAME_COLUMN and abs(one[2] - other[2]) <= _SAME_COLUMN


def _least_likeness(one: Grey, other: Grey) -> float:
    """The lowest correlation over stretches of a line twice as long as it is high."""
    stretch = max(2 * one.shape[0], 8)
    count = max(one.shape[1] // stretch, 1)
    pieces = zip(np.array_split(one, count, axis=1), np.array_split(other, count, axis=1), strict=True)
    return min(_correlation(left, right) for left, right in pieces)


def _correlation(one: Grey, other: Grey) -> float:
    left, right = (piece.astype(np.float32) - piece.mean() for piece in (one, other))
    scale = float(np.sqrt((left**2).sum() * (right**2).sum()))
    if scale < one.size:  # a stretch without ink in one of them says nothing
        return 1.0
    return float((left * right).sum()) / scale
