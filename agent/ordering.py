"""In which order: the claim that tells by their times which of several things comes first."""

import re
from collections.abc import Sequence

from rewatch.agent.answer import Claim
from rewatch.agent.composition import quote
from rewatch.agent.options import for_order, lead
from rewatch.agent.planners import Done
from rewatch.agent.question import Question
from rewatch.memory.timecode import format_seconds
from rewatch.memory.types import Observation
from rewatch.tools.words import content_words, holds

_NEARLY = 0.88
"""Share of the best score from which an earlier passage may be where a thing comes first."""


def order(question: Question, done: Sequence[Done]) -> list[Claim]:
    """Put the things of an order by time; only quotations when one of them was not found.

    Returns:
        The order, for the option that it bears out where there are options, then a quotation of each thing.
    """
    places = [_first_place(done, number, target) for number, target in enumerate(question.targets, 1)]
    seen = [place for place in places if place is not None]
    if len(seen) < len(places):
        return [quote(place) for place in seen]
    pairs = sorted(zip(seen, question.targets, strict=True), key=_when_named)
    in_time = [target for _, target in pairs]
    told = [f"“{target}”{{}} ({format_seconds(place.span.start_seconds)})" for place, target in pairs]
    says = ", then ".join([told[0].format(" comes first"), *(text.format("") for text in told[1:])])
    agrees = in_time[0] == question.targets[1 if question.later_first else 0]
    if re.match(r"(?:is|are|was|were|do|does|did)\b", question.text, re.IGNORECASE):
        says = f"{'Yes' if agrees else 'No'}: {says}"
    letter = for_order(question.options, in_time, last=question.later_first, agrees=agrees)
    claim = Claim(f"{lead(question.options, letter)}{says}", "unverified", tuple(p.id for p, _ in pairs))
    return [claim, *(quote(place) for place, _ in pairs)]


def _when_named(pair: tuple[Observation, str]) -> tuple[float, int]:
    """When a thing is named: by the start of its passage, within one passage by the place of its words."""
    seen, target = pair
    wanted = {word.stem for word in content_words(target)}
    places = [word.start for word in content_words(seen.text) if word.stem in wanted]
    return seen.span.start_seconds, min(places, default=len(seen.text))


def _first_place(done: Sequence[Done], number: int, target: str) -> Observation | None:
    """Where a thing comes: the earliest passage nearly as good as the best, among those that name it if any does."""
    seen = [s for item in done if item.call.purpose == f"target {number}" for s in item.observations]
    naming = [item for item in seen if holds(item.text, target)] or seen
    best = max((item.score for item in naming), default=0.0)
    good = [item for item in naming if item.score >= _NEARLY * best]
    return min(good, key=lambda item: item.span.start_seconds, default=None)
