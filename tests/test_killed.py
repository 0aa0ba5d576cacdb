"""A run that is killed at any moment is completed by the next one, without loss or duplicates."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import small_stages
from small_stages import FrameStage, TextStage, ignore, rows_of, video_at

from rewatch.memory.ingest.pipeline import Pipeline
from rewatch.memory.ingest.settings import IngestSettings
from rewatch.memory.store import Store

KILLS = 20


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "talk.mp4"
    path.write_bytes(b"video")
    return path


def uninterrupted(folder: Path, file: Path) -> dict[str, list[object]]:
    with Store.open(folder) as store:
        video = video_at(file)
        store.put_video(video)
        Pipeline(store, [FrameStage(), TextStage()]).run(video, IngestSettings(), ignore)
        return rows_of(store, video.video_id)


def start(folder: Path, file: Path, delay_seconds: float) -> "subprocess.Popen[str]":
    arguments = [sys.executable, small_stages.__file__, str(folder), str(file), str(delay_seconds)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)


def test_killed_many_times_then_completed(tmp_path: Path, file: Path) -> None:
    library, chance = tmp_path / "library", random.Random(2)
    kills = 0
    for _ in range(KILLS):
        process = start(library, file, delay_seconds=0.01)
        assert process.stdout is not None
        if process.stdout.readline():  # it has begun: kill it somewhere in the next few parts
            time.sleep(chance.uniform(0, 0.03))
        process.kill()
        kills += process.wait() == -signal.SIGKILL
        process.stdout.close()
    assert kills >= 5
    with Store.open(library) as store:
        video = video_at(file)
        pipeline = Pipeline(store, [FrameStage(), TextStage()])
        pipeline.run(video, IngestSettings(), ignore)
        assert pipeline.pending(video, IngestSettings()) == ()
        assert rows_of(store, video.video_id) == uninterrupted(tmp_path / "other", file)


def test_killed_while_opening_a_new_library(tmp_path: Path, file: Path) -> None:
    library, chance = tmp_path / "library", random.Random(3)
    for _ in range(8):
        process = start(library, file, delay_seconds=0.0)
        time.sleep(chance.uniform(0.1, 0.5))
        process.kill()
        process.communicate()
    with Store.open(library) as store:
        video = video_at(file)
        store.put_video(video)
        Pipeline(store, [FrameStage(), TextStage()]).run(video, IngestSettings(), ignore)
        assert rows_of(store, video.video_id) == uninterrupted(tmp_path / "other", file)


def test_ctrl_c_leaves_whole_parts(tmp_path: Path, file: Path) -> None:
    def press(stage: str, done_seconds: float, total_seconds: float) -> None:
        if done_seconds == 7:
            raise KeyboardInterrupt

    with Store.open(tmp_path / "library") as store:
        video = video_at(file)
        store.put_video(video)
        with pytest.raises(KeyboardInterrupt):
            Pipeline(store, [FrameStage(), TextStage()]).run(video, IngestSettings(), press)
        (record,) = store.stage_records(video.video_id)
        assert (len(record.parts), record.done_seconds, record.finished) == (7, 7.0, False)
        stages = [FrameStage(), TextStage()]
        Pipeline(store, stages).run(video, IngestSettings(), ignore)
        assert (len(stages[0].ran), len(stages[1].ran)) == (13, 20)
        assert rows_of(store, video.video_id) == uninterrupted(tmp_path / "other", file)
