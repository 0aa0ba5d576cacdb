"""Stage "subtitles": the words that somebody wrote for this video, as timed lines.

Owns the choice of what is read. One source is read, since a second language or a second copy would answer
every question twice: the best file beside the video that holds cues, else the best text track inside it
(`files_beside` and `read_tracks` say what is best). Which one it was stands in each line's `source`.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rewatch.memory.errors import VideoError
from rewatch.memory.ingest.cues import Cue, to_lines
from rewatch.memory.ingest.settings import IngestSettings
from rewatch.memory.ingest.stage import Parameters, Part, StageContext, StageOutcome
from rewatch.memory.ingest.subtitle_files import MAX_BYTES, displayed_name, files_beside, read_cues
from rewatch.memory.ingest.subtitle_tracks import read_tracks
from rewatch.memory.types import TextLine, VideoInfo

if TYPE_CHECKING:
    from rewatch.memory.store import StageRecord, Store


@dataclass(frozen=True, slots=True)
class Subtitles:
    """What was read, and what a person should know about it."""

    lines: tuple[TextLine, ...]
    note: str
    """Which source was read, what was left out and why; one line."""


def read_subtitles(video: VideoInfo) -> Subtitles:
    """Read the best subtitles of a video.

    Args:
        video: A probed video.

    Returns:
        Lines on the video's clock by start time; none when there are no readable subtitles.
    """
    problems: list[str] = []
    for file in files_beside(video.path):
        name = displayed_name(file)
        try:
            cues = read_cues(file)
        except (OSError, ValueError) as error:
            problems.append(f"{name} could not be read: {_one_line(error)}")
            continue
        lines, note = _timed(cues, video, name)
        if lines:
            return Subtitles(lines, "; ".join([note, *problems]))
        problems.append(f"{name} holds no subtitles" if not cues else note)
    if video.subtitle_languages:
        try:
            tracks = read_tracks(video)
        except VideoError as error:
            return Subtitles((), "; ".join([*problems, _one_line(error)]))
        for track in tracks:
            lines, note = _timed(track.cues, video, track.source)
            if lines:
                return Subtitles(lines, "; ".join([note, *problems]))
            problems.append(f"{track.source} holds no subtitles" if not track.cues else note)
    return Subtitles((), "; ".join(problems) or "no subtitle file beside the video, no text track in it")


class SubtitleStage:
    """Stores the lines of kind "subtitle"."""

    name = "subtitles"
    needs: tuple[str, ...] = ()

    def parameters(self, video: VideoInfo, settings: IngestSettings, store: "Store") -> Parameters:
        """The content of the files beside the video, so that one added later is read."""
        return {"files": subtitle_files_hash(video, store)}

    def clear(self, store: "Store", video_id: str) -> None:
        store.delete_text_lines(video_id, "subtitle")

    def run(self, context: StageContext) -> Iterator[Part]:
        """Yield one part: reading all of it takes less than a second."""
        if "all" in context.finished:
            return
        video = context.video
        lines = read_subtitles(video).lines
        yield Part("all", lambda store: store.add_text_lines(video.video_id, lines), video.duration_seconds)

    def outcome(self, context: StageContext) -> StageOutcome:
        subtitles = read_subtitles(context.video)
        return StageOutcome("read" if subtitles.lines else "absent", subtitles.note)


def subtitle_files_hash(video: VideoInfo, store: "Store") -> str:
    """Hash names and contents of the subtitle files beside a video; a file too large to read by its size.

    Where none is there any more, what was read of those that were stays, and so does their hash: the video may have
    been renamed without them.
    """
    files = files_beside(video.path)
    if not files:
        for record in store.stage_records(video.video_id):
            if record.name == SubtitleStage.name and record.finished and record.status == "read":
                return str(record.parameters["files"])
    return _hash(files)


def lost_files(video: VideoInfo, record: "StageRecord") -> str:
    """Say that the subtitle files have gone from beside a video, if they have; "" if not, or if the video has too.

    Args:
        video: The video.
        record: Of this stage, which has read subtitles.
    """
    had_some = record.parameters.get("files", "") not in ("", _hash([]))
    if not had_some or not os.path.exists(video.path) or files_beside(video.path):
        return ""
    return (
        f"no subtitle file is beside {displayed_name(video.path)} any more; what was read stays, "
        "to drop it `rewatch forget` the video and index it again"
    )


def _hash(files: Sequence[Path]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for file in files:
        digest.update(displayed_name(file).encode() + b"\0")
        try:
            size = file.stat().st_size
            digest.update(str(size).encode() + b"\0")
            if size <= MAX_BYTES:
                digest.update(file.read_bytes())
        except OSError as error:
            digest.update(f"error {error.errno}".encode())
    return digest.hexdigest()


def _timed(cues: Sequence[Cue], video: VideoInfo, source: str) -> tuple[tuple[TextLine, ...], str]:
    """Put cues on the video's clock: they count from the container's start."""
    lines, outside = to_lines(
        cues,
        shift_seconds=-video.player_offset_seconds,
        duration_seconds=video.duration_seconds,
        source=source,
    )
    note = f"read from {source}" if lines else f"{source} has no subtitles within the video"
    if outside:
        note += f", {outside} of {len(cues)} entries lie outside the video and were left out"
    return tuple(lines), note


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return " ".join(str(error).split())
