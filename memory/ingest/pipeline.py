"""Running the stages of ingest in order, each once, so that a killed run resumes.

Owns when a stage's stored result still holds, the transactions in which its parts are stored, and that one
process at a time works on a video. What a stage reads and writes is its own.

A result holds while its parameters' hash is the recorded one and no stage that it needs has run since. A part
and its key are stored in one transaction, so after a kill every part is there whole or not at all.
"""

import hashlib
import json
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rewatch.memory.file_stamp import FileStamp
from rewatch.memory.ingest.heap import give_back_freed
from rewatch.memory.ingest.settings import IngestSettings
from rewatch.memory.ingest.stage import Parameters, Part, Stage, StageContext
from rewatch.memory.lock import lock
from rewatch.memory.store import StageRecord, Store
from rewatch.memory.types import VideoInfo

if TYPE_CHECKING:
    from rewatch.memory.encoders import Encoders

Progress = Callable[[str, float, float], None]
"""Called with a stage's name, the seconds of the video that it has done, and the video's duration."""

WAITING = "waiting for another process"
"""Reported in place of a stage's name while another process indexes the same video."""


def default_stages(encoders: "Encoders | None" = None) -> tuple[Stage, ...]:
    """All stages of the embedded default, in order.

    Args:
        encoders: Where encoders of frames come from; None for those that are registered.
    """
    from rewatch.memory.ingest.chapters import SegmentStage
    from rewatch.memory.ingest.frames_stage import ScanStage
    from rewatch.memory.ingest.screen_text import ScreenStage
    from rewatch.memory.ingest.sentences import SentenceStage
    from rewatch.memory.ingest.speech import SpeechStage
    from rewatch.memory.ingest.subtitles import SubtitleStage
    from rewatch.memory.ingest.visual import VisualStage

    return (
        *(SubtitleStage(), SpeechStage(), ScanStage(), ScreenStage()),
        *(SentenceStage(), SegmentStage(), VisualStage(encoders)),
    )


def params_hash(parameters: Parameters) -> str:
    """Fingerprint of a stage's parameters: BLAKE2b of their JSON, 32 hex digits."""
    text = json.dumps(dict(parameters), sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


class Pipeline:
    """An ordered list of stages, run over the videos of one library."""

    def __init__(self, store: Store, stages: Sequence[Stage]) -> None:
        """Check that the stages can run in this order.

        Raises:
            ValueError: Two stages share a name, or one comes before a stage that it needs.
        """
        self._store = store
        self._stages = tuple(stages)
        seen: set[str] = set()
        for stage in self._stages:
            if stage.name in seen or not seen.issuperset(stage.needs):
                raise ValueError(f"stage {stage.name!r} is there twice or before one of {stage.needs}")
            seen.add(stage.name)

    def pending(self, video: VideoInfo, settings: IngestSettings) -> tuple[str, ...]:
        """Names of the stages that a run would run or resume, in order."""
        records = self._store.stage_records(video.video_id)
        names: list[str] = []
        for stage in self._stages:
            record = _valid(stage, records, params_hash(stage.parameters(video, settings, self._store)))
            if record is None or not record.finished or not set(names).isdisjoint(stage.needs):
                names.append(stage.name)
        return tuple(names)

    def run(self, video: VideoInfo, settings: IngestSettings, progress: Progress) -> None:
        """Run or resume what does not hold; with nothing to do, nothing is locked or written.

        Args:
            video: The video; stored already.
            settings: What ingest was told.
            progress: Told how far each stage has come.

        Raises:
            VideoError: The file changed or cannot be read; what was stored before stays.
            StorageError: The library cannot be written, or the video was removed from it.
        """
        if not self.pending(video, settings):
            return
        stamp = FileStamp.of(video.path)

        def waiting() -> None:
            progress(WAITING, 0.0, video.duration_seconds)

        with lock(self._store.folder, video.video_id, waiting):
            for stage in self._stages:
                self._run_stage(stage, video, settings, stamp, progress)
                give_back_freed()  # a stage's models and tables are no part of the next one's memory

    def _run_stage(
        self, stage: Stage, video: VideoInfo, settings: IngestSettings, stamp: FileStamp, progress: Progress
    ) -> None:
        parameters = stage.parameters(video, settings, self._store)
        digest = params_hash(parameters)
        record = _valid(stage, self._store.stage_records(video.video_id), digest)
        if record is not None and record.finished:
            return
        stored = set(record.parts) if record is not None else set()

        def report(done_seconds: float) -> None:
            progress(stage.name, min(done_seconds, video.duration_seconds), video.duration_seconds)

        report(record.done_seconds if record is not None else 0.0)
        context = StageContext(video, self._store, settings, frozenset(stored), report)
        with _closed(stage.run(context)) as parts:
            if record is None:  # not before: a stage that cannot run leaves what is there
                self._restart(stage, video.video_id, digest, parameters)
            for part in parts:
                if part.key in stored:
                    raise ValueError(f"stage {stage.name!r} yields its part {part.key!r} twice")
                stored.add(part.key)
                self._store_part(stage, video, part, stamp)
                report(part.done_seconds)
        outcome = stage.outcome(context)
        stamp.require(video.path)
        self._store.finish_stage(video.video_id, stage.name, outcome.status, outcome.note)
        report(video.duration_seconds)

    def _restart(self, stage: Stage, video_id: str, digest: str, parameters: Parameters) -> None:
        """Remove an earlier result, and declare what was made from it outdated."""
        with self._store.transaction():
            stage.clear(self._store, video_id)
            self._store.start_stage(video_id, stage.name, digest, parameters, self._dependents(stage.name))

    def _store_part(self, stage: Stage, video: VideoInfo, part: Part, stamp: FileStamp) -> None:
        with self._store.transaction():
            self._store.put_part(video.video_id, stage.name, part.key, part.done_seconds)
            part.write(self._store)
            # Last, when everything was read: rows of a file that changed meanwhile are not committed.
            stamp.require(video.path)

    def _dependents(self, name: str) -> list[str]:
        """Names of the stages that need this one, themselves or through others."""
        outdated = {name}
        for stage in self._stages:
            if not outdated.isdisjoint(stage.needs):
                outdated.add(stage.name)
        return sorted(outdated - {name})


def _valid(stage: Stage, records: Sequence[StageRecord], digest: str) -> StageRecord | None:
    """The record of a stage, where it holds: made with these parameters, and from rows that are still there.

    A stage that it needs may have run again by itself, under a pipeline without this one (captions are such a stage).

    Args:
        stage: The stage.
        records: Of all stages of the video, in the order in which they began.
        digest: Hash of the parameters that it would run with.
    """
    names = [record.name for record in records]
    if stage.name not in names:
        return None
    place = names.index(stage.name)
    record, began_after = records[place], names[place + 1 :]
    return record if record.params_hash == digest and set(began_after).isdisjoint(stage.needs) else None


@contextmanager
def _closed(parts: Iterator[Part]) -> Iterator[Iterator[Part]]:
    """End a stage at once when its run is broken off, so that its workers do not outlive it."""
    try:
        yield parts
    finally:
        if isinstance(parts, Generator):
            parts.close()
