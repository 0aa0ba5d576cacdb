"""Cuts and shots, from what the dense pass has measured of its samples.

Owns the layout of `FrameSample.histogram`: how a picture is summed up, how two of them are compared, which
steps between samples are cuts, and where exactly they lie. Nothing is decoded for it, except by `refine` for
the few cuts whose place the pass could not see. Scenes and chapters are built on top by others.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, pairwise

import numpy as np
from numpy.typing import NDArray

from rewatch.memory.ingest.decode import FrameReader
from rewatch.memory.types import FrameSample, Span, VideoInfo

_COLUMNS, _ROWS = 16, 9
_POINTS_A_BLOCK = 4
_HUES, _SATURATIONS, _VALUES = 16, 4, 4
_GREYISH = 30
"""Below this saturation (of 255) a hue is noise; such pixels count under hue 0."""
_CHANGE = np.dtype(
    [("change_seconds", np.float64), ("change_jump", np.float32), ("change_ratio", np.float32)]
)
_LAYOUT = np.dtype(
    [
        ("colours", np.uint16, _HUES * _SATURATIONS * _VALUES),
        ("blocks", np.uint8, _COLUMNS * _ROWS),
        *_CHANGE.descr,
    ]
)
"""Shares of pixels by hue, saturation and value (65535 is all of them); mean luma of 16 x 9 blocks, row by
row; the frame's `change_seconds`, `change_jump` and `change_ratio`, not a number where unknown."""

_CUT_JUMP, _CUT_DISTANCE = 6.0, 0.25
"""A cut in a film: one step stands out from the motion around it and leaves another picture."""
_STILL_JUMP, _STILL_RATIO = 3.0, 4.5
"""A slide is turned, which changes a few lines: the step is several times the motion of a speaker beside it."""
_CHANGED_DISTANCE = 0.8
"""Another picture altogether, however it came about: fades and dissolves."""
_UNSEEN_DISTANCE, _STILL_DISTANCE, _STILL_DISTANCE_RATIO = 0.45, 0.05, 6.0
"""The same where the frames between the samples went unseen, from the distance of the samples alone.

Chosen on an animated film, a drawn talk and footage of fixed cameras; the first
ratio may lie between 4 and 5.5 with the same cuts found."""
_NEIGHBOURS = 4
_REFINED_SECONDS = 1.5
_JUST_AFTER_SECONDS = 1e-5
_COMPARED_AT_ONCE = 256
"""Samples; comparing them takes 6 KB each for the time being."""

Cut = tuple[float, float]
"""A cut lies after the first time and not after the second; equal times mean that it is known exactly."""


def histogram(
    image: NDArray[np.uint8],
    change_seconds: float | None = None,
    change_jump: float | None = None,
    change_ratio: float | None = None,
) -> bytes:
    """Sum up a sampled picture, to be compared with the sample before it.

    Args:
        image: uint8 `[height, width, 3]`, RGB.
        change_seconds: The frame's `change_seconds`: where a cut would lie.
        change_jump: The frame's `change_jump`: whether there is one.
        change_ratio: The frame's `change_ratio`: whether there is one where little changes.

    Returns:
        672 bytes; `_LAYOUT` says what they are.
    """
    import cv2

    size = (_COLUMNS * _POINTS_A_BLOCK, _ROWS * _POINTS_A_BLOCK)
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    hue, saturation, value = cv2.split(cv2.cvtColor(small, cv2.COLOR_RGB2HSV_FULL))
    hue = np.where(saturation < _GREYISH, 0, hue)
    bins = (hue >> 4).astype(np.int64) * 16 + (saturation >> 6) * 4 + (value >> 6)
    counts = np.bincount(bins.ravel(), minlength=_HUES * _SATURATIONS * _VALUES)
    record = np.zeros((), _LAYOUT)
    record["colours"] = np.round(counts * (65535 / bins.size))
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    record["blocks"] = cv2.resize(grey, (_COLUMNS, _ROWS), interpolation=cv2.INTER_AREA).ravel()
    record["change_seconds"] = math.nan if change_seconds is None else change_seconds
    record["change_jump"] = math.nan if change_jump is None else change_jump
    record["change_ratio"] = math.nan if change_ratio is None else change_ratio
    return record.tobytes()


def distances(samples: Iterable[FrameSample]) -> NDArray[np.float64]:
    """How much each sample differs from the one before it.

    Args:
        samples: In order of time; taken once, a few at a time.

    Returns:
        float64 `[max(N - 1, 0)]`, 0 (same picture) to about 1: twice the geometric mean of half the L1
        distance of the colour histograms and the mean difference of the blocks. A pan keeps the colours, a
        change of colour the blocks; a cut changes both.
    """
    return np.concatenate([np.zeros(0), *map(_distances, _stretches(samples))])


