"""Many videos in one folder: adding them, finding them again, and what each was read for.

Owns the folder's layout (`library.db`, `vectors/`, `pictures/`, `locks/`) and how a video is recognised: by its
content, so that a renamed file is the same video and a changed file is a new one. Rows are `store`'s, vectors
`index`'s, and reading a video is the work of `ingest`.
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rewatch.memory.coverage import coverage
from rewatch.memory.encoded_pictures import EncodedPictures
from rewatch.memory.errors import InputError, VideoError
from rewatch.memory.file_stamp import FileStamp
from rewatch.memory.folder import default_folder
from rewatch.memory.index import VectorIndex
from rewatch.memory.store import Store
from rewatch.memory.types import Coverage, Span, VideoInfo

if TYPE_CHECKING:
    from rewatch.memory.encoders import Encoders
    from rewatch.memory.ingest.encoder import SentenceEncoder
    from rewatch.memory.ingest.pipeline import Progress
    from rewatch.memory.ingest.settings import IngestSettings
    from rewatch.memory.ingest.stage import Stage

_SHORTEST_ID = 4
"""Fewer characters of an id name no video: they are too easily part of a file's name."""


class Library:
    """The videos of one folder. May be shared between threads; each process opens its own."""

    def __init__(
        self,
        store: Store,
        stages: "Sequence[Stage] | None" = None,
        encoders: "Encoders | None" = None,
    ) -> None:
        """Use an open store.

        Args:
            store: The rows.
            stages: What `add` runs, in order; None runs the embedded default.
            encoders: Where that default takes encoders of frames from; None for those that are registered.
        """
        self.store = store
        self._stages = stages
        self._encoders = encoders
        self._lock = Lock()
        self._encoder: SentenceEncoder | None = None
        self._indexes: dict[str, VectorIndex] = {}

    @classmethod
    def open(
        cls,
        folder: Path | None = None,
        stages: "Sequence[Stage] | None" = None,
        encoders: "Encoders | None" = None,
    ) -> Self:
        """Open the library in a folder, or in the default one, making it where there is none.

        Raises:
            StorageError: The folder cannot be written, or its library cannot be read.
        """
        return cls(Store.open(default_folder() if folder is None else folder), stages, encoders)

    def close(self) -> None:
        """Close the store; what is stored stays."""
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def folder(self) -> Path:
        """The folder that holds it all."""
        return self.store.folder

    @property
    def encoder(self) -> "SentenceEncoder":
        """The encoder of the sentence vectors, loaded at first use."""
        from rewatch.memory.ingest.encoder import SentenceEncoder

        with self._lock:
            if self._encoder is None:
                self._encoder = SentenceEncoder()
            return self._encoder

    @property
    def pictures(self) -> EncodedPictures:
        """What models have made of the videos' pictures, for later questions."""
        return EncodedPictures(self.folder / "pictures")

    def index(self, space_id: str | None = None) -> VectorIndex:
        """The vector index of an embedding space; None takes that of the sentence encoder."""
        if space_id is None:
            from rewatch.memory.ingest.encoder import SentenceEncoder

            space_id = SentenceEncoder.space_id
        with self._lock:
            if space_id not in self._indexes:
                self._indexes[space_id] = VectorIndex(self.store, self.folder / "vectors", space_id)
            return self._indexes[space_id]

    def add(
        self, path: Path, settings: "IngestSettings | None" = None, progress: "Progress | None" = None
    ) -> VideoInfo:
        """Read a video into the library, or what is missing of it.

        Args:
            path: A video file.
            settings: What ingest is told; None goes on with what the video was indexed with, and takes the
                defaults for a new one.
            progress: Called with a stage's name, seconds done and the video's duration.

        Returns:
            The video, where it now lies.

        Raises:
            VideoError: The file is missing, no video, or changed while it was read.
            StorageError: The library cannot be written; what was stored before stays.
        """
        from rewatch.memory.ingest.pipeline import Pipeline, default_stages

        video = self.recognise(path)
        stages = default_stages(self._encoders) if self._stages is None else self._stages
        pipeline = Pipeline(self.store, stages)
        pipeline.run(video, settings or self.settings_of(video.video_id), progress or _silent)
        return video

    def prepare(
        self,
        name: str | Path,
        settings: "IngestSettings | None" = None,
        progress: "Progress | None" = None,
    ) -> VideoInfo:
        """Make a video ready for questions: one whose file is there is read where something is missing.

        Args:
            name: As for `meant`. Where the video's file has gone since it was read, or was replaced, what was
                read of it is all there is.
            settings: As for `add`.
            progress: As for `add`.

        Raises:
            InputError: As for `meant`.
            StorageError: The library cannot be written.
        """
        video = self.meant(name)
        try:
            self.require_file(video)
        except VideoError:
            return video
        return self.add(video.path, settings, progress)

    def settings_of(self, video_id: str) -> "IngestSettings":
        """The settings that a video was indexed with; the defaults where it was not."""
        from rewatch.memory.ingest.recorded import recorded_settings

        return recorded_settings(self.store, video_id)

    def videos(self) -> list[VideoInfo]:
        """All videos, by path."""
        return self.store.videos()

    def meant(self, name: str | Path) -> VideoInfo:
        """The video that a person means by a file, which is made known to the library, or by anything that names one.

        Args:
            name: A video file; or what `find` accepts.

        Raises:
            VideoError: There is neither such a file nor such a video, or the file is no video.
            InputError: Several videos have that name.
            StorageError: The library cannot be written.
        """
        path = Path(os.path.abspath(name))
        if os.path.isfile(path) or not self._named(name):
            return self.recognise(path)
        return self.find(name)

    def find(self, name: str | Path) -> VideoInfo:
        """The video that a person means.

        Args:
            name: Path or name of its file, now or when it was added, with or without the ending; or its id
                or the beginning of it (four characters or more).

        Returns:
            The video; where its file was named, at that path, which the library remembers from now on.

        Raises:
            InputError: No video, or more than one, is meant.
        """
        path = Path(os.path.abspath(name))
        if os.path.isfile(path):
            return self._at(path)
        found = self._named(name)
        if not found:
            raise InputError(f"{_shown(name)} names no video of {self.folder}; see `rewatch list`")
        if len(found) > 1:
            ids = ", ".join(f"{video.video_id[:12]} ({_shown(video.path)})" for video in found)
            raise InputError(f"{_shown(name)} names {len(found)} videos: {ids}; give the id")
        return found[0]

    def forget(self, video_id: str) -> None:
        """Remove a video and everything that was read from it; the file itself stays.

        Raises:
            InputError: There is no video of that id.
        """
        if not self.store.forget(video_id):
            raise InputError(f"{video_id} names no video of {self.folder}; see `rewatch list`")
        self.pictures.forget(video_id)
        # The derived files hold its vectors until they are built again; one that cannot go now goes then.
        for index in (self.folder / "vectors").glob("*.faiss"):
            with suppress(OSError):
                index.unlink()

    def coverage(self, video_id: str, span: Span | None = None) -> tuple[Coverage, ...]:
        """Which channels of a video were read, and how finely.

        Raises:
            InputError: There is no video of that id.
        """
        video = self.store.video(video_id)
        if video is None:
            raise InputError(f"{video_id} names no video of {self.folder}; see `rewatch list`")
        return coverage(self.store, video, span)

    def recognise(self, path: Path) -> VideoInfo:
        """Store which video a file holds, reading its content only when the file is not known.

        Raises:
            VideoError: The file is missing, no video, or changed while it was read.
            StorageError: The library cannot be written.
        """
        path = Path(os.path.abspath(path))
        stamp = FileStamp.of(path)
        known = self.store.known_file(path)
        video = self.store.video(known) if known else None
        if video is not None and video.path == path:
            return video
        if video is None:
            from rewatch.memory.ingest.probe import probe

            video = probe(path)
            stamp.require(path)
        return self._remember(video, path, stamp)

    def require_file(self, video: VideoInfo) -> None:
        """Make sure that a video's file still holds it; called before its pictures are decoded.

        Costs a look at the file system. A file that was touched since it was read is read again, once.

        Raises:
            VideoError: The file is gone, or is another video now.
        """
        known = self.store.known_file(video.path)
        if known == video.video_id or self.store.video(video.video_id) is None:
            return  # what the library does not hold has just been probed by whoever asks
        where, remedy = _shown(video.path), "`rewatch index` the file that holds it now"
        if not os.path.exists(video.path):
            raise VideoError(f"{where}, where the video {video.video_id[:12]} was, is gone; {remedy}")
        if known is not None or not self._still_holds(video):
            raise VideoError(f"{where} holds another file now, not the video {video.video_id[:12]}; {remedy}")

    def _still_holds(self, video: VideoInfo) -> bool:
        from rewatch.memory.ingest.probe import fingerprint

        stamp = FileStamp.of(video.path)
        size = self.store.size_bytes(video.video_id)
        if size not in (None, stamp.size_bytes) or fingerprint(video.path) != video.video_id:
            return False
        self._remember(video, video.path, stamp)
        return True

    def _remember(self, video: VideoInfo, path: Path, stamp: FileStamp) -> VideoInfo:
        """Store that a file holds a video, and that this is where the video lies now."""
        video = replace(video, path=path)
        with self.store.transaction():
            self.store.put_video(video)
            self.store.put_file(path, video.video_id, stamp)
        return video

    def _at(self, path: Path) -> VideoInfo:
        """The video that a file holds, by its content."""
        from rewatch.memory.ingest.probe import fingerprint

        stamp = FileStamp.of(path)
        known = self.store.known_file(path)
        video = self.store.video(known or fingerprint(path))
        if video is None:
            raise InputError(f"{_shown(path)} is not indexed yet; run `rewatch index` on it")
        if known and video.path == path:
            return video
        return self._remember(video, path, stamp)

    def _named(self, name: str | Path) -> list[VideoInfo]:
        """The videos that have a name, by their id or by the path that they are stored with."""
        path = Path(os.path.abspath(name))
        return [video for video in self.videos() if _names(video, str(name), path)]


def _names(video: VideoInfo, name: str, path: Path) -> bool:
    by_id = len(name) >= _SHORTEST_ID and video.video_id.startswith(name.lower())
    return by_id or video.path == path or name in (video.path.name, video.path.stem)


def _shown(path: str | Path) -> str:
    from rewatch.memory.ingest.container import show_path

    return show_path(Path(path))


def _silent(stage: str, done_seconds: float, total_seconds: float) -> None:
    """Progress that nobody watches."""
