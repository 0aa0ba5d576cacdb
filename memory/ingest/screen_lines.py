"""Lines of on-screen text over time: what several looks have read becomes one line with one span.

Owns telling a line that has been read before, in its place or moved on, from another one, so that only what is
new is read. How long it stood is seen by `screen_samples`, movement is measured by `screen_scroll`, reading is
`ocr`'s work.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from statistics import median

import cv2
import numpy as np

from rewatch.memory.ingest.ocr import ReadLine
from rewatch.memory.ingest.screen_gate import differ
from rewatch.memory.ingest.screen_places import cells_of, overlap, pixels_of, union_share
from rewatch.memory.ingest.screen_samples import BLINK_SECONDS, SampledScreen
from rewatch.memory.ingest.screen_scroll import (
    Grey,
    common_shift,
    passing_span,
    shifted,
    shows_same,
)
from rewatch.memory.types import Box, Span, TextLine

_CHANGED_LEVELS, _CHANGED_PIXELS = 45, 2
"""Two pictures of a line are the same when no more pixels than this, blurred, differ by that much: another
digit of 14 pixels changes ten times as many, encoding changes none."""
_SAME_PLACE, _SAME_BOX = 0.6, 0.6
"""Overlap from which a box lies in another one's place, and share of their union from which they are one."""
_SAME_TEXT, _SAME_LETTERS = 0.75, 0.9
"""Similarity of texts from which they are one line read twice: over the same strokes, and over others (a
moving picture behind the letters), where "Monday meeting" may have become "Sunday meeting"."""
_REMEMBERED = 400
"""Lines that are compared with what comes up again: those of about the last forty screens."""
_SCROLL_LOOKS_SECONDS = 12.0
"""Looks further apart than this share no scrolling line."""
_REST_SECONDS = 4.0
"""What stands still for longer does not scroll: the same word may stand elsewhere on the next slide."""
_EDGE = 0.012
"""A box this close to the upper or lower edge of a scrolling picture is cut off."""


@dataclass(slots=True)
class Track:
    """One line of text, where it was seen, and the samples that show it there."""

    line: ReadLine
    read_at: int
    """The sample that its text was read from."""
    first: int
    last: int
    """Samples that show the strokes it was read from, both included."""
    picture: Grey | None
    """Its pixels while it is remembered; None for lines that an earlier part has stored."""
    sightings: list[tuple[int, Box]]
    """Samples and boxes in which it was seen, by time."""
    stored: bool = False


@dataclass(slots=True)
class _Look:
    """What the last look saw."""

    index: int
    picture: Grey
    seen: list[tuple[Track, Box]]


