"""What a video file is: its clock, its picture, its tracks, and the fingerprint of its content.

Reads every packet's timestamp once without decoding (under a second for an hour) and decodes up to the first
frame, so that the clock's zero is the frame that is really shown first: packets hidden by an edit list and
pictures that cannot be decoded do not count. Memory does not grow with duration.
"""

import hashlib
from collections.abc import Generator, Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from rewatch.memory.errors import VideoError
from rewatch.memory.ingest.container import open_container, require_file, show_path, video_stream
from rewatch.memory.ingest.display import clockwise_rotation, displayed_size
from rewatch.memory.timecode import format_seconds
from rewatch.memory.types import VideoInfo

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

_TEXT_SUBTITLES = frozenset({"mov_text", "srt", "subrip", "ass", "ssa", "webvtt", "text", "ttml"})
_ERRORS_IN_A_ROW = 100
"""Unreadable packets after which the rest of a damaged file is given up."""
_MISSING_SECONDS = 5.0
"""Sound often lasts a little longer than the pictures."""


def fingerprint(path: Path) -> str:
    """Hash the whole content of a file.

    Returns:
        BLAKE2b, 16 bytes as 32 hexadecimal digits.

    Raises:
        VideoError: The file is missing, a folder, unreadable or empty.
    """
    require_file(path)
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
    except OSError as error:
        raise VideoError(f"{show_path(path)} cannot be read ({error.strerror})") from None


def probe(path: Path) -> VideoInfo:
    """Read what a video file is.

    Args:
        path: A local file.

    Returns:
        Its facts; times are on the clock whose 0 is the first displayed frame.

    Raises:
        VideoError: The file is missing, unreadable, not a video, or shows no frame.
    """
    with open_container(path) as container:
        stream = video_stream(container, path)
        assert stream.time_base is not None
        timestamps = _Timestamps(stream)
        for packet in packets_of(container, stream):
            timestamps.add(packet)
        timestamps.finish()
        first = timestamps.first
        if first is None:
            raise VideoError(
                f"{show_path(path)} shows no frame that can be decoded; copy or download it again"
            )
        origin = frame_ticks(first)
        duration = float((timestamps.end_ticks - origin) * stream.time_base)
        rotation = clockwise_rotation(first)
        width, height = displayed_size(first.width, first.height, _pixel_aspect(stream), rotation)
        return VideoInfo(
            video_id=fingerprint(path),
            path=path.absolute(),
            duration_seconds=duration,
            width=width,
            height=height,
            average_fps=timestamps.shown / duration,
            codec=stream.codec_context.codec.canonical_name,
            container=container.format.name,
            rotation_degrees=rotation,
            player_offset_seconds=float(origin * stream.time_base - container_start(container)),
            has_audio=bool(container.streams.audio),
            subtitle_languages=tuple(_text_languages(container)),
        )


def missing_end(video: VideoInfo) -> str:
    """Say that a file's pictures end long before the file itself says; "" where they do not.

    The file of a download that broke off still plays in most formats.

    Raises:
        VideoError: The file cannot be opened any more.
    """
    with open_container(video.path) as container:
        told_seconds = (container.duration or 0) / 1_000_000
    shown_seconds = video.duration_seconds + video.player_offset_seconds
    if told_seconds - shown_seconds < _MISSING_SECONDS:
        return ""
    return (
        f"the pictures end at {format_seconds(shown_seconds)}, though the file says that it lasts "
        f"{format_seconds(told_seconds)}: if it was cut off, copy or download it again"
    )


def container_start(container: "InputContainer") -> Fraction:
    """Where the container's own clock starts, in seconds of its timestamps."""
    return Fraction(container.start_time or 0, 1_000_000)


def packets_of(
    container: "InputContainer", stream: "VideoStream"
) -> Generator["Packet[VideoStream]", None, None]:
    """Demux one stream, going on behind damaged places; ends without the empty flushing packet."""
    from av.error import FFmpegError

    errors = 0
    while errors < _ERRORS_IN_A_ROW:
        try:
            for packet in container.demux(stream):
                if packet.size:
                    errors = 0
                    yield packet
        except (FFmpegError, OSError):
            errors += 1
        else:
            return


def packet_ticks(packet: "Packet[VideoStream]") -> int | None:
    """Presentation time of a packet; formats without one (AVI) are shown in decoding order."""
    return packet.dts if packet.pts is None else packet.pts


def frame_ticks(frame: "VideoFrame") -> int:
    """Presentation time of a decoded frame, in ticks of its stream."""
    ticks = frame.dts if frame.pts is None else frame.pts
    return 0 if ticks is None else ticks


class _Timestamps:
    """Gathers what the clock needs while the packets go by."""

    def __init__(self, stream: "VideoStream") -> None:
        self.first: VideoFrame | None = None
        """The first frame that the decoder shows."""
        self.shown = 0
        """Packets shown from the first frame on."""
        self._context = stream.codec_context
        self._last: tuple[int, int] | None = None
        self._early: list[int] = []
        rate = stream.average_rate if stream.average_rate and stream.average_rate <= 240 else Fraction(25)
        self._usual_duration = round(1 / (rate * (stream.time_base or 1)))

    @property
    def end_ticks(self) -> int:
        """When the last displayed frame stops being shown."""
        assert self.first is not None
        origin = frame_ticks(self.first)
        last, duration = max(self._last or (origin, 0), (origin, 0))
        if duration <= 0:
            duration = round((last - origin) / (self.shown - 1)) if self.shown > 1 else self._usual_duration
        return last + max(duration, 1)

    def add(self, packet: "Packet[VideoStream]") -> None:
        ticks = packet_ticks(packet)
        if ticks is not None and not packet.is_discard:
            self._last = max(self._last or (ticks, 0), (ticks, packet.duration or 0))
            if self.first is None:
                self._early.append(ticks)
            else:
                self.shown += 1
        if self.first is None:
            self._decode(packet)

    def finish(self) -> None:
        """Ask the decoder for what it still holds; a short video's first frame comes only now."""
        if self.first is None:
            self._decode(None)

    def _decode(self, packet: "Packet[VideoStream] | None") -> None:
        from av.error import FFmpegError

        try:
            frames = self._context.decode(packet)
        except FFmpegError:
            return
        if frames:
            self.first = frames[0]
            origin = frame_ticks(self.first)
            self.shown = max(sum(ticks >= origin for ticks in self._early), 1)
            self._early.clear()


def _pixel_aspect(stream: "VideoStream") -> Fraction:
    aspect = stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio
    return Fraction(aspect) if aspect else Fraction(1)


def _text_languages(container: "InputContainer") -> Iterator[str]:
    for stream in container.streams.subtitles:
        if stream.codec_context is not None and stream.codec_context.name in _TEXT_SUBTITLES:
            language = stream.language or ""
            yield "" if language == "und" else language
