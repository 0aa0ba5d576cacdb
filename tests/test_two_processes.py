"""Two processes on one library: the work is done once, and nothing is corrupted."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import small_stages
from small_stages import FrameStage, TextStage, ignore, rows_of, video_at

from rewatch.memory.ingest.pipeline import WAITING, Pipeline
from rewatch.memory.ingest.settings import IngestSettings
from rewatch.memory.lock import lock
from rewatch.memory.store import Store


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "talk.mp4"
    path.write_bytes(b"video")
    return path


def start(folder: Path, file: Path, delay_seconds: float) -> "subprocess.Popen[str]":
    arguments = [sys.executable, small_stages.__file__, str(folder), str(file), str(delay_seconds)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)


def test_three_processes_index_a_new_library_once(tmp_path: Path, file: Path) -> None:
    together = [start(tmp_path / "library", file, delay_seconds=0.02) for _ in range(3)]
    outputs = [process.communicate(timeout=60)[0] for process in together]
    assert [process.returncode for process in together] == [0, 0, 0]
    assert sorted(int(output.split()[-1]) for output in outputs) == [0, 0, 40]
    assert any(WAITING in output for output in outputs)
    with Store.open(tmp_path / "library") as store, Store.open(tmp_path / "other") as alone:
        video = video_at(file)
        alone.put_video(video)
        Pipeline(alone, [FrameStage(), TextStage()]).run(video, IngestSettings(), ignore)
        assert rows_of(store, video.video_id) == rows_of(alone, video.video_id)
        assert store.rows("PRAGMA integrity_check") == [("ok",)]


def test_the_waiting_one_goes_on_when_the_holder_is_killed(tmp_path: Path, file: Path) -> None:
    holder = start(tmp_path / "library", file, delay_seconds=0.3)
    assert holder.stdout is not None
    assert [holder.stdout.readline().split()[:2] for _ in range(2)] == [["frames", "0.0"], ["frames", "1.0"]]
    waiting = start(tmp_path / "library", file, delay_seconds=0.0)
    assert waiting.stdout is not None
    assert waiting.stdout.readline().startswith(WAITING)
    holder.kill()
    assert holder.wait() == -signal.SIGKILL
    holder.stdout.close()
    rest = waiting.communicate(timeout=60)[0]
    assert 0 < int(rest.split()[-1]) < 40
    with Store.open(tmp_path / "library") as store:
        assert [record.finished for record in store.stage_records(video_at(file).video_id)] == [True, True]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_worker_does_not_keep_the_lock(tmp_path: Path) -> None:
    end, other = os.pipe()
    with lock(tmp_path, "video", ignore_waiting):
        worker = os.fork()
        if not worker:
            os.read(end, 1)  # outlives the holder's block
            os._exit(0)
    with lock(tmp_path, "video", fail_waiting):
        os.write(other, b"x")
    os.waitpid(worker, 0)


def test_threads_of_one_process_wait_for_each_other(tmp_path: Path) -> None:
    inside, most = [0], [0]

    def work() -> None:
        with lock(tmp_path, "video", ignore_waiting):
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]


def test_different_videos_do_not_wait(tmp_path: Path) -> None:
    with lock(tmp_path, "one", ignore_waiting), lock(tmp_path, "two", fail_waiting):
        pass


def test_one_store_serves_several_threads(tmp_path: Path, file: Path) -> None:
    with Store.open(tmp_path / "library") as store:
        video = video_at(file)
        store.put_video(video)
        Pipeline(store, [FrameStage(), TextStage()]).run(video, IngestSettings(), ignore)
        expected = rows_of(store, video.video_id)
        seen: list[object] = []
        readers = [
            threading.Thread(target=lambda: seen.append(rows_of(store, video.video_id))) for _ in range(6)
        ]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
        assert seen == [expected] * 6


def ignore_waiting() -> None:
    """The holder is soon done."""


def fail_waiting() -> None:
    raise AssertionError("the lock is still held")
