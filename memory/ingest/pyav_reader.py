"""The default frame reader: PyAV, exact in every container and codec tried.

Turns seconds into ticks and decoded frames into displayed ones; `playhead` decides what is decoded. Only
frames that are returned are converted.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rewatch.memory.errors import TimecodeError, VideoError
from rewatch.memory.ingest.change import Change, ChangeMeter
from rewatch.memory.ingest.container import show_path
from rewatch.memory.ingest.display import displayed_image
from rewatch.memory.ingest.heap import give_back_freed
from rewatch.memory.ingest.playhead import Playhead
from rewatch.memory.ingest.probe import container_start, frame_ticks
from rewatch.memory.types import Frame, Span, VideoInfo

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

_TOLERANCE_SECONDS = 1e-7
"""Forgives the rounding of computed times such as `7 * (1001 / 30000)`; far below any frame interval."""
_NOTABLE_JUMP = 3.0
"""Changes that stand out by less are placed to within the frames that were left out, a tenth of a second.
Encoders that look for cuts put keyframes there and leave nothing out, so that few changes need a seek."""


class PyAVReader:
    """A `FrameReader` over PyAV. Each running iterator has a playhead of its own, which the next one takes over: an
    open file costs memory with each hour of the video (FFmpeg's table of all its packets)."""

    def __init__(self, info: VideoInfo, *, threads: int = 0, longest_pixels: int = 0) -> None:
        self.info = info
        self._longest_pixels = longest_pixels
        self._threads = threads
        first = self._open()
        self._idle = [first]
        self._time_base = first.time_base
        start = container_start(first.container)
        self._origin = round((info.player_offset_seconds + start) / self._time_base)

    def at(self, seconds: float) -> Frame:
        """The frame on display at an instant."""
        with self._borrowed() as playhead:
            return next(self._shown(playhead, [self._ticks(seconds)]))

    def at_many(self, seconds: Sequence[float]) -> Iterator[Frame]:
        """The frames on display at several instants, in ascending order of time."""
        targets = sorted(self._ticks(instant) for instant in seconds)
        with self._borrowed() as playhead:
            yield from self._shown(playhead, targets, again=True)

    def sample(self, span: Span, step_seconds: float) -> Iterator[Frame]:
        """The frames on display every `step_seconds` from the span's start on, each once."""
        end = min(span.end_seconds, self.info.duration_seconds)
        count = max(math.ceil((end - span.start_seconds) / step_seconds - _TOLERANCE_SECONDS), 0)
        targets = [self._ticks(span.start_seconds + index * step_seconds) for index in range(count)]
        with self._borrowed() as playhead:
            playhead.meter = ChangeMeter()
            yield from self._shown(playhead, targets)

    def keyframes(self, span: Span) -> Iterator[Frame]:
        """The frames in the span that decode without any other."""
        with self._borrowed() as playhead:
            for frame in playhead.keyframes(*self._bounds(span)):
                yield self._frame(frame)

    def frames(self, span: Span) -> Iterator[Frame]:
        """Every frame that begins in the span."""
        start, end = self._bounds(span)
        with self._borrowed() as playhead:
            first = next(playhead.show([start]))
            if first is not None and start <= frame_ticks(first) < end:
                yield self._frame(first)
            for frame in playhead.following():
                if frame_ticks(frame) >= end:
                    return
                if frame_ticks(frame) >= start:
                    yield self._frame(frame)

    def next_keyframe_seconds(self, seconds: float) -> float | None:
        """When the first keyframe at or after an instant is shown; nothing is decoded."""
        with self._borrowed() as playhead:
            ticks = playhead.keyframe_from(self._ticks(seconds))
        return None if ticks is None else self._seconds(ticks)

    def close(self) -> None:
        """Give the file back."""
        for playhead in self._idle:
            playhead.close()
        self._idle.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open(self) -> Playhead:
        playhead = Playhead(self.info.path, threads=self._threads)
        give_back_freed()
        return playhead

    @contextmanager
    def _borrowed(self) -> Iterator[Playhead]:
        """A playhead for one use alone; it stays open for the next one."""
        playhead = self._idle.pop() if self._idle else self._open()
        try:
            yield playhead
        finally:
            playhead.meter = None
            self._idle.append(playhead)

    def _shown(self, playhead: Playhead, targets: Sequence[int], *, again: bool = False) -> Iterator[Frame]:
        """Convert what the playhead shows; a frame that stays on display is converted once."""
        last: Frame | None = None
        for decoded, target in zip(playhead.show(targets), targets, strict=True):
            if decoded is None:
                raise VideoError(
                    f"{show_path(self.info.path)} cannot be decoded at {self._seconds(target):.2f} s; "
                    "it is damaged there: copy or download it again"
                )
            if last is not None and last.seconds == self._seconds(frame_ticks(decoded)):
                if again:
                    yield last
                continue
            last = self._frame(decoded, playhead.meter)
            yield last

    def _frame(self, decoded: "VideoFrame", meter: ChangeMeter | None = None) -> Frame:
        seconds = self._seconds(frame_ticks(decoded))
        image = displayed_image(decoded, self.info, self._longest_pixels)
        change = meter.since_last_sample() if meter is not None else None
        if change is None:
            return Frame(seconds, image)
        return Frame(seconds, image, self._seconds(self._exactly(change)), change.jump, change.ratio)

    def _exactly(self, change: Change) -> int:
        """When a change happened, to the frame, if it may be a cut; a seek where frames were left out."""
        if change.is_exact or change.jump is None or change.jump < _NOTABLE_JUMP:
            return change.ticks
        meter = ChangeMeter()
        with self._borrowed() as playhead:
            for decoded in playhead.show([change.seen_before_ticks]):
                if decoded is not None:
                    meter.see(decoded)
            for decoded in playhead.following():
                meter.see(decoded)
                if frame_ticks(decoded) >= change.ticks:
                    break
        exact = meter.since_last_sample()
        return change.ticks if exact is None else exact.ticks

    def _seconds(self, ticks: int) -> float:
        return (ticks - self._origin) * self._time_base.numerator / self._time_base.denominator

    def _ticks(self, seconds: float) -> int:
        """The last tick at or before an instant, kept inside the video."""
        if math.isnan(seconds):
            raise TimecodeError("nan is not a time; write seconds from the start of the video")
        inside = min(max(seconds, 0.0), self.info.duration_seconds)
        base = self._time_base
        return math.floor((inside + _TOLERANCE_SECONDS) * base.denominator / base.numerator) + self._origin

    def _bounds(self, span: Span) -> tuple[int, int]:
        """The ticks of the frames that begin in the span: first one, and first one after it."""
        base = self._time_base

        def first_from(seconds: float) -> int:
            instant = max(min(seconds, self.info.duration_seconds) - _TOLERANCE_SECONDS, 0.0)
            return math.ceil(instant * base.denominator / base.numerator) + self._origin

        return first_from(span.start_seconds), first_from(span.end_seconds)
