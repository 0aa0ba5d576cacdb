"""A scorer whose calls pass through a tape: recorded while it looks, or replayed without its model.

Owns what a call looks like on the tape; frames are told as in `vision.recorded`.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import cached_property
from typing import cast

import numpy as np

from rewatch.memory.types import Box, Frame
from rewatch.tools.replay import Json, Tape
from rewatch.tools.seek.evidence import Scale
from rewatch.tools.seek.looks import Price
from rewatch.tools.seek.scorers import Scorer, Scores
from rewatch.tools.vision.recorded import told_frame

PART = "detector"
"""Its part in a run, on the tape."""


class RecordedScorer:
    """A scorer behind a tape; it is opened when it is first asked."""

    def __init__(self, open_scorer: Callable[[], Scorer], tape: Tape) -> None:
        """Put a tape before a scorer.

        Args:
            open_scorer: Opens it; a replay never calls this.
            tape: A recorder or a replay.
        """
        self._open = open_scorer
        self._tape = tape

    @cached_property
    def name(self) -> str:
        """The name of the scorer that looks, or looked."""
        return str(self._tape.call(PART, {"call": "name"}, lambda: self._scorer.name))

    @cached_property
    def scale(self) -> Scale:
        """How its scores count."""
        return cast(Scale, self._tape.call(PART, {"call": "scale"}, lambda: self._scorer.scale))

    @cached_property
    def price(self) -> Price:
        """What looking costs."""
        return Price(**self._tape.call(PART, {"call": "price"}, lambda: asdict(self._scorer.price)))

    def score(self, frames: Sequence[Frame], queries: Sequence[str]) -> Scores:
        """What the scorer says, or said."""
        return self._scores("score", frames, queries, lambda: self._scorer.score(frames, queries))

    def score_tile(self, frames: Sequence[Frame], queries: Sequence[str]) -> Scores:
        """What the scorer says, or said, of one picture of all of them."""
        return self._scores("tile", frames, queries, lambda: self._scorer.score_tile(frames, queries))

    @cached_property
    def _scorer(self) -> Scorer:
        return self._open()

    def _scores(
        self, call: str, frames: Sequence[Frame], queries: Sequence[str], ask: Callable[[], Scores]
    ) -> Scores:
        def make() -> Json:
            scores = ask()
            return {"values": scores.values.tolist(), "boxes": scores.boxes}

        request = {
            "call": call,
            "queries": list(queries),
            "frames": [told_frame(frame) for frame in frames],
        }
        told = self._tape.call(PART, request, make)
        boxes = tuple(tuple(_box(box) for box in row) for row in told["boxes"])
        return Scores(np.array(told["values"], np.float64).reshape(len(frames), len(queries)), boxes)


def _box(told: Json) -> Box | None:
    return None if told is None else cast(Box, tuple(told))
