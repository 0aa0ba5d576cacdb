"""Where a run's videos, subtitles and memory lie.

A benchmark says which subtitles belong to a question, and whether they may be used. So methods never get the published
video file itself but a link to it in the run's folder, with the right subtitle file beside it, or none.
"""

import hashlib
import json
import os
from pathlib import Path
from threading import Lock
from typing import Any

from rewatch.evals.subrip import subrip
from rewatch.evals.tasks.folder import DataFolder
from rewatch.evals.tasks.sample import Sample
from rewatch.memory.errors import InputError, StorageError, TimecodeError
from rewatch.memory.library import Library
from rewatch.memory.timecode import parse_seconds
from rewatch.memory.types import Span, VideoInfo


class Workplace:
    """The folders of one run. Safe to share between threads."""

    def __init__(self, data: DataFolder, folder: Path, *, with_subtitles: bool) -> None:
        """Use a benchmark's folder and a folder for what the run makes.

        Args:
            data: Where the videos are.
            folder: The run's own; links and the memory go below it.
            with_subtitles: Whether methods may read the subtitles of the benchmark.
        """
        self.data = data
        self.folder = folder
        self.with_subtitles = with_subtitles
        self._lock = Lock()
        self._library: Library | None = None

    @property
    def library_folder(self) -> Path:
        """Folder of the run's memory."""
        return self.folder / "library"

    @property
    def library(self) -> Library:
        """The run's memory, opened at first use.

        Raises:
            StorageError: It cannot be opened.
        """
        with self._lock:
            if self._library is None:
                self._library = Library.open(self.library_folder)
            return self._library

    def close(self) -> None:
        """Close the memory."""
        if self._library is not None:
            self._library.close()

    def video(self, sample: Sample) -> Path:
        """The sample's video, with the subtitles beside it that it may be read with.

        Raises:
            VideoError: The video is not in the data folder.
            StorageError: The link cannot be made.
        """
        source = self.data.video(sample.video).absolute()
        subtitles = self._subtitles(sample)
        own = hashlib.blake2b(f"{source}\n{subtitles or ''}".encode(), digest_size=6).hexdigest()
        place = self.folder / "media" / own / source.name
        try:
            with self._lock:
                place.parent.mkdir(parents=True, exist_ok=True)
                if not place.is_symlink():
                    place.symlink_to(source)
                if subtitles is not None:
                    _put_beside(place, subtitles)
        except OSError as error:
            raise StorageError(f"{place} cannot be linked: {error.strerror}; choose another --out") from error
        return place

    def info(self, sample: Sample) -> VideoInfo:
        """What the sample's video is; its content is read once.

        Raises:
            VideoError: It is missing or no video.
        """
        return self.library.recognise(self.video(sample))

    def span(self, sample: Sample, info: VideoInfo) -> Span:
        """The part of the video that the sample is about."""
        whole = info.span
        part = Span(*sample.part).intersection(whole) if sample.part else whole
        return part or whole

    def _subtitles(self, sample: Sample) -> Path | None:
        if not (self.with_subtitles and sample.subtitles):
            return None
        named = self.data.path / sample.subtitles
        if named.is_file():
            return named
        found = self.data.files(Path(sample.subtitles).name)
        return found[0] if found else None


def _put_beside(video: Path, subtitles: Path) -> None:
    """Put a subtitle file where ingest looks for it; LongVideoBench's JSON becomes SRT."""
    target = video.with_suffix(".srt" if subtitles.suffix == ".json" else subtitles.suffix)
    if target.exists():
        return
    if subtitles.suffix == ".json":
        unfinished = target.with_suffix(".part")
        unfinished.write_text(_as_srt(subtitles), "utf-8")
        os.replace(unfinished, target)
    else:
        target.symlink_to(subtitles.absolute())


def _as_srt(path: Path) -> str:
    """LongVideoBench's two forms: clock times as "start", "end", "line"; seconds as "timestamp", "text".

    Raises:
        InputError: The file has neither form.
    """
    try:
        return subrip([_cue(value) for value in json.loads(path.read_text("utf-8"))])
    except (OSError, ValueError, KeyError, TypeError, IndexError, TimecodeError) as error:
        raise InputError(f"{path} is no subtitle file of LongVideoBench: {error}") from error


def _cue(value: Any) -> tuple[float, float, str]:
    if "timestamp" in value:
        return float(value["timestamp"][0]), float(value["timestamp"][1]), value["text"]
    return parse_seconds(value["start"]), parse_seconds(value["end"]), value["line"]
