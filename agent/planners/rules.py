"""The planner that needs no model: fixed rules from the type of the question to the tools that answer it.

The first plan asks the question as it is meant. When what was seen does not suffice, the next plans look from
the moment that the asker names, then closer, then in other channels; then there is nothing left.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rewatch.agent.calls import ToolCall
from rewatch.agent.hints import Anchor
from rewatch.agent.planners import Done, Reflection
from rewatch.agent.question import Question
from rewatch.memory.types import Channel, Observation, Span
from rewatch.tools.pauses import BREAK
from rewatch.tools.words import content_words

SUFFICIENT = 0.5
"""Probability from which an observation counts as an answer: more likely right than wrong."""
POSSIBLE = 0.3
"""Probability from which an observation counts where something else speaks for it: the asker says that the moment
exists or that one option is right, or a better passage is cited beside it."""
ADJACENT_SECONDS = 180.0
"""How far "right after" reaches."""
FOREVER = 10.0**7


@dataclass(frozen=True, slots=True)
class RulesPlanner:
    """Plans by rules."""

    has_eyes: bool = False
    """Whether pictures can be searched: at once where the answer is in the picture, else as a last resort."""

    def plan(self, question: Question, done: Sequence[Done], missing: str) -> tuple[ToolCall, ...]:
        """The first calls that were not yet made, from the dearest hope to the last resort."""
        made = [item.call for item in done]
        for calls in self._stages(question, done):
            new = tuple(call for call in calls if call not in made)
            if new:
                return new
        return ()

    def reflect(self, question: Question, done: Sequence[Done]) -> Reflection:
        """Sufficient when each thing that the question asks for was seen with more confidence than doubt."""
        best = max((item.best.probability or 0.0 for item in done if item.best), default=0.0)
        if self._sufficient(question, done):
            return Reflection(True, best)
        return Reflection(False, best, f"nothing seen so far answers: {question.query or question.text}")

    def _sufficient(self, question: Question, done: Sequence[Done]) -> bool:
        if _of_everything(question):
            return any(item.call.tool == "overview" and item.observations for item in done)
        if question.anchor and not any(item.call.purpose == "question" and item.call.span for item in done):
            return False
        if any(item.call.tool == "read" and item.observations for item in done):
            return True
        if _best(done, "pause") >= SUFFICIENT:
            return True
        if _closer(question, done) and not any(item.call.purpose == "closer" for item in done):
            return False
        purposes = {call.purpose for call in first_calls(question)}
        return bool(purposes) and all(
            _best(done, purpose) >= SUFFICIENT for purpose in purposes - {"anchor", "pause"}
        )

    def _stages(self, question: Question, done: Sequence[Done]) -> list[tuple[ToolCall, ...]]:
        words, pictures = question, tuple[ToolCall, ...]()
        if self.has_eyes and question.channels is None:
            words = replace(question, channels=("speech", "screen"))
            pictures = (_search(question.query, question.span, ("visual",)),) if question.query else ()
        first = first_calls(words)
        first = (*pictures, *first) if question.needs_eyes else first
        stages = [first, _from_anchor(words, done), _closer(question, done)]
        if _of_everything(question):
            return [*stages, (ToolCall.of("overview", span=question.span),)]
        if question.type in ("summary", "order") or not question.query:
            return stages[:2]
        if question.channels and not question.lists_mentions:
            stages.append((_search(question.text, question.span),))
        return [*stages, pictures]


def first_calls(question: Question) -> tuple[ToolCall, ...]:
    """What the words of a question say to call first; none where they name nothing to look for."""
    span, channels = question.span, question.channels
    if question.type == "order":
        return tuple(
            _search(target, span, channels, f"target {number}")
            for number, target in enumerate(question.targets, 1)
        )
    if _of_everything(question) and not question.anchor:
        return (ToolCall.of("overview", span=span),)
    if not question.query and not question.anchor:
        return _without_subject(question)
    calls = [] if _of_everything(question) else [_search(question.text, span, channels)]
    if question.lasts_here:
        calls.append(ToolCall.of("pauses", "pause", query=question.query, span=span))
    if question.anchor:
        if BREAK.search(question.anchor.text):
            calls.append(ToolCall.of("pauses", "anchor", query=question.anchor.text))
        calls.append(_search(question.anchor.text, purpose="anchor"))
    return tuple(calls)


def _without_subject(question: Question) -> tuple[ToolCall, ...]:
    """Calls where a question names nothing: its options may, else what stands in the place that it names is read."""
    span, channels = question.span, question.channels
    if question.counts_mentions:
        return ()
    if question.options:
        return tuple(_search(option, span, channels) for option in question.options.values())
    if question.type == "written" or span is not None:
        return (ToolCall.of("read", span=span, channels=channels),)
    return ()


def _from_anchor(question: Question, done: Sequence[Done]) -> tuple[ToolCall, ...]:
    """Calls that look only before, during or after the moment that the asker names, once it is found."""
    anchor = question.anchor
    seen = [item.best for item in done if item.call.purpose == "anchor" and item.best]
    found = next((best for best in seen if (best.probability or 0.0) >= POSSIBLE), None)
    if anchor is None or found is None:
        return ()
    span = _beside(anchor, found)
    if _of_everything(question):
        return (ToolCall.of("overview", video_id=found.video_id, span=span),)
    if content_words(question.query):
        return (_search(question.query, span, question.channels, video_id=found.video_id),)
    return (ToolCall.of("read", video_id=found.video_id, span=span, channels=question.channels),)


def _of_everything(question: Question) -> bool:
    """Whether a summary is asked for that names no subject: of the whole recording, or of a part of it."""
    return question.type == "summary" and not question.query


def _closer(question: Question, done: Sequence[Done]) -> tuple[ToolCall, ...]:
    """A call for what is said while the screen stands that seems to answer: a slide names what the speaker tells."""
    seen = [item.best for item in done if item.call.purpose == "question" and item.best]
    best = max(seen, key=lambda item: item.probability or 0.0, default=None)
    if best is None or best.tool != "search" or best.channel != "screen":
        return ()
    if question.channels or question.type == "summary":
        return ()
    return (_search(question.text, best.span, ("speech",), "closer", best.video_id),)


def _search(
    query: str,
    span: Span | None = None,
    channels: tuple[Channel, ...] | None = None,
    purpose: str = "question",
    video_id: str = "",
) -> ToolCall:
    return ToolCall.of("search", purpose, query=query, video_id=video_id, span=span, channels=channels)


def _beside(anchor: Anchor, found: Observation) -> Span:
    start, end = found.span.start_seconds, found.span.end_seconds
    if anchor.relation == "before":
        return Span(max(start - ADJACENT_SECONDS, 0.0) if anchor.adjacent else 0.0, start)
    if anchor.relation == "after":
        return Span(end, end + ADJACENT_SECONDS if anchor.adjacent else FOREVER)
    return Span(max(start - ADJACENT_SECONDS / 2, 0.0), end + ADJACENT_SECONDS)


def _best(done: Sequence[Done], purpose: str) -> float:
    return max(
        (item.best.probability or 0.0 for item in done if item.call.purpose == purpose and item.best),
        default=0.0,
    )