class LineTracks:
    """The lines found so far."""

    def __init__(self, screen: SampledScreen) -> None:
        self._screen = screen
        self._tracks: list[Track] = []
        self._before: _Look | None = None
        self._now: _Look | None = None
        self._shift = 0.0

    def recall(self, line: TextLine) -> None:
        """Enter a line that an earlier part has stored."""
        if line.box is None:
            return
        first, last = (self._screen.index_at(at) for at in (line.span.start_seconds, line.span.end_seconds))
        read = ReadLine(line.text, line.box, line.confidence)
        self._tracks.append(Track(read, first, first, last, None, [(first, line.box)], stored=True))

    def begin_look(self, index: int, picture: Grey, boxes: Sequence[Box]) -> None:
        """Take up a frame that is about to be read.

        Args:
            index: Which sample it is.
            picture: uint8 `[height, width]`, its luma.
            boxes: Where there is text.
        """
        self._before, self._now = self._now, _Look(index, picture, [])
        before, self._shift = self._before, 0.0
        if before is not None and self._elapsed(before) <= _SCROLL_LOOKS_SECONDS:
            standing = [box for box in boxes if not self._rests(index, box)]
            moving = [box for _, box in before.seen if not self._rests(before.index, box)]
            self._shift = common_shift(before.picture, moving, picture, standing)

    @property
    def velocity(self) -> float:
        """How fast the text moved from the look before to this one, in heights a second; 0.0 for standing."""
        if self._before is None or not self._shift:
            return 0.0
        return self._shift / self._elapsed(self._before)

    def is_known(self, box: Box) -> bool:
        """Whether a box of this look holds what was read before, or is about to be cut off by the edge."""
        look = self._look
        for track in reversed(self._tracks[-_REMEMBERED:]):
            if track.picture is None or union_share(track.line.box, box) <= _SAME_BOX:
                continue
            now = pixels_of(track.line.box, look.picture)
            if now.shape == track.picture.shape and not _changed(now, track.picture):
                self.add(ReadLine(track.line.text, track.line.box, track.line.confidence))
                return True
        return self._has_moved(box)

    def add(self, line: ReadLine) -> None:
        """Enter a line that this look has read."""
        look, index, earliest = self._look, self._look.index, 0
        for track in self._standing(index, line.box):
            if self._is_same(track, line):
                if not track.stored:
                    self._improve(track, line)
                return
            if (
                union_share(track.line.box, line.box) > _SAME_BOX
                and not track.stored
                and index > track.read_at
            ):
                earliest = max(earliest, self._screen.strongest_change(track.line.box, track.read_at, index))
                track.last = earliest - 1
        first, last = self._screen.follow(index, line.box, earliest)
        for track in reversed(self._tracks[-_REMEMBERED:]):
            if self._continues(track, line, first):
                track.last = max(track.last, last)
                return
        pixels = pixels_of(line.box, look.picture).copy()
        track = Track(line, index, first, last, pixels, [(index, line.box)])
        look.seen.append((track, line.box))
        self._tracks.append(track)
        if len(self._tracks) > _REMEMBERED:
            self._tracks[-_REMEMBERED - 1].picture = None

    def lines(self, source: str) -> Iterator[TextLine]:
        """The lines that no earlier part has stored, in the order in which they were read."""
        for track in self._tracks:
            if not track.stored:
                box, line = track.sightings[0][1], track.line
                yield TextLine("screen", self._span(track), line.text, source, box, line.confidence)

    @property
    def _look(self) -> _Look:
        assert self._now is not None
        return self._now

    def _elapsed(self, since: _Look) -> float:
        return self._screen.seconds[self._look.index] - self._screen.seconds[since.index]

    def _has_moved(self, box: Box) -> bool:
        """Whether a line of the look before has moved here."""
        before, look = self._before, self._look
        if before is None or not self._shift:
            return False
        for track, earlier in before.seen:
            there = shifted(earlier, self._shift)
            if overlap(there, box) > _SAME_PLACE and shows_same(
                look.picture, box, before.picture, self._shift
            ):
                if track.sightings[-1][0] != look.index:
                    track.sightings.append((look.index, there))
                    look.seen.append((track, there))
                return True
        return box[1] < _EDGE or box[3] > 1 - _EDGE

    def _rests(self, index: int, box: Box) -> bool:
        """Whether what a box shows stands still for a while."""
        return self._screen.span(*self._screen.follow(index, box, 0)).duration_seconds > _REST_SECONDS

    def _standing(self, index: int, box: Box) -> list[Track]:
        """Lines in this place that should be showing at the sample."""
        return [
            track
            for track in self._tracks
            if track.first <= index <= track.last and overlap(track.line.box, box) > _SAME_PLACE
        ]

    def _is_same(self, track: Track, line: ReadLine) -> bool:
        """Whether a reading repeats a line or a part of it; else another one stands there now."""
        likeness = similarity(track.line.text, line.text)
        if likeness == 1:
            return True
        if self._is_steady(track):
            one, other = squashed(track.line.text), squashed(line.text)
            return likeness >= _SAME_TEXT or one in other or other in one
        return likeness >= _SAME_LETTERS and digits(track.line.text) == digits(line.text)

    def _is_steady(self, track: Track) -> bool:
        """Whether a line's place shows the strokes that it was read from."""
        now = self._screen.grid(self._look.index)
        cells = cells_of(track.line.box, now)
        return not differ(now[cells], self._screen.grid(track.read_at)[cells]).any()

    def _improve(self, track: Track, line: ReadLine) -> None:
        """Keep the fuller reading, or of two as long the surer one."""
        more = len(squashed(line.text)) - len(squashed(track.line.text))
        if more > 1 and self._is_steady(track):
            track.line, track.sightings = line, [(track.read_at, line.box)]
            track.picture = pixels_of(line.box, self._look.picture).copy()
        elif more >= -1 and line.confidence > track.line.confidence:
            track.line = ReadLine(line.text, track.line.box, line.confidence)

    def _continues(self, track: Track, line: ReadLine, first: int) -> bool:
        """Whether a line was gone only for a blink before the sample `first`."""
        if track.stored or union_share(track.line.box, line.box) <= _SAME_BOX:
            return False
        gap = self._screen.begin_seconds(first) - self._screen.begin_seconds(track.last + 1)
        return (
            0 <= gap <= BLINK_SECONDS
            and similarity(track.line.text, line.text) >= _SAME_LETTERS
            and digits(track.line.text) == digits(line.text)
        )

    def _span(self, track: Track) -> Span:
        """When a line was on the screen; a scrolling one from where it came in to where it went out."""
        seen = self._screen.span(track.first, track.last)
        if seen.duration_seconds > _SCROLL_LOOKS_SECONDS:
            return seen
        velocity = _velocity(track, self._screen) or self._velocity_around(track)
        if not velocity:
            return seen
        sightings = [(self._screen.seconds[index], box) for index, box in track.sightings]
        return passing_span(sightings, velocity, seen, Span(0.0, self._screen.duration_seconds))

    def _velocity_around(self, track: Track) -> float:
        """How fast the lines move among which one was seen once."""
        index = track.sightings[0][0]
        around = [
            _velocity(other, self._screen)
            for other in self._tracks
            if other.sightings[0][0] <= index <= other.sightings[-1][0] and len(other.sightings) > 1
        ]
        return median(around) if around and track.last - track.first <= 2 else 0.0


def similarity(one: str, other: str) -> float:
    """How alike two readings are, 0 to 1, spaces and case left aside."""
    left, right = squashed(one), squashed(other)
    return 1.0 if left == right else SequenceMatcher(None, left, right, autojunk=False).ratio()


def squashed(text: str) -> str:
    """A text without spaces and case."""
    return "".join(text.split()).casefold()


def digits(text: str) -> str:
    """The digits of a text: where they differ, two texts are not one text read twice."""
    return "".join(symbol for symbol in text if symbol.isdigit())


def _velocity(track: Track, screen: SampledScreen) -> float:
    """Heights of the frame a second between a line's first and last sighting, negative upwards."""
    (first, first_box), (last, last_box) = track.sightings[0], track.sightings[-1]
    if first == last:
        return 0.0
    return (last_box[1] - first_box[1]) / (screen.seconds[last] - screen.seconds[first])


def _changed(now: Grey, before: Grey) -> bool:
    if not now.size:
        return True
    steps = cv2.absdiff(cv2.blur(now, (3, 3)), cv2.blur(before, (3, 3)))
    return int(np.count_nonzero(steps > _CHANGED_LEVELS)) > _CHANGED_PIXELS
