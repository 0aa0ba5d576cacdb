"""Rows of the videos themselves: what was probed, their files, segments and sampled frames.

Owns the tables `videos`, `files`, `segments` and `frames`. Text is owned by `text_rows`.
"""

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rewatch.memory.connection import Connection, storable
from rewatch.memory.errors import VideoError
from rewatch.memory.file_stamp import FileStamp
from rewatch.memory.types import FrameSample, Segment, SegmentLevel, Span, VideoInfo

_VIDEO_COLUMNS = (
    "id, path_bytes, duration_seconds, width, height, average_fps, codec, container, "
    "rotation_degrees, player_offset_seconds, has_audio, subtitle_languages"
)


class VideoRows(Connection):
    """Reads and writes what is known of each video as a whole. All methods raise StorageError."""

    def put_video(self, info: VideoInfo) -> None:
        """Store a video, or update what is known of it; its rows elsewhere stay."""
        row = {
            "id": info.video_id,
            **_path_columns(info.path),
            "duration_seconds": float(info.duration_seconds),
            "width": info.width,
            "height": info.height,
            "average_fps": info.average_fps,
            "codec": info.codec,
            "container": info.container,
            "rotation_degrees": info.rotation_degrees,
            "player_offset_seconds": info.player_offset_seconds,
            "has_audio": int(info.has_audio),
            "subtitle_languages": json.dumps([storable(name) for name in info.subtitle_languages]),
        }
        self.upsert("videos", row, key="id")

    def video(self, video_id: str) -> VideoInfo | None:
        """The video of that id, or None."""
        found = self.rows(f"SELECT {_VIDEO_COLUMNS} FROM videos WHERE id = ?", (video_id,))
        return _video(found[0]) if found else None

    def videos(self) -> list[VideoInfo]:
        """All videos, by path."""
        return [_video(row) for row in self.rows(f"SELECT {_VIDEO_COLUMNS} FROM videos ORDER BY path, id")]

    def video_ids(self) -> set[str]:
        """Ids of all videos."""
        return {video_id for (video_id,) in self.rows("SELECT id FROM videos")}

    def forget(self, video_id: str) -> bool:
        """Remove a video, everything read from it, and every run that asked about it.

        Returns:
            Whether the video was there.
        """
        with self.transaction():
            self.change(
                "DELETE FROM runs WHERE id IN (SELECT run_id FROM run_videos WHERE video_id = ?)", (video_id,)
            )
            return self.change("DELETE FROM videos WHERE id = ?", (video_id,)) > 0

    def known_file(self, path: Path) -> str | None:
        """The id of the video in a file, when the file is unchanged since it was last read; else None."""
        try:
            stamp = FileStamp.of(path)
        except VideoError:
            return None
        found = self.rows(
            "SELECT video_id FROM files WHERE path_bytes = ? AND size_bytes = ? AND modified_ns = ? "
            "AND changed_ns = ? AND inode = ?",
            (os.fsencode(path), stamp.size_bytes, stamp.modified_ns, stamp.changed_ns, stamp.inode),
        )
        return str(found[0][0]) if found else None

    def put_file(self, path: Path, video_id: str, stamp: FileStamp) -> None:
        """Remember which video a file holds.

        Args:
            path: The file, absolute.
            video_id: Fingerprint of its content; the video is stored already.
            stamp: Taken before the content was read.
        """
        row = {
            **_path_columns(path),
            "video_id": video_id,
            "size_bytes": stamp.size_bytes,
            "modified_ns": stamp.modified_ns,
            "changed_ns": stamp.changed_ns,
            "inode": stamp.inode,
        }
        self.insert("files", [row], replace=True)

    def size_bytes(self, video_id: str) -> int | None:
        """The size of the file that a video was read from; None when no file is remembered."""
        found = self.rows("SELECT size_bytes FROM files WHERE video_id = ? LIMIT 1", (video_id,))
        return int(found[0][0]) if found else None

    def replace_segments(self, video_id: str, level: SegmentLevel, segments: Sequence[Segment]) -> None:
        """Store all segments of one level in place of the earlier ones."""
        if any(segment.level != level for segment in segments):
            raise ValueError(f"not all segments are of level {level!r}")
        with self.transaction():
            self.change("DELETE FROM segments WHERE video_id = ? AND level = ?", (video_id, level))
            self.insert(
                "segments",
                (
                    {
                        "video_id": video_id,
                        "level": level,
                        "start_seconds": float(segment.span.start_seconds),
                        "end_seconds": float(segment.span.end_seconds),
                        "title": storable(segment.title),
                    }
                    for segment in segments
                ),
            )

    def segments(self, video_id: str, level: SegmentLevel | None = None) -> list[Segment]:
        """Segments of a video, of one level or of all, by start; the longer of two comes first."""
        found = self.rows(
            "SELECT level, start_seconds, end_seconds, title FROM segments WHERE video_id = :id "
            "AND (:level IS NULL OR level = :level) ORDER BY start_seconds, end_seconds DESC, id",
            {"id": video_id, "level": level},
        )
        return [Segment(name, Span(start, end), title) for name, start, end, title in found]

    def add_samples(self, video_id: str, samples: Iterable[FrameSample]) -> None:
        """Store sampled frames; one at the same time is replaced."""
        self.insert(
            "frames",
            (
                {
                    "video_id": video_id,
                    "seconds": float(sample.seconds),
                    "histogram": sample.histogram,
                    "screen": sample.screen,
                }
                for sample in samples
            ),
            replace=True,
        )

    def samples(
        self, video_id: str, *, from_seconds: float = 0.0, limit: int | None = None
    ) -> list[FrameSample]:
        """Sampled frames of a video from an instant on, by time, at most so many; `ingest.stored_samples` reads all
        of them piece by piece."""
        found = self.rows(
            "SELECT seconds, histogram, screen FROM frames WHERE video_id = ? AND seconds >= ? "
            "ORDER BY seconds LIMIT ?",
            (video_id, from_seconds, -1 if limit is None else limit),
        )
        return [FrameSample(*row) for row in found]

    def sample_seconds(self, video_id: str) -> list[float]:
        """Times of the sampled frames, in order."""
        found = self.rows("SELECT seconds FROM frames WHERE video_id = ? ORDER BY seconds", (video_id,))
        return [float(seconds) for (seconds,) in found]

    def delete_samples(self, video_id: str) -> None:
        """Remove the sampled frames of a video."""
        self.change("DELETE FROM frames WHERE video_id = ?", (video_id,))


def _path_columns(path: Path) -> dict[str, str | bytes]:
    exact = os.fsencode(path)
    return {"path": exact.decode("utf-8", "replace"), "path_bytes": exact}


def _video(row: tuple[Any, ...]) -> VideoInfo:
    video_id, path, duration, width, height, fps, codec, container, rotation, offset, audio, languages = row
    return VideoInfo(
        video_id=video_id,
        path=Path(os.fsdecode(path)),
        duration_seconds=duration,
        width=width,
        height=height,
        average_fps=fps,
        codec=codec,
        container=container,
        rotation_degrees=rotation,
        player_offset_seconds=offset,
        has_audio=bool(audio),
        subtitle_languages=tuple(json.loads(languages)),
    )
