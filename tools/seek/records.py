"""Looks as rows of the memory: written back as they are made, read again by the next search for the same thing.

A look is an observation of the tool "seek tile" or "seek frame", of one frame and one query by one scorer.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence

import numpy as np

from rewatch.memory.store import Store
from rewatch.memory.types import Box, Cost, Observation, Span, VideoInfo
from rewatch.tools.seek.looks import VIEWS, Looks, View

_TOOLS: dict[View, str] = {"tile": "seek tile", "frame": "seek frame"}


class Records:
    """The looks at one video by one scorer."""

    def __init__(self, store: Store, video: VideoInfo, scorer: str) -> None:
        self._store = store
        self._video = video
        self._scorer = scorer

    def write(self, looks: Iterable[Looks], queries: Sequence[str]) -> tuple[Observation, ...]:
        """Store looks, one observation for each frame and query."""
        made = []
        with self._store.transaction():
            for batch in looks:
                for row, seconds in enumerate(batch.seconds.tolist()):
                    for column, query in enumerate(queries):
                        box = batch.boxes[row][column] if batch.boxes else None
                        score = float(batch.scores[row, column])
                        seen = self._observation(query, batch.view, seconds, score, box)
                        self._store.put_observation(seen, _key(query))
                        made.append(seen)
        return tuple(made)

    def read(self, query: str, span: Span) -> list[Looks]:
        """Earlier looks for the same thing, inside a span."""
        found = []
        for view in VIEWS:
            seen = self._store.observations_of(
                self._video.video_id, tool=_TOOLS[view], query=_key(query), model=self._scorer
            )
            inside = [one for one in seen if span.contains(one.span.start_seconds)]
            if inside:
                seconds = np.array([one.span.start_seconds for one in inside])
                scores = np.array([[one.score] for one in inside])
                boxes = tuple((one.boxes[0] if one.boxes else None,) for one in inside)
                found.append(Looks(seconds, scores, view, boxes))
        return found

    def _observation(
        self, query: str, view: View, seconds: float, score: float, box: Box | None
    ) -> Observation:
        key = json.dumps([self._video.video_id, self._scorer, _key(query), view, round(seconds, 6)])
        return Observation(
            id=f"seek-{view}-{hashlib.sha256(key.encode()).hexdigest()[:16]}",
            video_id=self._video.video_id,
            tool=_TOOLS[view],
            channel="visual",
            span=Span(seconds, seconds),
            text="",
            boxes=(box,) if box else (),
            frame_seconds=(seconds,),
            score=score,
            model=self._scorer,
            params_hash=hashlib.sha256(_key(query).encode()).hexdigest()[:16],
            cost=Cost(frames=1),
        )


def _key(query: str) -> str:
    """What the same thing is called, however it is written: "Red  car" is "red car"."""
    return " ".join(query.split()).casefold()
