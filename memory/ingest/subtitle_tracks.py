"""Text subtitle tracks inside a video file: which is read, and its cues on the container's clock.

Leaves opening the file to `container` and cleaning and timing of cues to `cues`.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from rewatch.memory.ingest.container import open_container
from rewatch.memory.ingest.cues import Cue, clean_text
from rewatch.memory.ingest.probe import container_start
from rewatch.memory.ingest.subtitle_files import is_english
from rewatch.memory.types import VideoInfo

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.subtitles.stream import SubtitleStream

TEXT_CODECS = frozenset({"mov_text", "srt", "subrip", "ass", "ssa", "webvtt", "text"})


@dataclass(frozen=True, slots=True)
class Track:
    """One text track with what it says."""

    source: str
    """Its number in the file, counted from 0 as ffprobe does, and its language: "track 2 (eng)"."""
    cues: tuple[Cue, ...]
    """On the container's clock: seconds from where a player starts counting."""


def read_tracks(video: VideoInfo) -> list[Track]:
    """Read the text tracks of a video, best first.

    English comes first, then the track marked as default, then the others in the file's order; forced
    tracks, which translate signs only, come last.

    Args:
        video: A probed video.

    Returns:
        All text tracks; one without cues is included.

    Raises:
        VideoError: The file cannot be opened any more.
    """
    from av.error import FFmpegError

    with open_container(video.path) as container:
        streams = sorted(_text_streams(container), key=_preference)
        if not streams:
            return []
        start = float(container_start(container))
        cues: dict[int, list[Cue]] = {stream.index: [] for stream in streams}
        try:
            for packet in container.demux(streams):
                cue = _cue(cast("Packet[SubtitleStream]", packet), start)
                if cue is not None:
                    cues[packet.stream.index].append(cue)
        except FFmpegError:
            pass  # a damaged end of the file: what was read until there stays
        return [Track(_source(stream), tuple(cues[stream.index])) for stream in streams]


def _text_streams(container: "InputContainer") -> list["SubtitleStream"]:
    return [
        stream
        for stream in container.streams.subtitles
        if stream.codec_context is not None and stream.codec_context.name in TEXT_CODECS
    ]


def _preference(stream: "SubtitleStream") -> tuple[bool, bool, bool, int]:
    from av.stream import Disposition

    return (
        bool(stream.disposition & Disposition.forced),
        not is_english(stream.language or ""),
        not stream.disposition & Disposition.default,
        stream.index,
    )


def _source(stream: "SubtitleStream") -> str:
    language = stream.language or ""
    return f"track {stream.index}" + (f" ({language})" if language not in ("", "und") else "")


def _cue(packet: "Packet[SubtitleStream]", start_seconds: float) -> Cue | None:
    """Decode one packet; None for gaps and for packets that cannot be decoded."""
    from av.error import FFmpegError

    if packet.pts is None or not packet.size or packet.time_base is None:
        return None
    try:
        subtitles: list[Any] = packet.decode()
        events = [subtitle.ass for subtitle in subtitles if subtitle.type != b"bitmap"]
    except FFmpegError:
        return None
    begin = float(packet.pts * packet.time_base) - start_seconds
    end = begin + float((packet.duration or 0) * packet.time_base)
    # FFmpeg hands out every format as an ASS event, whose ninth field is the text.
    texts = (event.decode("utf-8", "replace").split(",", 8)[-1] for event in events)
    return Cue(begin, end, clean_text("\n".join(texts)))
