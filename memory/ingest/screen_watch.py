"""When a frame is worth reading: decided from the signatures alone, before anything is decoded again.

A cell whose strokes hold still for a while may be text. Nothing has to be read while it stands: the watch
asks for a look at the last sample before unread strokes go away. One look then covers all that has come up
since the last one, so that a slide whose points appear one by one is read once, complete. Owns that decision
and the allowance for looks at what turns out to hold no text; reading is done in `screen_text`.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from rewatch.memory.ingest.screen_gate import Grid, differ
from rewatch.memory.ingest.screen_places import around
from rewatch.memory.types import Box

SETTLED_SECONDS = 1.5
"""Strokes that hold still this long may be text: two samples at one a second."""
FLICKER_SECONDS = 1.5
"""What was read and comes back within this time, such as a cursor or an encoder's noise, is not read again."""
_FAINT, _STRONG = 40, 100
"""Levels of a cell at which it begins to count and counts fully: faint texture, and black on white."""
_DOUBT, _TRUST, _MOST_DOUBT = 4, 24, 24
"""Levels by which strokes must be stronger after a look that found nothing, and need be less after one that did:
among natural pictures only strong strokes are worth a look, among slides pale ones are too."""
_RESTLESS_CELLS = 4.0
"""What moves is more often a picture than text: this many of its cells count as one."""
_RESTLESS_SAMPLES = 3
"""A slide that comes up is restless for one sample, a fade for two."""
_LEAST_WORTH = 1.0
"""Cells of a cluster, weighted: fewer are a speck beside what made a look pay."""
_LEAST_SCORE = 3.0
"""Cells that must go away unread before a look pays: one short word of 14 pixels has about six."""


class ScreenWatch:
    """Follows the cells of one video from sample to sample."""

    def __init__(self, seconds: float, grid: Grid) -> None:
        """Start at a sample."""
        self._reference = grid
        self._since = np.full(grid.shape, seconds)
        self._read = np.zeros(grid.shape, np.bool_)
        self._last_read = np.full_like(grid, -np.iinfo(np.int16).max // 2)
        self._stood_until = np.full(grid.shape, -np.inf)
        self._misses = np.zeros(grid.shape)
        self._restless_samples = 0
        self._doubt = 0
        self._leaving = np.zeros(grid.shape, np.bool_)

    def leaving(self, seconds: float, grid: Grid | None) -> float:
        """How much that may be unread text is gone in the next sample.

        Args:
            seconds: When the next sample begins; infinity after the video's last one, where nothing is left to
                wait for: what has just come up is read as it stands.
            grid: The next sample; None where the watch ends and everything has to be read.

        Returns:
            A number of cells, each weighted by its strength and by how often looks at it were in vain.
        """
        settled = (seconds - self._since >= SETTLED_SECONDS) & (self._reference >= _FAINT)
        gone = np.ones(settled.shape, np.bool_) if grid is None else differ(grid, self._reference)
        self._leaving = settled & _in_rows(settled) & gone & ~self._read
        return self._score(self._leaving)

    def places(self) -> list[Box]:
        """Where that may be unread text which is about to go away, as `leaving` has seen it last."""
        return around(self._weights(self._leaving), _LEAST_WORTH)

    def restless(self, seconds: float) -> float:
        """How much that may be text does not settle, as scrolling text does not; weighted like `leaving`.

        What has just come up may yet stand still, to be read before it goes: nothing counts until strong strokes
        have been on the move for several samples.

        Args:
            seconds: When the next sample begins.
        """
        strong = self._reference >= _STRONG
        moving = strong & _in_rows(strong) & (seconds - self._since < SETTLED_SECONDS) & ~self._read
        score = self._score(moving) / _RESTLESS_CELLS
        self._restless_samples = self._restless_samples + 1 if score >= _LEAST_SCORE else 0
        return score if self._restless_samples >= _RESTLESS_SAMPLES else 0.0

    def _score(self, cells: NDArray[np.bool_]) -> float:
        return float(self._weights(cells).sum())

    def _weights(self, cells: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Weigh cells, each by its strength beyond doubt and by how often looks at it were in vain."""
        strength = np.clip((self._reference - _FAINT - self._doubt) / (_STRONG - _FAINT), 0, 1)
        weights: NDArray[np.float64] = strength * cells / (1 + self._misses)
        return weights

    def looked(self, grid: Grid, *, seen: NDArray[np.bool_], found: NDArray[np.bool_]) -> None:
        """Note that the sample before was read.

        Args:
            grid: That sample.
            seen: Cells that were looked at.
            found: Cells on which there was text.
        """
        self._read |= seen
        self._last_read = np.where(seen, grid, self._last_read)
        self._misses[self._leaving & seen & ~found] += 1
        self._misses[found] = 0
        self._doubt = max(self._doubt - _TRUST, 0) if found.any() else min(self._doubt + _DOUBT, _MOST_DOUBT)

    def advance(self, seconds: float, grid: Grid) -> None:
        """Go on to the next sample."""
        changed = differ(grid, self._reference)
        self._stood_until[changed & ~differ(self._reference, self._last_read)] = seconds
        flickered = ~differ(grid, self._last_read) & (seconds - self._stood_until <= FLICKER_SECONDS)
        self._read = np.where(changed, flickered, self._read)
        self._reference = np.where(changed, grid, self._reference)
        self._since[changed] = seconds


def _in_rows(cells: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Cells with one beside them, as letters have."""
    return np.asarray(cv2.boxFilter(cells.astype(np.float32), -1, (3, 1), normalize=False) > 1.5)


class LookAllowance:
    """Keeps looks that find nothing to a share of the video's length; what finds text is free.

    Natural pictures hold still often enough to be looked at. One vain look in half a minute, or two glances at
    some places, take a sixth of the time of decoding a film; a talk never comes near.
    """

    _SECONDS_A_LOOK = 30.0
    _GLANCE = 0.5
    """A glance takes 0.06 s of a processor, decoding included, a look 0.12."""
    _MOST = 20.0
    _ENOUGH = 4.0
    _OPENING = 10.0
    _CERTAIN_SCORE = 60.0

    def __init__(self, *, opening: bool = False) -> None:
        """Start with a few looks; with more where a video opens, since titles stand there."""
        self._looks = self._OPENING if opening else self._ENOUGH
        self._seconds = 0.0

    def until(self, seconds: float) -> None:
        """Earn what the stretch up to here allows."""
        self._looks = min(self._looks + max(seconds - self._seconds, 0.0) / self._SECONDS_A_LOOK, self._MOST)
        self._seconds = max(self._seconds, seconds)

    def affords(self, score: float) -> bool:
        """Whether a look of that score is to be taken; the scarcer looks are, the higher it must be."""
        if self._looks < 1:
            return score >= self._CERTAIN_SCORE
        scarcity = max(1.0, self._ENOUGH / self._looks)
        return score >= _LEAST_SCORE * scarcity

    @staticmethod
    def wanted(score: float) -> bool:
        """Whether a look would be taken if they were free."""
        return score >= _LEAST_SCORE

    def spend(self, *, everywhere: bool) -> None:
        """A look has found nothing, everywhere in the picture or in some places."""
        self._looks -= 1.0 if everywhere else self._GLANCE