def find_cuts(samples: Sequence[FrameSample]) -> list[Cut]:
    """Find the cuts between samples.

    Args:
        samples: In order of time; a frame a second, or keyframes.

    Returns:
        In order of time, where each cut lies; exact where the pass has seen every frame.
    """
    distance, change = distances(samples), _changes(samples)[1:]
    jump, at = change["change_jump"].astype(np.float64), change["change_seconds"]
    is_cut = distance >= _CHANGED_DISTANCE
    is_cut |= (jump >= _CUT_JUMP) & (distance >= _CUT_DISTANCE)
    is_cut |= (jump >= _STILL_JUMP) & (change["change_ratio"] >= _STILL_RATIO)
    still = (distance >= _STILL_DISTANCE) & (distance >= _STILL_DISTANCE_RATIO * _usual(distance))
    is_cut |= np.isnan(jump) & ((distance >= _UNSEEN_DISTANCE) | still)
    return [
        (samples[index].seconds, samples[index + 1].seconds)
        if math.isnan(at[index])
        else (float(at[index]), float(at[index]))
        for index in map(int, np.flatnonzero(is_cut))
    ]


def refine(reader: FrameReader, cuts: Sequence[Cut]) -> list[float]:
    """Place every cut exactly: at the beginning of the new shot's first frame.

    Args:
        reader: Reads the video; used only for cuts that are not exact yet, at the price of a seek each. Where
            samples are further apart than a second and a half (keyframes), the later one is taken: encoders
            put keyframes at cuts.
        cuts: From `find_cuts`.

    Returns:
        Seconds, ascending and distinct.
    """
    return sorted({_place(reader, before, after) for before, after in cuts})


def shots(info: VideoInfo, cuts: Sequence[float], *, max_seconds: float = 30.0) -> list[Span]:
    """Tile a video with shots of bounded length.

    Args:
        info: The video.
        cuts: Seconds where shots begin, ascending.
        max_seconds: A longer shot is split into equal parts.

    Returns:
        Spans from 0 to the duration, without gap or overlap; at least one.
    """
    end = info.duration_seconds
    inner = sorted({cut for cut in cuts if 0 < cut < end})
    bounds = [0.0]
    for stop in [*inner, end]:
        start = bounds[-1]
        count = max(math.ceil((stop - start) / max_seconds), 1)
        bounds.extend(start + (stop - start) * part / count for part in range(1, count))
        bounds.append(stop)
    return [Span(start, stop) for start, stop in pairwise(bounds)]


def _stretches(samples: Iterable[FrameSample]) -> Iterator[NDArray[np.void]]:
    """The records of the samples in stretches; each begins with the last one of the stretch before."""
    histograms = (sample.histogram for sample in samples)
    last = b""
    while some := list(islice(histograms, _COMPARED_AT_ONCE)):
        yield np.frombuffer(last + b"".join(some), _LAYOUT)
        last = some[-1]


def _distances(records: NDArray[np.void]) -> NDArray[np.float64]:
    colours = np.abs(np.diff(records["colours"].astype(np.float64), axis=0)).sum(axis=1) / (2 * 65535)
    blocks = np.abs(np.diff(records["blocks"].astype(np.float64), axis=0)).mean(axis=1) / 255
    both: NDArray[np.float64] = 2 * np.sqrt(colours * blocks)
    return both


def _changes(samples: Iterable[FrameSample]) -> NDArray[np.void]:
    """The last fields of all records; of `_CHANGE`."""
    return np.frombuffer(b"".join(sample.histogram[-_CHANGE.itemsize :] for sample in samples), _CHANGE)


def _usual(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The median among each value's neighbours, itself left out; 0 where none is known."""
    padded = np.pad(values, _NEIGHBOURS, constant_values=np.nan)
    offsets = [offset for offset in range(2 * _NEIGHBOURS + 1) if offset != _NEIGHBOURS]
    around = np.stack([padded[offset : offset + len(values)] for offset in offsets])
    around[:, np.isnan(around).all(axis=0)] = 0.0
    usual: NDArray[np.float64] = np.nanmedian(around, axis=0)
    return usual


def _place(reader: FrameReader, before: float, after: float) -> float:
    """The beginning of the frame that differs most from the one before it, in `(before, after]`."""
    if before == after or after - before > _REFINED_SECONDS:
        return after
    best, place, last = -1.0, after, None
    for frame in reader.frames(Span(before, after + _JUST_AFTER_SECONDS)):
        coarse = frame.image[::8, ::8].astype(np.int16)
        step = -1.0 if last is None else float(np.abs(coarse - last).mean())
        if step > best:
            best, place = step, frame.seconds
        last = coarse
    return place
