"""The frame reader over decord, for those who ask for it; PyAV is the default and the faster one.

decord counts frames and moves a file's start to zero, so times do not come from it: the packets' timestamps
are read once, and frames are chosen and timed by them. What decord gets wrong is refused by name: AV1, which
it does not decode, and three cases where it returns wrong frames without a word: MPEG-TS, edit lists that
hide frames, and open groups of pictures (frames shown before the keyframe that they are stored after).

It opens paths, not file objects; it is given the absolute path of a file that `container` has recognised.
"""

import math
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from rewatch.memory.errors import SettingError, TimecodeError, VideoError
from rewatch.memory.ingest.container import open_container, show_path, video_stream
from rewatch.memory.ingest.display import shrunk_size
from rewatch.memory.ingest.probe import container_start, packet_ticks, packets_of
from rewatch.memory.types import Frame, Span, VideoInfo

_TOLERANCE_SECONDS = 1e-7
"""Forgives the rounding of computed times, as in `pyav_reader`."""


class DecordReader:
    """A `FrameReader` over decord. Its index of the file takes 8 bytes a frame."""

    def __init__(self, info: VideoInfo, *, threads: int = 0, longest_pixels: int = 0) -> None:
        self.info = info
        self._name = show_path(info.path)
        decord = _import_decord()
        if info.codec == "av1":
            raise self._refusal("is AV1, which decord does not decode")
        if info.container == "mpegts":
            raise self._refusal("is MPEG-TS, where decord returns wrong frames")
        index = _read_index(info)
        if index.hides_frames:
            raise self._refusal("has an edit list that hides frames, which decord shows")
        if index.has_open_gop:
            raise self._refusal("has open groups of pictures, where decord returns wrong frames")
        self._begins, self._keyframes = index.begins, index.keyframes
        self._size = shrunk_size(info.width, info.height, longest_pixels)
        try:
            self._video: Any = decord.VideoReader(
                str(info.path.absolute()), width=info.width, height=info.height, num_threads=threads
            )
        except UnicodeEncodeError:
            raise self._refusal("has a name that is not UTF-8, which decord cannot open") from None
        except (decord.DECORDError, RuntimeError, AssertionError):
            raise VideoError(f"{self._name} cannot be opened by decord; choose the pyav decoder") from None
        if len(self._video) != len(self._begins):
            raise self._refusal("holds another number of frames than decord finds")

    def at(self, seconds: float) -> Frame:
        """The frame on display at an instant."""
        return self._frame(self._index(seconds))

    def at_many(self, seconds: Sequence[float]) -> Iterator[Frame]:
        """The frames on display at several instants, in ascending order of time."""
        last: tuple[int, Frame] | None = None
        for index in sorted(self._index(instant) for instant in seconds):
            if last is None or last[0] != index:
                last = index, self._frame(index)
            yield last[1]

    def sample(self, span: Span, step_seconds: float) -> Iterator[Frame]:
        """The frames on display every `step_seconds` from the span's start on, each once."""
        end = min(span.end_seconds, self.info.duration_seconds)
        count = max(math.ceil((end - span.start_seconds) / step_seconds - _TOLERANCE_SECONDS), 0)
        last = -1
        for step in range(count):
            index = self._index(span.start_seconds + step * step_seconds)
            if index != last:
                last = index
                yield self._frame(index)

    def keyframes(self, span: Span) -> Iterator[Frame]:
        """The frames in the span that decode without any other."""
        inside = self._inside(span)
        return (self._frame(index) for index in self._keyframes if index in inside)

    def frames(self, span: Span) -> Iterator[Frame]:
        """Every frame that begins in the span."""
        return (self._frame(index) for index in self._inside(span))

    def close(self) -> None:
        """Give the file back."""
        self._video = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _refusal(self, why: str) -> SettingError:
        return SettingError(f"{self._name} {why}; choose the pyav decoder")

    def _index(self, seconds: float) -> int:
        if math.isnan(seconds):
            raise TimecodeError("nan is not a time; write seconds from the start of the video")
        return max(bisect_right(self._begins, seconds + _TOLERANCE_SECONDS) - 1, 0)

    def _inside(self, span: Span) -> range:
        first, last = (
            bisect_left(self._begins, seconds - _TOLERANCE_SECONDS)
            for seconds in (span.start_seconds, span.end_seconds)
        )
        return range(first, last)

    def _frame(self, index: int) -> Frame:
        import cv2
        from decord import DECORDError

        try:
            image = self._video[index].asnumpy()
        except (DECORDError, RuntimeError, StopIteration):
            where = f"at {self._begins[index]:.2f} s"
            raise VideoError(
                f"{self._name} cannot be decoded by decord {where}; choose the pyav decoder"
            ) from None
        if self._size != (self.info.width, self.info.height):  # decord itself shrinks to pictures too dark
            image = cv2.resize(image, self._size, interpolation=cv2.INTER_AREA)
        return Frame(self._begins[index], image)


@dataclass(slots=True)
class _Index:
    begins: "array[float]"
    """When each displayed frame begins, ascending."""
    keyframes: list[int]
    """Which of them are keyframes."""
    hides_frames: bool
    has_open_gop: bool


def _read_index(info: VideoInfo) -> _Index:
    """Read all timestamps without decoding."""
    ticks, keys = array("q"), array("q")
    hides_frames = has_open_gop = False
    with open_container(info.path) as container:
        stream = video_stream(container, info.path)
        assert stream.time_base is not None
        base = stream.time_base
        origin = round((info.player_offset_seconds + container_start(container)) / base)
        for packet in packets_of(container, stream):
            at = packet_ticks(packet)
            if at is None:
                continue
            hides_frames |= packet.is_discard
            has_open_gop |= bool(keys) and at < keys[-1]
            ticks.append(at)
            if packet.is_keyframe:
                keys.append(at)
    ordered = sorted(ticks)
    begins = array("d", ((at - origin) * base.numerator / base.denominator for at in ordered))
    return _Index(begins, [bisect_left(ordered, key) for key in keys], hides_frames, has_open_gop)


def _import_decord() -> Any:
    try:
        import decord
    except (ImportError, OSError):
        raise SettingError(
            "decord is not installed: it has wheels for x86-64 Linux and Windows only; "
            "choose the pyav decoder, which is the default and faster"
        ) from None
    decord.logging.set_level(decord.logging.QUIET)
    return decord
