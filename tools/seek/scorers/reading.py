"""Scoring by what is written on the frame, where the picture was never read: OCR on demand.

A score is the share of the query's letters that the legible lines hold, word by word, weighed by how surely they were
read. The box is that of the best line.
"""

from collections.abc import Sequence

import numpy as np

from rewatch.memory.types import Box, Frame
from rewatch.tools.seek.evidence import Scale
from rewatch.tools.seek.looks import Price
from rewatch.tools.seek.scorers import Scores


class ReadingScorer:
    """OCR as a scorer; letters must keep their size, so it takes no tiles."""

    scale: Scale = "identity"
    price = Price(picture=400.0, frame=30.0)

    def __init__(self) -> None:
        from rewatch.memory.ingest.ocr import MODEL_NAME, ScreenReader

        self.name = f"reading {MODEL_NAME}"
        self._reader = ScreenReader()

    def score(self, frames: Sequence[Frame], queries: Sequence[str]) -> Scores:
        """How much of each query is written on each frame."""
        values, boxes = np.zeros((len(frames), len(queries))), []
        for row, frame in enumerate(frames):
            lines = self._reader.read(frame.image, self._reader.find(frame.image))
            of_frame: list[Box | None] = []
            for column, query in enumerate(queries):
                shares = [(share_written(query, line.text) * line.confidence, line.box) for line in lines]
                best = max(shares, default=(0.0, None), key=lambda item: item[0])
                whole = share_written(query, " ".join(line.text for line in lines))
                values[row, column] = max(best[0], 0.9 * whole)
                of_frame.append(best[1] if best[0] > 0 else None)
            boxes.append(tuple(of_frame))
        return Scores(values, tuple(boxes))

    def score_tile(self, frames: Sequence[Frame], queries: Sequence[str]) -> Scores:
        """The same: each frame is read by itself."""
        return self.score(frames, queries)


def share_written(query: str, text: str) -> float:
    """Share of a query's letters whose words stand in a text; spaces and case do not count."""
    words = ["".join(filter(str.isalnum, word)).casefold() for word in query.split()]
    held = "".join(filter(str.isalnum, text)).casefold()
    letters = sum(map(len, words))
    return sum(len(word) for word in words if word and word in held) / letters if letters else 0.0
