"""What every tool call works with: the library, the videos in question, the models and the meter of the run."""

from dataclasses import dataclass, field, replace
from typing import Any

from rewatch.memory.errors import ToolError
from rewatch.memory.ingest.decode import FrameReader, open_reader
from rewatch.memory.ingest.settings import DecoderName
from rewatch.memory.library import Library
from rewatch.memory.types import Limits, Span, VideoInfo
from rewatch.tools.meter import Meter
from rewatch.tools.models import Models


@dataclass(frozen=True, slots=True)
class ToolContext:
    """Passed to each tool; tools keep no state of their own."""

    library: Library
    videos: tuple[VideoInfo, ...]
    """The videos that may be searched."""
    span: Span | None = None
    """The part of each video that the asker allows; None allows all of it."""
    meter: Meter = field(default_factory=lambda: Meter(Limits()))
    models: Models = field(default_factory=Models)
    """What the run may look with; nothing is loaded until it is used."""
    shown: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What models were shown in this run, as their compressors remember it."""

    def video(self, video_id: str) -> VideoInfo:
        """The video of that id among those of this context (KeyError when it is not)."""
        return next((video for video in self.videos if video.video_id == video_id), None) or _unknown(
            video_id
        )

    def only(self, video_id: str) -> "ToolContext":
        """The same context for one of its videos; "" keeps them all.

        Raises:
            ToolError: The video is not among them.
        """
        videos = tuple(video for video in self.videos if video_id in ("", video.video_id))
        if not videos:
            known = ", ".join(video.video_id for video in self.videos)
            raise ToolError(f"video_id {video_id!r} is none of this run's videos: {known}")
        return replace(self, videos=videos)

    def open_reader(self, video: VideoInfo, decoder: DecoderName = "pyav") -> FrameReader:
        """Open a video for reading frames, once it is certain that its file still holds it.

        Raises:
            VideoError: The file is gone, is another video now, or cannot be read any more.
            SettingError: The decoder is unknown, is not installed, or does not read this video.
        """
        self.library.require_file(video)
        return open_reader(video, decoder)

    def allowed(self, video: VideoInfo, span: Span | None = None) -> Span | None:
        """The part of a wished span that the asker allows; None when nothing is left."""
        whole = self.span.intersection(video.span) if self.span else video.span
        return whole if span is None or whole is None else whole.intersection(span)


def _unknown(video_id: str) -> VideoInfo:
    raise KeyError(video_id)
