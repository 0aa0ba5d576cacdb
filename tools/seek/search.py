"""The search itself: believe, look where it tells most, believe anew, stop when it is time.

Knows a video as a `Looker` only; what is looked for is a row of scores per look. Reads nothing and writes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from rewatch.memory.errors import LimitReached
from rewatch.tools.seek.belief import FIRST_SETTLING, Belief
from rewatch.tools.seek.looks import Looker, Looks
from rewatch.tools.seek.moments import Moment, best, distinct
from rewatch.tools.seek.policy import Policy
from rewatch.tools.seek.relations import Posterior, Relation, joined
from rewatch.tools.seek.timeline import Timeline

Stop = Literal["concentrated", "not worth it", "looks", "limit"]
"""The belief is settled; no look is worth its price; so many looks were allowed; a limit of the run was reached."""


@dataclass(frozen=True, slots=True)
class Patience:
    """When a search has seen enough."""

    sure_f1: float = 0.95
    """Stop once what would be returned promises this F1 ..."""
    sure_absent: float = 0.02
    """... and the probability of "nowhere" is this far from neither 0 nor 1."""
    least_worth: float = 2e-5
    """Stop when the best look promises less information than this, in nats for a unit of the price."""


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
    made: list[Looks] = []
    left = max_looks
    timeline = beliefs[0].timeline
    stopped: Stop
    stranger = max_looks > 1 and any(belief.is_stranger for belief in beliefs)
    while True:
        posteriors = joined(beliefs, relations)[:num_targets]
        settled = not stranger and all(_settled(timeline, one, max_moments, patience) for one in posteriors)
        doubtful = np.unique(np.concatenate([belief.unconfirmed for belief in beliefs[:num_targets]]))
        if settled and not len(doubtful):
            stopped = "concentrated"
            break
        if left < 1:
            stopped = "looks"
            break
        step = policy.spread(min(FIRST_SETTLING, left // 2)) if stranger else policy.next(posteriors, left)
        seconds, view = timeline.centres[step.cells], step.view
        if not stranger and (settled or step.worth < patience.least_worth):
            if not len(doubtful):
                stopped = "not worth it"
                break
            seconds, view = doubtful[: min(left, policy.batch)], "frame"
        try:
            looks = looker.look(seconds.tolist(), view)
        except LimitReached:
            stopped = "limit"
            break
        made.append(looks)
        left -= len(seconds)
        policy.note(looks)
        for query, belief in enumerate(beliefs):
            belief.see(looks, query)
            if stranger:
                belief.settle()
        stranger = False
    found = (conclude(timeline, one, max_moments) for one in posteriors)
    return Search(tuple(found), tuple(made), stopped)


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
