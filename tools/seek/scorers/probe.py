"""Scoring by a vision-language model's "yes": of a frame, or of the rows and columns of a grid of frames.

A grid of K times K frames takes 2K questions (GridProbe): a frame's score is the geometric mean of its row's and its
column's probability of yes. The model must tell log-probabilities.
"""

from collections.abc import Sequence

import numpy as np

from rewatch.memory.errors import ToolError
from rewatch.memory.types import Frame
from rewatch.tools.meter import Meter
from rewatch.tools.seek.evidence import Scale
from rewatch.tools.seek.looks import Price
from rewatch.tools.seek.scorers import Scores
from rewatch.tools.vision import Vlm
from rewatch.tools.vision.frame_plan import resized

_SMALL_PIXELS = 336
"""Longer side of a frame among others: many small frames first, single large ones last."""


class ProbeScorer:
    """A vision-language model as a scorer."""

    scale: Scale = "logit"
    price = Price(picture=1000.0, frame=30.0, grid=4)

    def __init__(self, vlm: Vlm, meter: Meter | None = None) -> None:
        """Take the model.

        Args:
            vlm: The model.
            meter: Is charged what each question may cost, before it is asked; None for nobody.
        """
        self.name = f"probe {vlm.name}"
        self._vlm = vlm
        self._meter = meter

    def score(self, frames: Sequence[Frame], queries: Sequence[str]) -> Scores:
        """Probability of yes for each frame by itself."""
        return Scores(np.array([[self._yes([frame], query) for query in queries] for frame in frames]))

    def score_tile(self, frames: Sequence[Frame], queries: Sequence[str]) -> Scores:
        """Probabilities from rows and columns of the grid that the frames fill in reading order."""
        grid = self.price.grid
        frames = [_small(frame) for frame in frames]
        rows = [frames[first : first + grid] for first in range(0, len(frames), grid)]
        columns = [frames[first::grid] for first in range(min(grid, len(frames)))]
        values = np.empty((len(frames), len(queries)))
        for number, query in enumerate(queries):
            of_rows = [self._yes(row, query) for row in rows]
            of_columns = [self._yes(column, query) for column in columns]
            for place in range(len(frames)):
                values[place, number] = np.sqrt(of_rows[place // grid] * of_columns[place % grid])
        return Scores(values)

    def _yes(self, frames: Sequence[Frame], query: str) -> float:
        question = f"Do any of these frames show this: {query}?"
        if self._meter is not None:
            height, width = frames[0].image.shape[:2]
            self._meter.charge(self._vlm.estimate(len(frames), width, height, question))
        probability = self._vlm.yes_probability(frames, question)
        if probability is None:
            raise ToolError(
                f"{self._vlm.name} tells no log-probabilities, so it cannot probe; set a --detector or an --encoder"
            )
        return probability


def _small(frame: Frame) -> Frame:
    height, width = frame.image.shape[:2]
    scale = _SMALL_PIXELS / max(height, width)
    return (
        frame if scale >= 1 else resized(frame, max(round(width * scale), 1), max(round(height * scale), 1))
    )
