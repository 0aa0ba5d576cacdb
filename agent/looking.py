"""Questions about what is seen: whether words can answer one, where to look, and what a look is worth.

Owns the rules; asking the model is the work of the tool `look`. Without a visual model such a question is answered
from words only where they really say what is asked, and otherwise with what would show it.
"""

import re
import shlex
from collections.abc import Sequence
from dataclasses import replace

from rewatch.agent.answer import Claim
from rewatch.agent.calls import ToolCall
from rewatch.agent.planners import Done
from rewatch.agent.planners.rules import POSSIBLE
from rewatch.agent.question import Question
from rewatch.agent.seeking import SEEK, moments
from rewatch.memory.errors import LimitReached, ToolError, VideoError
from rewatch.memory.types import Observation, Span
from rewatch.tools.context import ToolContext
from rewatch.tools.likeness import is_picture
from rewatch.tools.look import look
from rewatch.tools.numbers import numbers
from rewatch.tools.words import content_words, stem, stems

LOOK = "look"
"""The tool, and the purpose, of a call that looks."""
UNTOLD_PROBABILITY = 0.5
"""Told of an answer whose evidence carries no probability, even of two looks that agree: its errors are unknown."""

_PLACES = 3
"""Moments that are looked at in one plan."""
_BESIDE_SECONDS = 4.0
"""How far a look reaches beyond a moment that a search found: words come a little before or after the picture."""
_APART_SECONDS = 15.0
"""Moments closer together are looked at once."""
_MOSTLY = 0.5
"""Share of what a question names that words must name too before they can tell what is seen."""

_KINDS = tuple(
    (re.compile(asked, re.IGNORECASE), re.compile(told, re.IGNORECASE))
    for asked, told in (
        (
            r"\bcolou?r",
            r"\b(?:black|white|gr[ae]y|red|green|blue|yellow|orange|purple|violet|pink|brown|beige|golden?|silver|"
            r"turquoise|crimson|scarlet|maroon|navy|cyan|magenta)\b",
        ),
        (r"\bdoing\b", r"\b(?!(?:any|every|some|no)?thing\b|during\b|(?:morn|even)ing\b)\w{3,}ing\b"),
        (r"\blooks? like\b", r"\b(?:look(?:s|ed)? (?!at\b)\w|shaped?|resembles?)"),
        (r"\b(?:wear|dress)", r"\b(?:wear\w*|wore|worn|dressed|put on|(?:has|have|had) on)\b"),
        (
            r"\b(?:in|on) the (?:picture|image|photo)",
            r"\b(?:pictures?|images?|photos?|shows?|showing|shown|see)\b",
        ),
    )
)
"""What a question asks of the picture, the first that fits, and the words of which one must be there to tell it."""
_GENERAL = frozenset(
    stem(word)
    for word in """colour color picture image frame video scene shot shown seen visible look looks wear wearing
    dressed holding doing man woman person people speaker presenter background face""".split()
)
"""Stems that questions about pictures share, so that they tell nothing of which thing is meant."""


def tells(question: Question, text: str) -> bool:
    """Whether words say what a question about the picture asks: of the same things, with the kind asked for."""
    kind = next((told for asked, told in _KINDS if asked.search(question.text)), None)
    if kind is not None and not kind.search(text):
        return False
    if question.type == "count" and not numbers(text):
        return False
    return _share_named(question, text) >= _MOSTLY


def sightings(done: Sequence[Done]) -> list[Observation]:
    """What looks have shown, the surest first."""
    seen = [
        item
        for entry in done
        if entry.call.tool == LOOK
        for item in entry.observations
        if item.score > 0 and not item.error
    ]
    return sorted(seen, key=lambda item: -(item.probability or 0.0))


