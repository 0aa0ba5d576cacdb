"""The folder in which a person has placed a benchmark: its annotation files and its videos.

Names are looked up anywhere below the folder, so that archives may be unpacked as they come.
"""

from fnmatch import fnmatch
from functools import cached_property
from pathlib import Path

from rewatch.memory.errors import InputError, VideoError

VIDEO_ENDINGS = (".mp4", ".mkv", ".webm", ".mov", ".avi", ".m4v", ".ts")


class DataFolder:
    """A benchmark's folder."""

    def __init__(self, path: Path) -> None:
        """Look into a folder.

        Raises:
            InputError: There is no such folder.
        """
        if not path.is_dir():
            raise InputError(f"{path} is no folder; give the one that holds the published files")
        self.path = path
        self._rates: dict[Path, float] = {}

    @cached_property
    def _files(self) -> tuple[Path, ...]:
        return tuple(sorted(path for path in self.path.rglob("*") if path.is_file()))

    @cached_property
    def _videos(self) -> dict[str, Path]:
        """Videos by name with and without the ending; what lies higher wins."""
        found: dict[str, Path] = {}
        for path in sorted(self._files, key=lambda path: len(path.parts)):
            if path.suffix.lower() in VIDEO_ENDINGS:
                found.setdefault(path.name, path)
                found.setdefault(path.stem, path)
        return found

    def files(self, pattern: str) -> list[Path]:
        """Annotation files whose name or path below the folder matches a pattern such as `*_val.json`."""
        return [
            path
            for path in self._files
            if fnmatch(path.name, pattern) or fnmatch(path.relative_to(self.path).as_posix(), pattern)
        ]

    def file(self, *patterns: str) -> Path:
        """The first file that matches one of the patterns, in their order.

        Raises:
            InputError: None does.
        """
        for pattern in patterns:
            if found := self.files(pattern):
                return found[0]
        raise InputError(f"{self.path} holds no {' or '.join(patterns)}; see `rewatch eval list`")

    def find_video(self, name: str) -> Path | None:
        """The file of a video that an annotation names, or None."""
        exact = self.path / name
        if exact.is_file():
            return exact
        short = Path(name).name
        return self._videos.get(short) or self._videos.get(Path(short).stem)

    def video(self, name: str) -> Path:
        """The file of a video that an annotation names.

        Raises:
            VideoError: It is not in the folder.
        """
        path = self.find_video(name)
        if path is None:
            raise VideoError(f"the video {name!r} is not in {self.path}")
        return path

    def frame_rate(self, name: str) -> float:
        """Frames a second of a video, measured over the whole file.

        Raises:
            VideoError: The video is missing or cannot be read.
        """
        path = self.video(name)
        if path not in self._rates:
            from rewatch.memory.ingest.probe import probe

            self._rates[path] = probe(path).average_fps
        return self._rates[path]
