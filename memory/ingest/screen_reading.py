"""Reading one stretch of a video: which frames are decoded again, and what is read in them.

Owns the order of work: follow the samples' signatures, decode the few frames worth a look, find their lines,
read those that are new. The watch says when to look, `ocr` reads, `screen_lines` makes lines over time; parts
and their storing are `screen_text`'s. What is read is data from the video, never instructions.
"""

from dataclasses import dataclass
from math import inf

import cv2
import numpy as np

from rewatch.memory.errors import VideoError
from rewatch.memory.ingest.decode import FrameReader
from rewatch.memory.ingest.ocr import MODEL_NAME, ScreenReader, box_of
from rewatch.memory.ingest.screen_lines import LineTracks
from rewatch.memory.ingest.screen_places import covered
from rewatch.memory.ingest.screen_samples import BLINK_SECONDS, SampledScreen
from rewatch.memory.ingest.screen_watch import LookAllowance, ScreenWatch
from rewatch.memory.ingest.stage import StageContext
from rewatch.memory.timecode import format_seconds
from rewatch.memory.types import Box, Span, TextKind, TextLine

SCREEN: tuple[TextKind, ...] = ("screen",)
_SCROLLED_SHARE = 0.75
"""Share of the height by which scrolling text moves from one look to the next, so that none passes unseen."""
_BETWEEN_GLANCES_SECONDS = 4.0
"""Least distance of looks at what never settles; scrolling text stays on the screen for longer."""
_LONGEST_WAIT_SECONDS = 6.0
"""Slow scrolling does not put off looks for longer: something else may come up."""
_SCROLL_ALLOWANCE, _SCROLL_A_SECOND = 6000.0, 0.6
"""How much scrolling text is read at full pace, and more for each second of the video, in heights of a line of
its length: five minutes of closing credits in an hour. A height takes 8 ms of one core to read."""
_LOOK_HEIGHTS = 50.0
"""What finding the lines costs, in the same measure."""
_TIRED_WAIT_SECONDS = 60.0
"""How often scrolling text is looked at when the allowance is used up."""


@dataclass(slots=True)
class ReadingCounts:
    """How much was looked at, over all parts of a run."""

    looks: int = 0
    skipped: int = 0
    damaged: int = 0
    since_seconds: float = 0.0
    """Where an interrupted run was taken up; what it counted before is not known."""
    scroll_heights: float = 0.0
    """Lengths of the scrolling lines read, in heights of each line."""
    seldom_from_seconds: float = 0.0
    """From where scrolling text was read seldom, to save time."""

    def notes(self) -> list[str]:
        """What a person should know about it, in short phrases."""
        notes = [f"{self.looks} screens read"]
        if self.skipped:
            notes.append(f"{self.skipped} pictures that might hold text passed over to save time")
        if self.seldom_from_seconds:
            begin = format_seconds(self.seldom_from_seconds)
            notes.append(f"scrolling text from {begin} on read every {_TIRED_WAIT_SECONDS:g} s to save time")
        if self.damaged:
            notes.append(f"{self.damaged} damaged frames passed over")
        if self.since_seconds:
            notes.append(f"counted from {format_seconds(self.since_seconds)} on, where it was resumed")
        return notes


