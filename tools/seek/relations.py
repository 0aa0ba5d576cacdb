"""Targets that are sought together: near each other, one before the other, the second time, the last.

A relation turns what is believed of one thing into evidence for another, both ways, and leaves the belief untouched
as far as the other thing may not be in the video at all. Sums over time make it linear in the number of cells.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from rewatch.memory.errors import InputError
from rewatch.tools.seek.belief import Belief
from rewatch.tools.seek.timeline import Floats

RelationKind = Literal["near", "before", "after", "nth"]

NEAR_SECONDS = 15.0
"""How far from a target a cue helps to find it."""
CUE_RELIANCE = 0.7
"""How often a named cue is really there, beside its target."""
GROUP_SECONDS = 45.0
"""Moments of one thing are apt to come in groups, no farther apart than this: people walk in and out of a room."""
GROUP_SHARE = 0.4
"""Share of the moments that come so."""


@dataclass(frozen=True, slots=True)
class Relation:
    """Something said of when a target is, seen from the target `subject`."""

    kind: RelationKind
    subject: int
    """Number of the target that it says something of."""
    other: int = -1
    """Number of the target or cue that it is compared with; -1 for "nth"."""
    nth: int = 0
    """For "nth": 1 the first time, 2 the second, -1 the last."""
    within_seconds: float = float("inf")
    """How far the two may be from each other; "near" takes `NEAR_SECONDS` when nothing is said."""
    reliance: float = 1.0
    """Probability that the relation holds; a cue may be missing."""

    def __post_init__(self) -> None:
        if self.kind == "nth" and self.nth == 0:
            raise InputError('a relation "nth" needs a number: 1 for the first time, -1 for the last')
        if self.kind != "nth" and self.other in (-1, self.subject):
            raise InputError(f'a relation "{self.kind}" needs another target')


@dataclass(frozen=True, slots=True)
class TargetRelation:
    """Something said of when a target is, in the words that name it."""

    subject: str
    """The target that it says something of."""
    kind: RelationKind
    """"near", "before" or "after" the other, or "nth" for the nth time."""
    other: str = ""
    """The target or cue that it is compared with."""
    nth: int = 0
    """1 for the first time, 2 for the second, -1 for the last."""


def numbered(relations: Sequence[TargetRelation], names: Sequence[str]) -> list[Relation]:
    """Relations with the numbers of what they name.

    Raises:
        InputError: A relation names something that is not sought.
    """

    def number(name: str) -> int:
        if name not in names:
            raise InputError(f"a relation names {name!r}, which is not sought: {', '.join(names)}")
        return names.index(name)

    return [
        Relation(
            relation.kind,
            number(relation.subject),
            -1 if relation.kind == "nth" else number(relation.other),
            relation.nth,
        )
        for relation in relations
    ]


@dataclass(frozen=True, slots=True)
class Posterior:
    """What is believed of one target once its relations are taken in."""

    cells: Floats
    """float64 `[C]`: probability of a moment in each cell, its absence included."""
    lookalikes: Floats
    """float64 `[C]`: the same for look-alikes."""
    present: Floats
    """float64 `[C]`: expected moments in each cell that are meant, given that the video shows the target."""
    absent_probability: float


def joined(beliefs: Sequence[Belief], relations: Sequence[Relation]) -> list[Posterior]:
    """Take relations into the beliefs.

    Args:
        beliefs: One for each target or cue, over one timeline.
        relations: What is said of them; none leaves each by itself.
    """
    return [_posterior(beliefs, number, relations) for number in range(len(beliefs))]


def _posterior(beliefs: Sequence[Belief], number: int, relations: Sequence[Relation]) -> Posterior:
    belief = beliefs[number]
    factor = _grouped(belief)
    for relation in relations:
        if relation.kind == "nth" or number not in (relation.subject, relation.other):
            continue
        forward = number == relation.subject
        told = _factor(relation, beliefs[relation.other if forward else relation.subject], forward=forward)
        factor = factor * told
    cells, lookalikes, present, absent = _reweighed(belief, factor)
    for relation in relations:
        if relation.kind == "nth" and number == relation.subject:
            present = present * _exactly_before(belief, cells, relation.nth)
    return Posterior(cells, lookalikes, present, absent)


def _grouped(belief: Belief) -> Floats:
    """How much likelier a moment at each cell is, for what is believed of other carriers near it."""
    timeline = belief.timeline
    reach = max(round(GROUP_SECONDS / timeline.cell_seconds), 1)
    places = np.arange(timeline.num_cells)
    first, stop = np.maximum(places - reach, 0), np.minimum(places + reach + 1, timeline.num_cells)

    def around(expected: Floats) -> Floats:
        sums = np.concatenate([[0.0], np.cumsum(expected)])
        inside: Floats = sums[stop] - sums[first]
        return inside

    present = belief.present
    own = np.bincount(timeline.carrier_of_cell, present, len(timeline.carriers))[timeline.carrier_of_cell]
    others = np.clip(around(present) - own, 0.0, 1.0)
    likelier = others / np.maximum(around(belief.prior.expected), 1e-12)
    return 1 + GROUP_SHARE * (1 - belief.absent_probability) * (likelier - 1)


def _reweighed(belief: Belief, factor: Floats) -> tuple[Floats, Floats, Floats, float]:
    """The belief with the prior odds of a moment at each cell multiplied."""
    carriers = belief.timeline.carrier_of_cell
    number = len(belief.timeline.carriers)
    weighed = belief.cells * factor
    rest = 1 - np.bincount(carriers, belief.cells, number)
    whole = np.maximum(rest, 1e-300) + np.bincount(carriers, weighed, number)
    none = float(np.log(np.maximum(rest, 1e-300) / whole).sum())
    cells = weighed / whole[carriers]
    return (
        cells,
        belief.lookalikes / whole[carriers],
        cells / max(-np.expm1(none), 1e-300),
        belief.absent_given(none),
    )


def _factor(relation: Relation, other: Belief, *, forward: bool) -> Floats:
    """How much likelier a moment at each cell is, for what is believed of the other target."""
    centres = other.timeline.centres
    within = relation.within_seconds
    if relation.kind == "near":
        within = min(within, NEAR_SECONDS)
    earlier = (relation.kind == "after") == forward
    low, high = (-within, within) if relation.kind == "near" else (-within, 0.0) if earlier else (0.0, within)
    first = np.searchsorted(centres, centres + low, side="left" if low else "right")
    stop = np.searchsorted(centres, centres + high, side="right" if high else "left")

    def inside(expected: Floats) -> Floats:
        sums = np.concatenate([[0.0], np.cumsum(expected)])
        chance: Floats = -np.expm1(-np.maximum(sums[stop] - sums[first], 0.0))
        return chance

    usual = float(np.mean(inside(other.prior.expected)))
    likelier = inside(other.present) / max(usual, 1e-12)
    holds = relation.reliance * (1 - other.absent_probability)
    return np.maximum(1 - holds + holds * likelier, 1e-12)


def _exactly_before(belief: Belief, cells: Floats, nth: int) -> Floats:
    """Probability that a moment at each cell would be the nth, by how many others lie before (or after) it."""
    carriers = belief.timeline.carrier_of_cell
    chances = np.bincount(carriers, cells, len(belief.timeline.carriers))
    order = chances if nth > 0 else chances[::-1]
    wanted = abs(nth) - 1
    counts = np.zeros(wanted + 1)
    counts[0] = 1.0
    told = np.empty(len(order))
    for place, chance in enumerate(order):
        told[place] = counts[wanted]
        moved = counts * (1 - chance)
        moved[1:] += counts[:-1] * chance
        counts = moved
    result: Floats = (told if nth > 0 else told[::-1])[carriers]
    return result
