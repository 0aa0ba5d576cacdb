"""`pauses`: stretches in which nobody speaks, such as a break, or a silence in which something is shown.

Nobody says how long a break was; the clock does. Owns what counts as a pause, and which pause a passage announces.
"""

import hashlib
import re
from bisect import bisect_left
from dataclasses import dataclass

from rewatch.memory.types import Cost, Observation, Sentence, Span, VideoInfo
from rewatch.tools.context import ToolContext
from rewatch.tools.passages import Passages, load
from rewatch.tools.search import Hit, find
from rewatch.tools.words import content_words, stem, stems

PAUSE_SECONDS = 15.0
"""A stretch without speech from which it is more than taking breath."""
BREAK_SECONDS = 60.0
"""A pause in which people may leave their seats."""
BREAK = re.compile(r"\b(?:breaks?|intervals?|intermission|recess|pauses?|refreshments?)\b", re.IGNORECASE)
"""Words for a break in general; a speaker who takes one may use another of them."""
_SAID_OF_BREAKS = re.compile(
    BREAK.pattern + r"|\b(?:tea|coffee|lunch|back (?:at|in|here)|resume|stretch)\b", re.IGNORECASE
)
_FRAME = frozenset(
    stem(word) for word in "stop take last recording video talk lecture film evening speaker audience".split()
)
_BESIDE = 2
"""How many sentences later a pause may come that a passage announces."""
_BEFORE, _AFTER = 4, 3
"""Sentences on either side of a break that may call it one."""


@dataclass(frozen=True, slots=True)
class Pause:
    """A stretch in which nobody speaks."""

    video: VideoInfo
    span: Span
    before: Sentence
    """What was said last before it."""
    hit: Hit | None = None
    """The passage that announces it or is shown in it; None where it is called a break."""


def pauses(
    context: ToolContext, query: str, *, span: Span | None = None, limit: int = 10
) -> list[Observation]:
    """Find stretches in which nobody speaks: a break, or a silence while something is shown or awaited.

    Args:
        context: The library and the videos.
        query: "the tea break", or what is shown or spoken of when the silence begins.
        span: Restrict to pauses that overlap it.
        limit: Return at most so many.

    Returns:
        One observation a pause, best first; its span is the pause, `text` quotes what was said last before it.

    Raises:
        LimitReached: The run may not make another tool call.
    """
    return [observe_pause(pause) for pause in find_pauses(context, query, span=span, limit=limit)]


def find_pauses(
    context: ToolContext, query: str, *, span: Span | None = None, limit: int = 10
) -> list[Pause]:
    """The pauses of `pauses`, with what each was found by."""
    if BREAK.search(query):
        context.meter.charge(Cost(tool_calls=1))
        called = [
            _called_break(video, load(context.library, video.video_id), query, allowed)
            for video in context.videos
            if (allowed := context.allowed(video, span)) is not None
        ]
        return [pause for pause in called if pause]
    hits = find(context, query, span=span, limit=limit)
    beside = [
        (hit, pause_beside(hit.passages, hit.relevance.position, allowed))
        for hit in hits
        if (allowed := context.allowed(hit.video, span)) is not None
    ]
    found = {
        (hit.video.video_id, pause): Pause(hit.video, pause, _said_before(hit.passages, pause), hit)
        for hit, pause in reversed(beside)  # the best hit of a pause is kept
        if pause is not None
    }
    return sorted(found.values(), key=lambda pause: -pause.hit.relevance.score if pause.hit else 0.0)


def observe_pause(pause: Pause) -> Observation:
    """The pause as an observation."""
    key = f"{pause.video.video_id} {pause.span}"
    return Observation(
        id=f"pause-{hashlib.sha256(key.encode()).hexdigest()[:16]}",
        video_id=pause.video.video_id,
        tool="pauses",
        channel="speech",
        span=pause.span,
        text=pause.before.text,
        score=round(pause.hit.relevance.score, 4) if pause.hit else 1.0,
        model="times of speech",
    )


def silences(passages: Passages, within: Span, least_seconds: float = PAUSE_SECONDS) -> list[Span]:
    """The stretches between spoken sentences in which nobody speaks and that overlap a span, by time."""
    found, end = list[Span](), None
    for span in (passages.sentences[position].span for position in passages.spoken):
        if end is not None and span.start_seconds - end >= least_seconds:
            found.append(Span(end, span.start_seconds))
        end = max(end or 0.0, span.end_seconds)
    return [span for span in found if span.overlaps(within)]


def pause_beside(passages: Passages, position: int, within: Span) -> Span | None:
    """The longest pause in a span that a passage announces, or during which it is shown; None without one."""
    sentence, found = passages.sentences[position], silences(passages, within)
    if sentence.kind == "screen":
        near = [span for span in found if span.overlaps(sentence.span)]
    else:
        place = bisect_left(passages.spoken, position)
        ends = [passages.sentences[p].span.end_seconds for p in passages.spoken[place : place + 1 + _BESIDE]]
        near = [span for span in found if span.start_seconds in ends]
    return max(near, key=lambda span: span.duration_seconds, default=None)


def _called_break(video: VideoInfo, passages: Passages, query: str, within: Span) -> Pause | None:
    """The longest pause in a span that is called a break; what the asker says more of it ("lunch") stands there too."""
    special = {word.stem for word in content_words(BREAK.sub(" ", query))} - _FRAME
    named = [
        span
        for span in silences(passages, within, BREAK_SECONDS)
        if _SAID_OF_BREAKS.search(beside := _said_beside(passages, span)) and special <= stems(beside)
    ]
    if not named:
        return None
    longest = max(named, key=lambda span: span.duration_seconds)
    return Pause(video, longest, _said_before(passages, longest))


def _said_before(passages: Passages, pause: Span) -> Sentence:
    spoken = (passages.sentences[position] for position in passages.spoken)
    return max(
        (sentence for sentence in spoken if sentence.span.end_seconds <= pause.start_seconds),
        key=lambda sentence: sentence.span.end_seconds,
    )


def _said_beside(passages: Passages, pause: Span) -> str:
    """What is said just before and after a pause, and shown meanwhile."""
    spoken = [passages.sentences[position] for position in passages.spoken]
    earlier = [sentence for sentence in spoken if sentence.span.start_seconds < pause.start_seconds]
    later = [sentence for sentence in spoken if sentence.span.start_seconds >= pause.end_seconds]
    shown = [passages.sentences[p] for p in passages.shown if passages.sentences[p].span.overlaps(pause)]
    return " ".join(sentence.text for sentence in [*earlier[-_BEFORE:], *later[:_AFTER], *shown])