class ScreenReading:
    """Goes through the samples of one part."""

    def __init__(
        self,
        context: StageContext,
        screen: SampledScreen,
        reader: FrameReader,
        ocr: ScreenReader,
        counts: ReadingCounts,
    ) -> None:
        self._context = context
        self._screen = screen
        self._reader = reader
        self._ocr = ocr
        self._counts = counts
        self._tracks = LineTracks(screen)
        self._last_look_seconds = -_BETWEEN_GLANCES_SECONDS
        self._next_look_seconds = 0.0
        self._found = False
        """Whether there was text in the last picture that was looked at: the next is likely to hold some, too."""

    def lines(self, first: int, last: int) -> list[TextLine]:
        """Read the samples `first` to `last`, both included."""
        screen = self._screen
        self._recall(first)
        watch = ScreenWatch(screen.seconds[first], screen.grid(first))
        allowance = LookAllowance(opening=first == 0)
        for index in range(first, last + 1):
            following = screen.grid(index + 1) if index < last else None
            until = screen.begin_seconds(index + 1) if following is None else screen.seconds[index + 1]
            settles_by = inf if index + 1 == len(screen) else until
            score, restless, now = (
                watch.leaving(settles_by, following),
                watch.restless(until),
                screen.seconds[index],
            )
            if now < self._last_look_seconds + _BETWEEN_GLANCES_SECONDS:
                restless = 0.0
            allowance.until(until - screen.seconds[first])
            score = max(score, restless)
            if allowance.affords(score) and now >= self._next_look_seconds:
                grid, places = screen.grid(index), watch.places() if score > restless else []
                found = self._look(index, places)
                seen = covered(places, grid) if found is None else np.ones(grid.shape, np.bool_)
                watch.looked(grid, seen=seen, found=covered(found or [], grid))
                if not found:
                    allowance.spend(everywhere=found is not None)
            elif allowance.wanted(score) and not allowance.affords(score):
                self._counts.skipped += 1
            if following is not None:
                watch.advance(until, following)
            self._context.progress(until)
        return sorted(self._tracks.lines(MODEL_NAME), key=lambda line: line.span.start_seconds)

    def _wait_for_scrolling(self, seconds: float, heights: float) -> None:
        """Put off the next look while text scrolls: until new lines have come in, or longer to save time."""
        self._counts.scroll_heights += heights + _LOOK_HEIGHTS
        wait = min(_SCROLLED_SHARE / abs(self._tracks.velocity), _LONGEST_WAIT_SECONDS)
        if self._counts.scroll_heights > _SCROLL_ALLOWANCE + self._screen.duration_seconds * _SCROLL_A_SECOND:
            wait = _TIRED_WAIT_SECONDS
            self._counts.seldom_from_seconds = self._counts.seldom_from_seconds or seconds
        self._next_look_seconds = seconds + wait

    def _recall(self, first: int) -> None:
        """Take up the lines of earlier parts that still stand, so that they are not entered twice."""
        begin = self._screen.begin_seconds(first)
        around = Span(max(begin - BLINK_SECONDS, 0.0), self._screen.duration_seconds)
        for line in self._context.store.text_lines(self._context.video.video_id, around, SCREEN):
            self._tracks.recall(line)

    def _look(self, index: int, places: list[Box]) -> list[Box] | None:
        """Read what is new in one sample.

        Args:
            index: Which one.
            places: What it is looked at for; empty for all of it.

        Returns:
            The boxes in which there is text; None where only the places were looked at, in vain.
        """
        seconds = self._screen.seconds[index]
        try:
            image = self._reader.at(seconds).image
        except VideoError:
            self._counts.damaged += 1
            return []
        self._counts.looks += 1
        self._last_look_seconds = seconds
        if places and not self._found and not self._ocr.may_hold_text(image, places):
            return None
        height, width = image.shape[:2]
        quads = [(quad, box_of(quad, width, height)) for quad in self._ocr.find(image)]
        self._found = bool(quads)
        self._tracks.begin_look(index, cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), [box for _, box in quads])
        known = [box for _, box in quads if self._tracks.is_known(box)]
        new = [(quad, box) for quad, box in quads if box not in known]
        read = self._ocr.read(image, [quad for quad, _ in new])
        for line in read:
            self._tracks.add(line)
        if self._tracks.velocity:
            self._wait_for_scrolling(seconds, sum(_heights(box) for _, box in new) * width / height)
        return known + [line.box for line in read]


def _heights(box: Box) -> float:
    """Width of a box over its height, both in shares of the frame's."""
    return (box[2] - box[0]) / max(box[3] - box[1], 1e-3)