def look_calls(question: Question, done: Sequence[Done], context: ToolContext) -> tuple[ToolCall, ...]:
    """Looks at the moments that searches found, the best first; at all that is allowed where none was found.

    Where the surest moment has a box, what is in it is looked at too, at its own resolution.
    """
    asked = question.text
    if question.options:
        asked += " Choose one: " + "; ".join(f"{letter}) {text}" for letter, text in question.options.items())
    places = _places(question, done) or [
        (video.video_id, allowed)
        for video in context.videos[:_PLACES]
        if (allowed := context.allowed(video, question.span)) is not None
    ]
    near = next(
        (seen for seen in moments(done) if seen.boxes and (seen.probability or 0.0) >= POSSIBLE), None
    )
    parts = [(near.video_id, near.span, near.boxes[0])] if near else []
    return tuple(
        ToolCall.of(LOOK, LOOK, question=asked, span=span, video_id=video_id, box=box)
        for video_id, span, box in (*((*place, None) for place in places), *parts)
    )


def candidates(question: Question, done: Sequence[Done]) -> list[Observation]:
    """What searches found that is worth a first look: words that name it, a picture that stands out."""
    if any(item.call.tool == LOOK for item in done):
        return []
    return [
        seen
        for item in done
        if item.call.tool == "search" and item.call.purpose == "question"
        for seen in item.observations
        if (seen.score > 0 if is_picture(seen) else _share_named(question, seen.text) >= _MOSTLY)
    ]


def rewatched(
    context: ToolContext, question: Question, checked: Sequence[tuple[Claim, str]]
) -> list[tuple[Claim, str]]:
    """Look again, closer, at what claims cite from looks; a claim that is not shown again does not hold."""
    return [_again(context, question, claim, reason) for claim, reason in checked]


def remedy(question: Question, context: ToolContext) -> str:
    """What to do where a question needs eyes and no visual model is set."""
    files = " ".join(shlex.quote(str(video.path)) for video in context.videos)
    return (
        "what is seen needs a visual model, and none is set; with one: "
        f"rewatch ask {files} {shlex.quote(question.text)} --preset local (or --preset api; see rewatch doctor)"
    )


def _share_named(question: Question, text: str) -> float:
    """Share of the things that a question names which a text names too."""
    named = {word.stem for word in content_words(question.query or question.text)} - _GENERAL
    return len(named & stems(text)) / len(named) if named else 1.0


def _places(question: Question, done: Sequence[Done]) -> list[tuple[str, Span]]:
    """The moments that searches found for the question, those first that name what it names."""
    items = [item for item in done if item.call.tool == "search" and item.call.purpose == "question"]
    if question.anchor:
        items = [item for item in items if item.call.span] or items
    found = sorted(
        (seen for item in items for seen in item.observations),
        key=lambda seen: (-_share_named(question, seen.text), -(seen.probability or 0.0), -seen.score),
    )
    sought = [seen for seen in moments(done) if (seen.probability or 0.0) >= POSSIBLE]
    places: list[tuple[str, Span]] = []
    for seen in (*sought, *found):
        start, end = seen.span.start_seconds - _BESIDE_SECONDS, seen.span.end_seconds + _BESIDE_SECONDS
        near = any(
            name == seen.video_id and span.gap_seconds(seen.span) < _APART_SECONDS for name, span in places
        )
        if not near and len(places) < _PLACES:
            places.append((seen.video_id, Span(max(start, 0.0), end)))
    return places


def _again(context: ToolContext, question: Question, claim: Claim, reason: str) -> tuple[Claim, str]:
    cited = context.library.store.observations(list(claim.evidence_ids))
    tools = (LOOK, SEEK) if context.models.has("vlm") else (LOOK,)
    looks = [
        item for item in cited if item.tool in tools and item.frame_seconds and claim.verdict == "supported"
    ]
    asked = f"Do these frames show the following? {claim.text} (It answers: {question.text})"
    for seen in looks:
        try:
            second = look(
                context, seen.video_id, seen.span, asked, next(iter(seen.boxes), None), detail="fine"
            )
        except (LimitReached, ToolError, VideoError) as error:
            return replace(claim, verdict="unverified"), f"it could not be looked at again: {error}"
        failed = next((item.error for item in second if item.error), "")
        if failed:
            return replace(claim, verdict="unverified"), f"the second look failed: {failed}"
        if not any(item.score > 0 for item in second):
            return replace(claim, verdict="refuted"), f"a second look does not show it: {second[0].text}"
        reason = "a second, closer look shows it too"
    return claim, reason
