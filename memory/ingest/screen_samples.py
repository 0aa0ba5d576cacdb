"""The sampled frames of a video, as numbered screens with the times between them."""

from bisect import bisect_right
from functools import lru_cache, partial

import numpy as np

from rewatch.memory.ingest.screen_gate import Grid, Signature, unpack
from rewatch.memory.ingest.screen_places import cells_of
from rewatch.memory.ingest.stored_samples import StoredSamples
from rewatch.memory.types import Box, Span

_STEADY, _RESTLESS, _UNREST = 0.045, 0.12, 2.5
"""A text stands while the strokes in its box differ by less than this share from those it was read from. On a
still background they differ by 0.01 and those of another text by 0.07 to 0.4; where the background moves, by
`_UNREST` times what they differ by in the nearest sample, at most `_RESTLESS`."""
BLINK_SECONDS = 1.5
"""What is gone for at most this long has stayed."""


class SampledScreen:
    """The signatures of all samples of a video; read and unpacked when asked for, so that hours fit in memory."""

    def __init__(self, samples: StoredSamples, duration_seconds: float) -> None:
        self.seconds = samples.seconds
        self.duration_seconds = duration_seconds
        self._signature = lru_cache(maxsize=256)(partial(_signature, samples))

    def __len__(self) -> int:
        return len(self.seconds)

    def grid(self, index: int) -> Grid:
        """Strokes in the cells of a sample."""
        return self._signature(index).grid

    def begin_seconds(self, index: int) -> float:
        """When what a sample shows came up; the end of the video after the last sample."""
        if index >= len(self):
            return self.duration_seconds
        change = self._signature(index).change_seconds
        if change is not None and index and self.seconds[index - 1] < change <= self.seconds[index]:
            return change
        return self.seconds[index] if index else 0.0

    def index_at(self, seconds: float) -> int:
        """The sample on display at an instant."""
        return max(bisect_right(self.seconds, seconds) - 1, 0)

    def span(self, first: int, last: int) -> Span:
        """From the sample `first` to the end of the sample `last`."""
        start = self.begin_seconds(first)
        return Span(start, max(self.begin_seconds(last + 1), start))

    def follow(self, index: int, box: Box, earliest: int) -> tuple[int, int]:
        """The samples around one that show the same strokes in a box.

        Args:
            index: The sample that was read.
            box: Where the text stands.
            earliest: The first sample that may show it.

        Returns:
            First and last sample, both included.
        """
        cells = cells_of(box, self.grid(index))
        reference = self.grid(index)[cells]

        def change(at: int) -> float:
            now = self.grid(at)[cells]
            return float(np.abs(now - reference).sum() / max(int(now.sum() + reference.sum()), 1))

        near = [change(at) for at in (index - 1, index + 1) if 0 <= at < len(self)]
        most = min(max(_UNREST * min(near, default=0.0), _STEADY), _RESTLESS)

        def walk(step: int, limit: int) -> int:
            at = index
            while at != limit:
                if change(at + step) <= most:
                    at += step
                elif at + step != limit and self._blinks(at + step) and change(at + 2 * step) <= most:
                    at += 2 * step
                else:
                    break
            return at

        return walk(-1, min(earliest, index)), walk(1, len(self) - 1)

    def strongest_change(self, box: Box, first: int, last: int) -> int:
        """The sample after `first`, up to `last`, before which the strokes in a box changed most."""
        cells = cells_of(box, self.grid(last))
        steps = [
            int(np.abs(self.grid(at)[cells] - self.grid(at - 1)[cells]).sum())
            for at in range(first + 1, last + 1)
        ]
        return first + 1 + int(np.argmax(steps))

    def _blinks(self, index: int) -> bool:
        return self.begin_seconds(index + 1) - self.begin_seconds(index) <= BLINK_SECONDS


def _signature(samples: StoredSamples, index: int) -> Signature:
    return unpack(samples[index].screen)
