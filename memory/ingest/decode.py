"""Reading frames: the one interface that every decoder here answers to.

Owns the contract and the choice of a decoder. `pyav_reader` and `decord_reader` do the work; `scan` spreads
it over processes.
"""

from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Protocol, Self

from rewatch.memory.errors import SettingError
from rewatch.memory.ingest.settings import DecoderName
from rewatch.memory.types import Frame, Span, VideoInfo


class FrameReader(Protocol):
    """Displayed frames of one video, by their times on its clock.

    The frame on display at an instant is the one whose presentation interval holds it: the last one that
    begins at or before it. Requests before 0 get the first frame, requests past the end the last one. Every
    method raises `VideoError` when the file cannot be read (any more) or nothing in reach can be decoded, and
    `TimecodeError` for a time that is not a number. Damaged frames are passed over: the frame before them
    stays on display. A reader is used from one thread at a time; its iterators may be interleaved.
    """

    info: VideoInfo

    def at(self, seconds: float) -> Frame:
        """The frame on display at an instant."""

    def at_many(self, seconds: Sequence[float]) -> Iterator[Frame]:
        """The frames on display at several instants, in ascending order of time, one for each instant."""

    def sample(self, span: Span, step_seconds: float) -> Iterator[Frame]:
        """The frames on display at the span's start and every `step_seconds` after it, before its end.

        Each frame comes once, however long it stays on display.
        """

    def keyframes(self, span: Span) -> Iterator[Frame]:
        """The frames in the span that decode without any other; possibly none."""

    def frames(self, span: Span) -> Iterator[Frame]:
        """Every frame that begins in the span."""

    def close(self) -> None:
        """Give the file back; the reader is of no use afterwards."""

    def __enter__(self) -> Self:
        """Use the reader in a `with` block that closes it."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the reader."""


def open_reader(
    info: VideoInfo, decoder: DecoderName = "pyav", *, threads: int = 0, longest_pixels: int = 0
) -> FrameReader:
    """Open a video for reading frames.

    Args:
        info: The video, as probed.
        decoder: "pyav", exact everywhere and the fastest measured, or "decord".
        threads: Decoding threads; 0 takes one for each core, up to four.
        longest_pixels: Length to which larger frames are shrunk; 0 leaves them as they are.

    Returns:
        An open reader; use it in a `with` block or close it.

    Raises:
        VideoError: The file is gone or is not readable.
        SettingError: The decoder is unknown, not installed, or wrong for this kind of file.
    """
    if decoder == "pyav":
        from rewatch.memory.ingest.pyav_reader import PyAVReader

        return PyAVReader(info, threads=threads, longest_pixels=longest_pixels)
    if decoder == "decord":
        from rewatch.memory.ingest.decord_reader import DecordReader

        return DecordReader(info, threads=threads, longest_pixels=longest_pixels)
    raise SettingError(f"decoder {decoder!r} is unknown; choose pyav or decord")
