"""Looking at a moment closely: single frames for one target, each scored once, however often it is asked about.

Owns what was seen of single frames, in earlier searches too, and what is new and wants to be written back.
"""

from collections.abc import Sequence

import numpy as np

from rewatch.memory.types import Box, Cost, Frame
from rewatch.tools.meter import Meter
from rewatch.tools.seek.looks import Looks
from rewatch.tools.seek.scorers import Scorer


class CloseLooks:
    """Single frames scored for one target. Not shared between threads."""

    def __init__(self, scorer: Scorer, query: str, meter: Meter, earlier: Sequence[Looks]) -> None:
        """Begin with what is known.

        Args:
            scorer: Looks at frames that are not known.
            query: Names the target.
            meter: Pays for them.
            earlier: Looks at this video for this target alone; those in tiles are left out.
        """
        self._scorer = scorer
        self._query = query
        self._meter = meter
        self._known: dict[int, tuple[float, Box | None]] = {}
        self._new: list[tuple[float, float, Box | None]] = []
        for looks in earlier:
            if looks.view == "frame":
                for row, seconds in enumerate(looks.seconds.tolist()):
                    box = looks.boxes[row][0] if looks.boxes else None
                    self._known[_key(seconds)] = (float(looks.scores[row, 0]), box)

    @property
    def num_new(self) -> int:
        """Frames that were not known."""
        return len(self._new)

    def at(self, frame: Frame) -> tuple[float, Box | None]:
        """The frame's score, and where the best match stands on it.

        Raises:
            LimitReached: The run may not look at another frame.
            ToolError: The scorer failed for good.
        """
        key = _key(frame.seconds)
        if key not in self._known:
            self._meter.charge(Cost(frames=1))
            scores = self._scorer.score([frame], [self._query])
            score, box = float(scores.values[0, 0]), scores.boxes[0][0] if scores.boxes else None
            self._known[key] = (score, box)
            self._new.append((frame.seconds, score, box))
        return self._known[key]

    def new_looks(self) -> Looks:
        """The frames that were not known, in ascending order of time."""
        rows = sorted(self._new, key=lambda row: row[0])
        return Looks(
            np.array([seconds for seconds, _, _ in rows]),
            np.array([[score] for _, score, _ in rows]).reshape(-1, 1),
            "frame",
            tuple((box,) for _, _, box in rows),
        )


def _key(seconds: float) -> int:
    """Microseconds, finer than any frame lasts."""
    return round(1e6 * seconds)
