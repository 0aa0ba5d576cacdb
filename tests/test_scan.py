"""One pass over a video, whichever number of processes share it."""

import os
import subprocess
import sys
import textwrap
import time
from functools import partial
from pathlib import Path

import pytest
from measures import number_and_change as measure
from measures import number_or_end
from videos import numbered, render

from rewatch.memory.errors import SettingError, VideoError
from rewatch.memory.ingest import scan as scanning
from rewatch.memory.ingest.probe import probe
from rewatch.memory.ingest.pyav_reader import PyAVReader
from rewatch.memory.ingest.scan import plan_parts, scan
from rewatch.memory.types import Span, VideoInfo

SECONDS = 130
FPS = 10


def shot_colour(index: int) -> tuple[int, int, int]:
    """Steps far larger than what the bars of the next number make."""
    return ((20, 20, 20), (235, 235, 235))[index // 47 % 2]


@pytest.fixture(scope="session")
def video(tmp_path_factory: pytest.TempPathFactory) -> VideoInfo:
    """130 seconds at 10 frames a second, a keyframe every 3.5 s, another colour every 4.7 s."""
    frames = (numbered(index, colour=shot_colour(index)) for index in range(SECONDS * FPS))
    path = tmp_path_factory.mktemp("scan") / "long.mp4"
    return probe(render(path, frames, fps=FPS, gop=35))


def workers() -> set[int]:
    return {int(line) for line in _children(os.getpid())}


def _children(pid: int) -> list[str]:
    found = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    )
    return [p for p in found.stdout.split() if _is_worker(p)]


def _is_worker(pid: str) -> bool:
    try:
        return b"scan_worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_samples_are_the_same_in_any_number_of_processes(video: VideoInfo, processes: int) -> None:
    found = list(scan(video, video.span, measure, processes=processes))
    assert [seconds for seconds, _ in found] == [float(second) for second in range(SECONDS)]
    assert [number for _, (number, _) in found] == [second * FPS for second in range(SECONDS)]


def test_every_cut_is_located_to_the_frame_also_where_parts_meet(video: VideoInfo) -> None:
    found = {second: change for second, (_, change) in scan(video, video.span, measure, processes=2)}
    for first_frame in range(47, SECONDS * FPS - FPS, 47):
        cut = first_frame / FPS
        assert found[float(-int(-cut // 1))] == pytest.approx(cut), cut


def test_a_part_of_the_video_goes_on_where_another_has_stopped(video: VideoInfo) -> None:
    rest = list(scan(video, Span(40.0, 125.0), measure, processes=2, step_seconds=2.5))
    assert [number for _, (number, _) in rest] == [400 + 25 * index for index in range(34)]


def test_keyframes_only(video: VideoInfo) -> None:
    found = list(scan(video, video.span, measure, processes=2, step_seconds=None))
    assert [number for _, (number, _) in found] == list(range(0, SECONDS * FPS, 35))


def test_parts_tile_the_video_from_keyframe_to_keyframe(video: VideoInfo) -> None:
    with PyAVReader(video) as reader:
        parts = list(plan_parts(reader, video.span, 1.0))
    assert [part.span.start_seconds for part in parts] == [0.0, 63.0, 126.0]
    assert [part.span.end_seconds for part in parts] == [63.0, 126.0, video.duration_seconds]


def test_one_keyframe_for_the_whole_video_leaves_one_part(tmp_path: Path) -> None:
    frames = (numbered(index) for index in range(150))
    info = probe(
        render(tmp_path / "a.mkv", frames, times=[float(i) for i in range(151)], gop=1000, bframes=0)
    )
    with PyAVReader(info) as reader:
        assert len(list(plan_parts(reader, info.span, 1.0))) == 1
    assert [number for _, (number, _) in scan(info, info.span, measure, processes=2)] == list(range(150))


def test_a_still_picture_is_measured_once(tmp_path: Path) -> None:
    info = probe(render(tmp_path / "a.mp4", [numbered(1), numbered(2)], times=[0, 70, 100], bframes=0))
    found = list(scan(info, info.span, measure, processes=2))
    assert [(seconds, number) for seconds, (number, _) in found] == [(0.0, 1), (70.0, 2)]


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes with ps")
def test_closing_the_iterator_ends_the_workers(video: VideoInfo) -> None:
    before = workers()
    results = scan(video, video.span, measure, processes=2)
    next(results)
    assert len(workers() - before) == 2
    results.close()  # type: ignore[attr-defined]
    assert workers() == before


def test_a_worker_that_dies_is_a_clear_error(video: VideoInfo) -> None:
    found: list[float] = []
    results = scan(video, video.span, partial(number_or_end, "crash"), processes=2)
    with pytest.raises(VideoError, match=r"long\.mp4.*in the part from 1:03 on"):
        found.extend(seconds for seconds, _ in results)
    assert found[:60] == [float(second) for second in range(60)], "what came before it is kept"


def test_a_mistake_in_measuring_is_shown_in_full(video: VideoInfo) -> None:
    with pytest.raises(RuntimeError, match="measured too far"):
        list(scan(video, video.span, partial(number_or_end, "raise"), processes=2))


def test_errors_for_the_caller_cross_the_processes(video: VideoInfo, tmp_path: Path) -> None:
    gone = tmp_path / "gone.mp4"
    gone.write_bytes(video.path.read_bytes())
    info = probe(gone)
    results = scan(info, info.span, measure, processes=2, decoder="nothing")  # type: ignore[arg-type]
    with pytest.raises(SettingError, match="choose pyav or decord"):
        list(results)


def test_a_script_without_a_main_guard_may_scan(video: VideoInfo, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent(f"""
        import sys
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from pathlib import Path
        from measures import number_and_change as measure
        from rewatch.memory.ingest.probe import probe
        from rewatch.memory.ingest.scan import scan
        info = probe(Path({str(video.path)!r}))
        print(len(list(scan(info, info.span, measure, processes=2))))
        """)
    )
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.stderr) == (f"{SECONDS}\n", "")


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes with ps")
def test_a_killed_parent_leaves_no_worker(video: VideoInfo, tmp_path: Path) -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from pathlib import Path; from measures import number_and_change as measure\n"
        "from rewatch.memory.ingest.probe import probe; from rewatch.memory.ingest.scan import scan\n"
        f"info = probe(Path({str(video.path)!r}))\n"
        "for _ in scan(info, info.span, measure, processes=2): print('x', flush=True); sys.stdin.read()\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    parent.stdout.readline()
    pids = _children(parent.pid)
    assert len(pids) == 2
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 20
    while any(map(_is_worker, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(_is_worker, pids))


def test_short_spans_start_no_process(video: VideoInfo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning.subprocess, "Popen", None)
    assert len(list(scan(video, Span(10, 20), measure, processes=2))) == 10
