"""The measured frames of a stored video as a sequence that is read piece by piece.

Owns how many of them are in memory at once: some, whatever the video's length. What was measured belongs to
`shots` and `screen_gate`, the rows to the store.
"""

from collections.abc import Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING, overload

from rewatch.memory.types import FrameSample

if TYPE_CHECKING:
    from rewatch.memory.store import Store

_PIECE = 128
_PIECES = 4
"""Readers go forwards, and back from where they are: a piece or two each. A piece takes a quarter of a megabyte, and
0.2 ms to read."""


class StoredSamples(Sequence[FrameSample]):
    """The samples of a video by time; the rows stay as they are meanwhile."""

    def __init__(self, store: "Store", video_id: str) -> None:
        self.seconds = store.sample_seconds(video_id)
        """Their times, in order."""
        # Not a method of this object: what refers to itself stays in memory for a while.
        self._piece = lru_cache(maxsize=_PIECES)(partial(_read, store, video_id, self.seconds))

    def __len__(self) -> int:
        return len(self.seconds)

    @overload
    def __getitem__(self, index: int) -> FrameSample: ...
    @overload
    def __getitem__(self, index: slice) -> list[FrameSample]: ...
    def __getitem__(self, index: int | slice) -> FrameSample | list[FrameSample]:
        """One sample, or a list of several."""
        places = range(len(self))[index]
        if isinstance(places, range):
            return [self._at(place) for place in places]
        return self._at(places)

    def _at(self, place: int) -> FrameSample:
        number, offset = divmod(place, _PIECE)
        return self._piece(number)[offset]


def _read(store: "Store", video_id: str, seconds: Sequence[float], number: int) -> list[FrameSample]:
    return store.samples(video_id, from_seconds=seconds[number * _PIECE], limit=_PIECE)
