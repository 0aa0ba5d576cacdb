"""The search itself: believe, look where it tells most, believe anew, stop when it is time.

Knows a video as a `Looker` only; what is looked for is a row of scores per look. Reads nothing and writes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from rewatch.memory.errors import LimitReached
from rewatch.tools.seek.belief import FIRST_SETTLING, Belief
from rewatch.tools.seek.looks import Looker, Looks, View
from rewatch.tools.seek.moments import Moment, best, distinct
from rewatch.tools.seek.policy import Policy
from rewatch.tools.seek.relations import Posterior, Relation, joined
from rewatch.tools.seek.timeline import Floats, Timeline

Stop = Literal["concentrated", "not worth it", "looks", "limit"]
"""The belief is settled; no look is worth its price; so many looks were allowed; a limit of the run was reached."""


@dataclass(frozen=True, slots=True)
class Patience:
    """When a search has seen enough."""

    sure_f1: float = 0.95
    """Stop once what would be returned promises this F1 ..."""
    sure_absent: float = 0.02
    """... and the probability of "nowhere" is this far from neither 0 nor 1."""
    least_worth: float = 1e-4
    """Stop when the best look promises less information than this, in nats for the price of one frame alone."""


PATIENCE = Patience()


@dataclass(frozen=True, slots=True)
class Found:
    """How a search ended for one target."""

    moments: tuple[Moment, ...]
    """Best first."""
    absent_probability: float
    expected_f1: float


@dataclass(frozen=True, slots=True)
class Search:
    """What a search did and found."""

    found: tuple[Found, ...]
    """For each target."""
    looks: tuple[Looks, ...]
    """In the order they were made."""
    stopped: Stop

    @property
    def num_looks(self) -> int:
        return sum(len(looks.seconds) for looks in self.looks)

    @property
    def num_pictures(self) -> int:
        """Calls of the scorer, a tile counted once."""
        return sum(1 if looks.view == "tile" else len(looks.seconds) for looks in self.looks)


def search(
    beliefs: Sequence[Belief],
    looker: Looker,
    policy: Policy,
    *,
    max_looks: int,
    num_targets: int | None = None,
    relations: Sequence[Relation] = (),
    max_moments: int = 8,
    patience: Patience = PATIENCE,
) -> Search:
    """Look for targets until it is time to stop.

    A frame that looked like a target in a tile, and was explained away, is looked at alone before the search stops of
    itself: looks beside it tell little of a moment that ends sharply.

    An encoder that was not calibrated first sees frames spread evenly: without knowing what it says of nothing, a
    search would take the first frame for a find.

    Args:
        beliefs: One for each target and cue, over one timeline, in the order of the scorer's columns.
        looker: The video.
        policy: Chooses the looks.
        max_looks: Frames that may be looked at.
        num_targets: The first so many are targets, the others cues that help to find them; None for all.
        relations: What is said of when they are.
        max_moments: Return at most so many moments of a target.
        patience: When to stop before that.
    """
    hunt = _Hunt(beliefs, looker, policy, max_looks)
    try:
        if max_looks > 1 and any(belief.is_stranger for belief in beliefs):
            hunt.get_acquainted()
        stopped = hunt.go_on(num_targets, relations, max_moments, patience)
    except LimitReached:
        stopped = "limit"
    posteriors = joined(beliefs, relations)[:num_targets]
    found = (conclude(hunt.timeline, one, max_moments) for one in posteriors)
    return Search(tuple(found), tuple(hunt.made), stopped)


class _Hunt:
    """Looks, and what they do to the beliefs. Raises `LimitReached` where the run may not look on."""

    def __init__(self, beliefs: Sequence[Belief], looker: Looker, policy: Policy, max_looks: int) -> None:
        self.timeline = beliefs[0].timeline
        self.made: list[Looks] = []
        self._beliefs = beliefs
        self._looker = looker
        self._policy = policy
        self._left = max_looks

    def get_acquainted(self) -> None:
        """See what the scorer says of frames spread evenly; half of what is allowed is left for the search."""
        step = self._policy.spread(min(FIRST_SETTLING, self._left // 2))
        self._look(self.timeline.centres[step.cells], step.view)

    def go_on(
        self,
        num_targets: int | None,
        relations: Sequence[Relation],
        max_moments: int,
        patience: Patience,
    ) -> Stop:
        """Look where it tells most until it is time to stop; the last looks are kept for what is in doubt.

        Before they are spent, and before the search ends, the beliefs learn anew from all looks what is usual; of those
        that are sure, only the calibrated ones, which their own looks cannot lead far astray.
        """
        while True:
            posteriors = joined(self._beliefs, relations)[:num_targets]
            settled = all(_settled(self.timeline, one, max_moments, patience) for one in posteriors)
            spare = self._left - self._policy.batch
            if not settled and spare > 0 and self._look_on(posteriors, spare, patience):
                continue
            renewed = [b.renew() for b in self._beliefs if not settled or b.is_anchored]
            if any(renewed):
                continue
            doubtful = np.unique(np.concatenate([one.unconfirmed for one in self._beliefs[:num_targets]]))
            if settled and not len(doubtful):
                return "concentrated"
            if not self._left:
                return "looks"
            if len(doubtful):
                self._look(doubtful[: min(self._left, self._policy.batch)], "frame")
            elif spare > 0 or not self._look_on(posteriors, self._left, patience):
                return "not worth it"

    def _look_on(self, posteriors: Sequence[Posterior], most: int, patience: Patience) -> bool:
        """Make the next looks if they are worth it."""
        step = self._policy.next(posteriors, most)
        if step.worth < patience.least_worth:
            return False
        self._look(self.timeline.centres[step.cells], step.view)
        return True

    def _look(self, seconds: Floats, view: View) -> None:
        looks = self._looker.look(seconds.tolist(), view)
        self.made.append(looks)
        self._left -= len(seconds)
        self._policy.note(looks)
        for query, belief in enumerate(self._beliefs):
            belief.see(looks, query)


def conclude(timeline: Timeline, posterior: Posterior, max_moments: int) -> Found:
    """What a posterior stands for."""
    candidates = distinct(timeline, posterior.present, max_moments)
    moments, f1 = best(candidates, float(posterior.present.sum()))
    return Found(tuple(moments), posterior.absent_probability, f1)


def _settled(timeline: Timeline, posterior: Posterior, max_moments: int, patience: Patience) -> bool:
    if posterior.absent_probability >= 1 - patience.sure_absent:
        return True
    if posterior.absent_probability > patience.sure_absent:
        return False
    return conclude(timeline, posterior, max_moments).expected_f1 >= patience.sure_f1
