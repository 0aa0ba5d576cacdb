"""Questions whose answer must be looked for: when to search the pictures, and what such a search is worth.

Owns the rules; the search itself is the tool `seek`. What it finds is a moment with a probability, and what it does
not find a verdict over all that was searched: neither says more of the picture than that the target is in it.
"""

import re
from collections.abc import Sequence

from rewatch.agent.answer import Claim
from rewatch.agent.calls import ToolCall
from rewatch.agent.planners import Done
from rewatch.agent.question import Question
from rewatch.agent.targets import sought
from rewatch.memory.timecode import format_seconds
from rewatch.memory.types import Observation
from rewatch.tools.context import ToolContext

SEEK = "seek"
"""The tool, and the purpose, of a call that searches the pictures."""

_MOST_LOOKS = 256
_MOST_PROBES = 32
"""Frames that a visual model is asked about, where neither a detector nor an encoder is set."""
_FEWEST_LOOKS = 8
"""With fewer a search is not begun."""
_SUREST = 0.99
"""No search is told to be surer than this."""
_TOLD = re.compile(
    r"\b(?:say|said|says|talk\w*|speak\w*|spoke|mention\w*|discuss\w*|explain\w*|describe\w*|introduc\w*|tell\w*|told)\b",
    re.IGNORECASE,
)
"""Asks for words, which pictures do not show."""
_PRESENCE = re.compile(
    r"\b(?:is|are|was|were) there\b|\bappears?\b|\bvisible\b|\bbe seen\b|\bto see\b", re.IGNORECASE
)


def answers_by_moment(question: Question, context: ToolContext) -> bool:
    """Whether it is an answer that, and when, a thing is in the picture: to a question that asks no more.

    Only a detector's moments are: an encoder tells what is alike, and a visual model is asked in a look.
    """
    if (
        not context.models.has("detector")
        or question.options
        or question.channels
        or _TOLD.search(question.text)
    ):
        return False
    return question.type in ("when", "order") or (
        question.type == "yes_no" and _PRESENCE.search(question.text) is not None
    )


def seek_calls(question: Question, context: ToolContext) -> tuple[ToolCall, ...]:
    """A search of each video for what the question names, with half of the frames that the run may still look at."""
    wanted = sought(question)
    parts = [(video, context.allowed(video, question.span)) for video in context.videos]
    spans = [(video, span) for video, span in parts if span is not None and span.duration_seconds > 0]
    if wanted is None or not spans or _TOLD.search(question.text):
        return ()
    looks = _affordable(context) // len(spans)
    if looks < _FEWEST_LOOKS:
        return ()
    return tuple(
        ToolCall.of(
            SEEK,
            SEEK,
            video_id=video.video_id,
            targets=wanted.targets,
            cues=wanted.cues or None,
            relations=wanted.relations or None,
            question=question.text,
            start_seconds=span.start_seconds,
            end_seconds=span.end_seconds,
            max_looks=looks,
        )
        for video, span in spans
    )


def moments(done: Sequence[Done]) -> list[Observation]:
    """Where searches found what the question names (their first target), likeliest first."""
    found = [
        seen
        for item in _searches(done)
        for seen in item.observations
        if seen.frame_seconds and seen.text == _target(item.call)
    ]
    return sorted(found, key=lambda seen: -(seen.probability or 0.0))


def in_order(done: Sequence[Done]) -> list[Observation]:
    """The likeliest moment of each thing that a search named, by time; none where one of them was not found."""
    for item in _searches(done):
        named = list(item.call.arguments["targets"])
        found = sorted(
            (seen for seen in item.observations if seen.frame_seconds),
            key=lambda seen: seen.probability or 0.0,
        )
        best = {seen.text: seen for seen in found}
        if len(named) > 1 and all(name in best for name in named):
            return sorted((best[name] for name in named), key=lambda seen: seen.span.start_seconds)
    return []


def surest(question: Question, done: Sequence[Done]) -> float:
    """How likely it is that searches found what answers: of an order, all of its things."""
    if question.type == "order":
        return min((seen.probability or 0.0 for seen in in_order(done)), default=0.0)
    return max((seen.probability or 0.0 for seen in moments(done)), default=0.0)


def verdicts(done: Sequence[Done]) -> list[Observation]:
    """What searches say of whether the pictures show a target at all."""
    return [seen for item in _searches(done) for seen in item.observations if not seen.frame_seconds]


def told(seen: Observation) -> Claim:
    """A moment as a claim that says how it was found, and how sure."""
    start, end = format_seconds(seen.span.start_seconds), format_seconds(seen.span.end_seconds)
    return Claim(
        f"{start}–{end}, found by looking: “{seen.text}”, with probability {min(seen.probability or 0.0, _SUREST):.2f}",
        "unverified",
        (seen.id,),
    )


def told_in_order(found: Sequence[Observation]) -> Claim:
    """Moments by time as one claim, as sure as the least sure of them."""
    first, *then = (f"“{seen.text}” ({format_seconds(seen.span.start_seconds)})" for seen in found)
    probability = min(*(seen.probability or 0.0 for seen in found), _SUREST)
    return Claim(
        f"{first} comes first, then {', then '.join(then)}, found by looking, with probability {probability:.2f}",
        "unverified",
        tuple(seen.id for seen in found),
    )


def _searches(done: Sequence[Done]) -> list[Done]:
    return [item for item in done if item.call.tool == SEEK]


def _target(call: ToolCall) -> str:
    return str(call.arguments["targets"][0])


def _affordable(context: ToolContext) -> int:
    models, meter = context.models, context.meter
    most = _MOST_LOOKS if models.has("detector") or models.has("encoder") else _MOST_PROBES
    if meter.limits.frames is None:
        return most
    return min(most, (meter.limits.frames - meter.cost.frames) // 2)
