"""Spoken lines joined to whole thoughts: cue fragments to sentences.

Owns where a sentence begins and ends in words and in time. Reading lines belongs to the stages before it,
embedding and storing to `sentences`.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rewatch.memory.types import Sentence, Span, TextLine

MAX_WORDS = 40
MAX_SECONDS = 30.0
"""A longer sentence is cut at a clause or a pause: the embedding of a passage blurs, and so does its span."""

_PAUSE_SECONDS = 5.0
"""Silence that ends a sentence even without punctuation."""
_SHORT_PAUSE_SECONDS = 0.4
_UNPUNCTUATED_WORDS = 60
"""Captions with fewer sentence ends than one in so many words count as unpunctuated."""
_THOUGHT_WORDS = (8, 24)
"""Bounds of a passage of unpunctuated captions, cut at its longest pause."""

_END = re.compile(r"[.?!…]+[\"'”’)\]]*(?=\s)|[。！？]+[」』”]*|(?<=[\])♪])(?=\s)")
_CLAUSE = re.compile(r"(?<=[,;:—–])\s|\s(?=(?:and|but|because|so|which|where|when|while|then)\s)")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\"'])(?:mr|mrs|ms|dr|prof|st|vs|e\.g|i\.e|cf|fig|eq|no|vol|approx|jr|sr|inc|al|[A-Za-z])\.$",
    re.IGNORECASE,
)
_SPEAKER = re.compile(r"^(?:>>|[-–—]\s?(?=\S)|[A-Z][\w.'’]*(?: [A-Z][\w.'’]*){0,2}:\s)")


def join_spoken(lines: Sequence[TextLine], video_id: str) -> list[Sentence]:
    """Join subtitle or speech lines to sentences.

    Args:
        lines: Lines of one kind by start time.
        video_id: The video they belong to.

    Returns:
        Sentences by start time. One that begins or ends inside a line gets its times by the share of
        characters, so that spans are tight. All text of the lines is in exactly one sentence.
    """
    sentences: list[Sentence] = []
    for run in _runs(lines):
        speech = _Speech(run)
        for start, end in _passages(speech):
            text = speech.text[start:end].strip()
            if text:
                sentences.append(Sentence(0, video_id, run[0].kind, speech.span(start, end), text))
    return sentences


@dataclass(frozen=True, slots=True)
class _Place:
    """Where one line stands in the joined text."""

    start: int
    end: int
    line: TextLine


class _Speech:
    """Lines joined to one text, with the time of each of its characters."""

    def __init__(self, lines: Sequence[TextLine]) -> None:
        self.text = " ".join(line.text for line in lines) + " "
        self.places: list[_Place] = []
        position = 0
        for line in lines:
            self.places.append(_Place(position, position + len(line.text), line))
            position += len(line.text) + 1
        self._starts = [place.start for place in self.places]

    def span(self, start: int, end: int) -> Span:
        """Span of the characters `[start, end)`, outer blanks not counted."""
        text = self.text[start:end]
        start += len(text) - len(text.lstrip())
        end = start + len(text.strip())
        first, last = self._seconds(start, ends=False), self._seconds(end, ends=True)
        return Span(first, max(last, first))

    def line_starts(self, start: int, end: int) -> set[int]:
        """Positions inside `(start, end)` where a line begins."""
        return set(self._starts[bisect_right(self._starts, start) : bisect_left(self._starts, end)])

    def _seconds(self, position: int, *, ends: bool) -> float:
        """Time of the gap before a character; at a line's border that of the line ended or begun."""
        index = bisect_right(self._starts, position - 1 if ends else position) - 1
        place = self.places[max(index, 0)]
        share = (position - place.start) / max(place.end - place.start, 1)
        span = place.line.span
        return span.start_seconds + min(max(share, 0.0), 1.0) * span.duration_seconds


def _runs(lines: Sequence[TextLine]) -> Iterator[list[TextLine]]:
    """Split lines at long pauses and where another speaker is named."""
    run: list[TextLine] = []
    latest = 0.0
    for line in lines:
        pause = line.span.start_seconds - latest
        if run and (pause >= _PAUSE_SECONDS or _SPEAKER.match(line.text)):
            yield run
            run = []
        run.append(line)
        latest = max(latest, line.span.end_seconds)
    if run:
        yield run


def _passages(speech: _Speech) -> Iterator[tuple[int, int]]:
    """Yield character ranges that tile the text: sentences, none too long."""
    words = len(speech.text.split())
    ends = list(_sentence_ends(speech.text))
    if words > _UNPUNCTUATED_WORDS * (len(ends) + 1):
        yield from _by_pauses(speech)
        return
    start = 0
    for end in [*ends, len(speech.text)]:
        if speech.text[start:end].strip():
            yield from _bounded(speech, start, end)
        start = end


def _sentence_ends(text: str) -> Iterator[int]:
    """Positions behind sentence-ending punctuation; abbreviations and "... and so" do not end a sentence."""
    for match in _END.finditer(text):
        following = text[match.end() : match.end() + 4].lstrip()[:1]
        abbreviated = match[0] == "." and _ABBREVIATION.search(text[max(match.start() - 8, 0) : match.end()])
        if not abbreviated and not following.islower():
            yield match.end()


def _bounded(speech: _Speech, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Halve a passage, at the clause or line border nearest to its middle, until it is short enough."""
    text = speech.text[start:end]
    words = len(text.split())
    if words <= MAX_WORDS and speech.span(start, end).duration_seconds <= MAX_SECONDS:
        yield start, end
        return
    candidates = {start + match.end() for match in _CLAUSE.finditer(text)}
    candidates |= speech.line_starts(start, end)
    least = len(text) // 5
    candidates = {cut for cut in candidates if start + least <= cut <= end - least}
    if not candidates:
        candidates = {start + match.end() for match in re.finditer(r"\s+", text.rstrip())} - {start}
    if not candidates:
        yield start, end
        return
    middle = min(candidates, key=lambda cut: abs(cut - (start + end) / 2))
    yield from _bounded(speech, start, middle)
    yield from _bounded(speech, middle, end)


def _by_pauses(speech: _Speech) -> Iterator[tuple[int, int]]:
    """Passages of captions without punctuation: cut behind the line with the longest pause in reach."""
    least, most = _THOUGHT_WORDS
    places = speech.places
    first = 0
    while first < len(places):
        words, chosen, longest = 0, first, -1.0
        for index in range(first, len(places)):
            words += len(places[index].line.text.split())
            if words > most and index > first:
                break
            chosen_pause = _pause_after(places, index)
            if words >= least and (chosen_pause > longest or longest < _SHORT_PAUSE_SECONDS):
                chosen, longest = index, chosen_pause
            elif words < least:
                chosen = index
        end = places[chosen + 1].start if chosen + 1 < len(places) else len(speech.text)
        yield from _bounded(speech, places[first].start, end)
        first = chosen + 1


def _pause_after(places: Sequence[_Place], index: int) -> float:
    if index + 1 >= len(places):
        return float("inf")
    return places[index + 1].line.span.start_seconds - places[index].line.span.end_seconds
