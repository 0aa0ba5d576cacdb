"""Scoring by a dual encoder: the cosine of a frame and the words that name the target."""

from collections.abc import Sequence

import numpy as np

from rewatch.memory.encoders import Encoder
from rewatch.memory.types import Frame
from rewatch.tools.seek.evidence import Scale
from rewatch.tools.seek.looks import Price
from rewatch.tools.seek.scorers import Scores
from rewatch.tools.seek.timeline import Floats


class SimilarityScorer:
    """A dual encoder as a scorer. It sees a frame as a whole, so tiles would not help it."""

    scale: Scale = "identity"
    price = Price(picture=60.0, frame=30.0)

    def __init__(self, encoder: Encoder) -> None:
        self.name = f"similarity {encoder.space_id}"
        self._encoder = encoder
        self._known: dict[tuple[str, ...], Floats] = {}

    def score(self, frames: Sequence[Frame], queries: Sequence[str]) -> Scores:
        """Cosines of frames and queries."""
        words = tuple(queries)
        if words not in self._known:
            texts = self._encoder.encode_texts([f"a photo of {query}" for query in words])
            self._known[words] = texts.astype(np.float64)
        images = self._encoder.encode_images([frame.image for frame in frames]).astype(np.float64)
        return Scores(images @ self._known[words].T)

    def score_tile(self, frames: Sequence[Frame], queries: Sequence[str]) -> Scores:
        """The same: each frame is a picture of its own."""
        return self.score(frames, queries)
