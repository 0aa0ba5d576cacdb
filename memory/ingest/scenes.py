"""Shots grouped to scenes, and boundaries of all levels made to nest exactly.

Owns which neighbouring shots belong together. Shots come from `shots`, chapter starts from `chapters`.
"""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise

from rewatch.memory.ingest.shots import distances
from rewatch.memory.types import FrameSample, Sentence, Span

_LIKE_DISTANCE = 0.06
"""Below this two shots show the same place from the same side; over a cut the distance is mostly larger."""
_REACH_SHOTS, _REACH_SECONDS = 4, 45.0
"""Shots that alternate, as in a dialogue, are linked over at most so many shots and so much time."""
_SHORTEST_SECONDS = 6.0


def snap(moments: Sequence[float], boundaries: Sequence[float], within_seconds: float) -> list[float]:
    """Move each moment to the nearest boundary within reach; others stay.

    Args:
        moments: Seconds.
        boundaries: Seconds, ascending.
        within_seconds: How far a moment may be moved.

    Returns:
        Seconds, ascending and distinct.
    """
    snapped = set()
    for moment in moments:
        place = bisect_left(boundaries, moment)
        near = min(boundaries[max(place - 1, 0) : place + 1], key=lambda b: abs(b - moment), default=moment)
        snapped.add(near if abs(near - moment) <= within_seconds else moment)
    return sorted(snapped)


def tile(starts: Sequence[float], duration_seconds: float) -> list[Span]:
    """Spans from each start to the next, the first from 0, the last to the end of the video."""
    inner = sorted({start for start in starts if 0 < start < duration_seconds})
    return [Span(start, end) for start, end in pairwise([0.0, *inner, duration_seconds])]


def split(spans: Sequence[Span], moments: Sequence[float]) -> list[Span]:
    """Add boundaries to spans that tile a video."""
    return tile([*(span.start_seconds for span in spans), *moments], spans[-1].end_seconds)


def find_scenes(
    shots: Sequence[Span],
    samples: Sequence[FrameSample],
    spoken: Sequence[Sentence],
    borders: Sequence[float],
) -> list[Span]:
    """Group neighbouring shots.

    Two shots belong together if they, or shots around them, look alike within a short time, or if the cut
    between them falls inside a sentence.

    Args:
        shots: Shots that tile the video.
        samples: Measured frames by time.
        spoken: Spoken sentences by start time.
        borders: Shot boundaries at which a scene begins in any case, such as slide changes.

    Returns:
        Scenes that tile the video; each of their boundaries is a shot boundary.
    """
    forced = set(borders)
    bound = _linked(shots, samples)
    starts = [0.0]
    for number, shot in enumerate(shots[1:], start=1):
        start = shot.start_seconds
        free = number not in bound and not _inside_sentence(start, spoken)
        if start in forced or (free and start - starts[-1] >= _SHORTEST_SECONDS):
            starts.append(start)
    return tile(starts, shots[-1].end_seconds)


def _linked(shots: Sequence[Span], samples: Sequence[FrameSample]) -> set[int]:
    """Numbers of the shots that are held together with the one before them by a pair of alike shots."""
    if not samples:
        return set()
    pairs = [
        (i, j)
        for i in range(len(shots))
        for j in range(i + 1, min(i + 1 + _REACH_SHOTS, len(shots)))
        if shots[j].start_seconds - shots[i].end_seconds <= _REACH_SECONDS
    ]
    times = [sample.seconds for sample in samples]
    middles = [_nearest(times, shot) for shot in shots]
    apart = distances(samples[middles[number]] for pair in pairs for number in pair)[::2]
    bound: set[int] = set()
    for (i, j), distance in zip(pairs, apart, strict=True):
        if distance < _LIKE_DISTANCE:
            bound.update(range(i + 1, j + 1))
    return bound


def _nearest(times: Sequence[float], shot: Span) -> int:
    place = bisect_left(times, shot.middle_seconds)
    around = range(max(place - 1, 0), min(place + 1, len(times)))
    return min(around, key=lambda index: abs(times[index] - shot.middle_seconds))


def _inside_sentence(seconds: float, spoken: Sequence[Sentence]) -> bool:
    """Whether somebody is in the middle of a sentence, not at its edge."""
    latest = bisect_left(spoken, seconds, key=lambda sentence: sentence.span.start_seconds)
    return any(
        sentence.span.start_seconds + 0.5 < seconds < sentence.span.end_seconds - 0.5
        for sentence in spoken[max(latest - 3, 0) : latest]
    )
