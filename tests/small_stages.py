"""Small real stages for tests of ingest, and a program that runs them, so that it can be killed.

Owns stages whose rows follow from their number alone; what a complete run leaves is `rows_of`.
"""

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from rewatch.memory.file_stamp import FileStamp
from rewatch.memory.ingest.pipeline import Pipeline
from rewatch.memory.ingest.settings import IngestSettings
from rewatch.memory.ingest.stage import Parameters, Part, StageContext, StageOutcome
from rewatch.memory.store import Store
from rewatch.memory.types import FrameSample, Sentence, Span, TextLine, VideoInfo

DURATION_SECONDS = 60.0
SPACE = "numbers"


def video_at(path: Path) -> VideoInfo:
    """A video of a minute at a path; any file will do, for these stages decode nothing."""
    return VideoInfo(
        video_id="5eed" * 8,
        path=path,
        duration_seconds=DURATION_SECONDS,
        width=192,
        height=96,
        average_fps=25.0,
        codec="h264",
        container="mov",
        rotation_degrees=0,
        player_offset_seconds=0.0,
        has_audio=False,
    )


@dataclass
class FrameStage:
    """Stores ten sampled frames in each of its parts."""

    name: str = "frames"
    needs: tuple[str, ...] = ()
    parts: int = 20
    delay_seconds: float = 0.0
    version: int = 1
    ran: list[str] = field(default_factory=list)
    """Keys of the parts that this object has made."""

    def parameters(self, video: VideoInfo, settings: IngestSettings, store: Store) -> Parameters:
        return {"version": self.version, "step_seconds": settings.step_seconds}

    def clear(self, store: Store, video_id: str) -> None:
        store.delete_samples(video_id)

    def run(self, context: StageContext) -> Iterator[Part]:
        for number in range(self.parts):
            key = f"part {number}"
            if key not in context.finished:
                time.sleep(self.delay_seconds)
                self.ran.append(key)
                yield self.part(context.video.video_id, number, key)

    def part(self, video_id: str, number: int, key: str) -> Part:
        samples = [FrameSample(number + n / 10, bytes([number, n]), b"screen") for n in range(10)]
        return Part(key, lambda store: store.add_samples(video_id, samples), number + 1.0)

    def outcome(self, context: StageContext) -> StageOutcome:
        return StageOutcome()


@dataclass
class TextStage(FrameStage):
    """Stores, for each part, a line, a sentence and its vector, which count the frames there are."""

    name: str = "text"
    needs: tuple[str, ...] = ("frames",)

    def clear(self, store: Store, video_id: str) -> None:
        store.delete_text_lines(video_id, "screen")
        store.delete_sentences(video_id)

    def part(self, video_id: str, number: int, key: str) -> Part:
        span = Span(float(number), number + 1.0)

        def write(store: Store) -> None:
            text = f"line {number} of {len(store.samples(video_id))} frames"
            store.add_text_lines(video_id, [TextLine("screen", span, text, "test")])
            ids = store.add_sentences(video_id, [Sentence(0, "", "screen", span, text)])
            store.add_vectors(SPACE, ids, np.eye(4, dtype=np.float32)[[number % 4]])

        return Part(key, write, number + 1.0)


def rows_of(store: Store, video_id: str) -> dict[str, list[Any]]:
    """Everything that ingest has stored of a video, without row ids."""
    sentences = store.sentences(video_id)
    return {
        "samples": store.samples(video_id),
        "lines": store.text_lines(video_id),
        "sentences": [(item.span, item.text) for item in sentences],
        "vectors": store.vectors(SPACE, video_id)[1].tolist(),
        "words": sorted(item.text for item, _ in store.search_words(["frames"], limit=1000)),
        "stages": [(record.name, record.finished, record.parts) for record in store.stage_records(video_id)],
    }


def ignore(stage: str, done_seconds: float, total_seconds: float) -> None:
    """Progress that nobody watches."""


def main(arguments: Sequence[str]) -> None:
    """Index a file with both stages: FOLDER FILE DELAY_SECONDS; prints each piece of progress."""
    folder, path, delay_seconds = Path(arguments[0]), Path(arguments[1]), float(arguments[2])
    stages = FrameStage(delay_seconds=delay_seconds), TextStage(delay_seconds=delay_seconds)
    with Store.open(folder) as store:
        video = video_at(path)
        store.put_video(video)
        store.put_file(path, video.video_id, FileStamp.of(path))
        Pipeline(store, stages).run(video, IngestSettings(), lambda *what: print(*what, flush=True))
    print("ran", sum(len(stage.ran) for stage in stages), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
