"""What search and the world exchange: looks at instants, and how sure and how dear each way of looking is.

The core of `seek` knows a video only as a `Looker`, so that it runs the same on frames and on a simulation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from rewatch.memory.types import Box
from rewatch.tools.seek.timeline import Floats

View = Literal["tile", "frame"]
"""How a frame is looked at: small, among others on one picture, or alone and large."""
VIEWS: tuple[View, ...] = ("tile", "frame")


@dataclass(frozen=True, slots=True)
class ByView:
    """A number for each view."""

    tile: float
    frame: float

    def of(self, view: View) -> float:
        return self.tile if view == "tile" else self.frame


@dataclass(frozen=True, slots=True)
class Price:
    """What looking costs, in any one unit; only ratios matter to the search."""

    picture: float
    """Of one call on one picture, whatever is on it."""
    frame: float
    """Of getting one frame to look at, decoding included."""
    grid: int = 1
    """Frames along a side of the tile that a call can take; 1 where each frame is a picture of its own."""

    def of(self, view: View) -> float:
        """The price of one more look."""
        return self.frame + (self.picture / self.grid**2 if view == "tile" else self.picture)


@dataclass(frozen=True, slots=True)
class Looks:
    """What some looks saw; row `i` of each array is one look."""

    seconds: Floats
    """float64 `[N]`: timestamps of the frames looked at."""
    scores: Floats
    """float64 `[N, Q]`: the scorer's own score of each query."""
    view: View
    boxes: tuple[tuple[Box | None, ...], ...] = ()
    """`[N][Q]`: where the best match stands on the frame, for scorers that tell; else empty."""


class Looker(Protocol):
    """A video that can be looked at."""

    price: Price

    def look(self, seconds: Sequence[float], view: View) -> Looks:
        """Look at the frames on display at some instants, in ascending order of time.

        Raises:
            LimitReached: The run may not look at so many frames.
        """
