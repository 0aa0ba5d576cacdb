"""Looking at a real video: from instants to frames to scores, each frame decoded once for each look.

Frames are asked for in ascending order through one open reader, which seeks only where a keyframe lies between.
"""

from collections.abc import Sequence

import numpy as np

from rewatch.memory.ingest.decode import FrameReader
from rewatch.memory.types import Cost
from rewatch.tools.meter import Meter
from rewatch.tools.seek.looks import Looks, View
from rewatch.tools.seek.scorers import Scorer


class VideoLooker:
    """A `Looker` over a reader and a scorer. Used from one thread at a time."""

    def __init__(self, reader: FrameReader, scorer: Scorer, queries: Sequence[str], meter: Meter) -> None:
        self.price = scorer.price
        self._reader = reader
        self._scorer = scorer
        self._queries = tuple(queries)
        self._meter = meter

    def look(self, seconds: Sequence[float], view: View) -> Looks:
        """Look at the frames on display at some instants.

        Raises:
            LimitReached: The run may not look at so many frames; none is decoded.
            ToolError: The scorer failed for good.
        """
        self._meter.charge(Cost(frames=len(seconds)))
        frames = list(self._reader.at_many(seconds))
        score = self._scorer.score_tile if view == "tile" else self._scorer.score
        scores = score(frames, self._queries)
        return Looks(np.array([frame.seconds for frame in frames]), scores.values, view, scores.boxes)
