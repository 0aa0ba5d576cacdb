"""Scoring by a vision-language model's "yes": of a frame, or of the rows and columns of a grid of frames.

A grid of K times K frames takes 2K questions (GridProbe): a frame's score is the geometric mean of its row's and its
column's probability of yes. The model must tell log-probabilities.
"""

from collections.abc import Sequence

import numpy as np

from rewatch.memory.errors import ToolError
from rewatch.memory.types import Frame
from rewatch.tools.seek.evidence import Scale
from rewatch.tools.seek.looks import Price
from rewatch.tools.seek.scorers import Scores
from rewatch.tools.vision import Vlm


class ProbeScorer:
    """A vision-language model as a scorer."""

    scale: Scale = "logit"
    price = Price(picture=1000.0, frame=30.0, grid=4)

    def __init__(self, vlm: Vlm) -> None:
        self.name = f"probe {vlm.name}"
        self._vlm = vlm

    def score(self, frames: Sequence[Frame], queries: Sequence[str]) -> Scores:
        """Probability of yes for each frame by itself."""
        return Scores(np.array([[self._yes([frame], query) for query in queries] for frame in frames]))

    def score_tile(self, frames: Sequence[Frame], queries: Sequence[str]) -> Scores:
        """Probabilities from rows and columns of the grid that the frames fill in reading order."""
        grid = self.price.grid
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
        probability = self._vlm.yes_probability(frames, f"Do any of these frames show this: {query}?")
        if probability is None:
            raise ToolError(
                f"{self._vlm.name} tells no log-probabilities, so it cannot probe; set a --detector or an --encoder"
            )
        return probability
