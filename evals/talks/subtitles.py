"""A talk's speech as a subtitle file, cut the way real subtitles are: by length, not by sentence.

Owns the cues. When the words are said comes from `timeline`.
"""

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from rewatch.evals.subrip import subrip
from rewatch.evals.talks.timeline import Timeline
from rewatch.memory.types import Span

_LINE_CHARACTERS, _LINES = 42, 2
_SHORTEST_SECONDS, _LONGEST_SECONDS = 1.0, 6.0
_GAP_SECONDS = 2.5
"""A silence of this length always ends a cue."""
_SOUND_SECONDS = 4.0


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    span: Span


def subtitle_cues(timeline: Timeline) -> list[tuple[Span, str]]:
    """Cut the speech into cues of at most two lines and six seconds, in order of time."""
    cues = [_cue(words) for words in _groups(_words(timeline))]
    for pause in timeline.pauses:
        if pause.sound:
            start = pause.span.start_seconds
            cues.append(
                (Span(start, min(pause.span.end_seconds, start + _SOUND_SECONDS)), f"[{pause.sound}]")
            )
    cues.sort()
    return [_lengthened(cue, cues[i + 1 : i + 2]) for i, cue in enumerate(cues)]


def srt_text(timeline: Timeline) -> str:
    """The whole subtitle file, in SubRip form."""
    return subrip((span.start_seconds, span.end_seconds, text) for span, text in subtitle_cues(timeline))


def _words(timeline: Timeline) -> Iterator[_Word]:
    for sentence in timeline.sentences:
        words = sentence.text.split()
        start, duration = sentence.span.start_seconds, sentence.span.duration_seconds
        total = sum(len(word) + 1 for word in words)
        for word in words:
            end = start + duration * (len(word) + 1) / total
            yield _Word(word, Span(start, end))
            start = end


def _groups(words: Iterator[_Word]) -> Iterator[list[_Word]]:
    group: list[_Word] = []
    for word in words:
        if group and not _fits(group, word):
            yield group
            group = []
        group.append(word)
    if group:
        yield group


def _fits(group: list[_Word], word: _Word) -> bool:
    text = " ".join(part.text for part in [*group, word])
    return (
        word.span.start_seconds - group[-1].span.end_seconds < _GAP_SECONDS
        and word.span.end_seconds - group[0].span.start_seconds <= _LONGEST_SECONDS
        and len(textwrap.wrap(text, _LINE_CHARACTERS)) <= _LINES
    )


def _cue(words: list[_Word]) -> tuple[Span, str]:
    text = textwrap.wrap(" ".join(word.text for word in words), _LINE_CHARACTERS)
    return words[0].span.union(words[-1].span), "\n".join(text)


def _lengthened(cue: tuple[Span, str], following: list[tuple[Span, str]]) -> tuple[Span, str]:
    """Keep a short cue on the screen for a second where the next one allows it."""
    span, text = cue
    end = max(span.end_seconds, span.start_seconds + _SHORTEST_SECONDS)
    if following:
        end = min(end, max(following[0][0].start_seconds, span.end_seconds))
    return Span(span.start_seconds, end), text
