"""How fast frames are read, as ratios to what a bare decoder takes on the same file in the same run.

`rewatch bench decode FILE` prints four ratios: a keyframe pass against `ffmpeg -skip_frame nokey`,
a dense pass at a frame a second, without and with what ingest measures, against `ffmpeg` decoding everything, and
scattered frames against plain seeking loops over PyAV and decord. On a machine with other work, processor time
says more than wall time: both are told. Only this benchmark needs the ffmpeg program.
"""

import os
import random
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from operator import attrgetter
from pathlib import Path
from statistics import median_low
from typing import Annotated, Any, NamedTuple

import typer

from rewatch.agent.cli.options import JsonOption
from rewatch.agent.cli.printing import make_console, print_json
from rewatch.memory.errors import SettingError
from rewatch.memory.ingest.decode import open_reader
from rewatch.memory.ingest.frames_stage import measure
from rewatch.memory.ingest.probe import probe
from rewatch.memory.ingest.scan import scan
from rewatch.memory.ingest.screen_gate import LONG_SIDE_PIXELS
from rewatch.memory.types import VideoInfo


class Cost(NamedTuple):
    """What a task took."""

    seconds: float
    cpu_seconds: float
    """Of this process and its children."""

    def __str__(self) -> str:
        return f"{self.seconds:.2f} s ({self.cpu_seconds:.2f} s of processors)"


Task = Callable[[], object]
_SEE = attrgetter("seconds")
"""The least that can be measured of a frame; scan's workers import it from the standard library."""


def decode(
    video: Annotated[Path, typer.Argument(metavar="VIDEO", help="The file to read.")],
    rounds: Annotated[
        int, typer.Option("--rounds", metavar="N", min=1, help="The median of so many is taken.")
    ] = 3,
    frames: Annotated[
        int, typer.Option("--frames", metavar="N", min=1, help="How many scattered frames.")
    ] = 32,
    as_json: JsonOption = False,
) -> None:
    """Measure how fast frames are read, against bare decoders on the same file in the same run."""
    require_ffmpeg()
    info = probe(video)
    told = [_told(*comparison, rounds) for comparison in _comparisons(info, frames)]
    if as_json:
        print_json({"video": info.path.name, "passes": told})
        return
    console = make_console()
    console.print(
        f"{info.path.name}: {info.duration_seconds:.0f} s, {info.width}x{info.height}, {info.codec}"
    )
    for one in told:
        costs = ", ".join(f"{name} {Cost(*spent.values())}" for name, spent in one["costs"].items())
        console.print(f"{one['pass']}: {one['ratio']:.2f} (at most {one['at_most']}); {costs}")


def require_ffmpeg() -> None:
    """Check that there is a bare decoder to compare with.

    Raises:
        SettingError: The ffmpeg program is not installed.
    """
    if shutil.which("ffmpeg") is None:
        raise SettingError("this benchmark compares with the ffmpeg program; install it first")


def _told(name: str, limit: float, ours: Task, others: dict[str, Task], rounds: int) -> dict[str, Any]:
    mine, theirs = _measure(ours, others, rounds)
    ratio = mine.seconds / min(theirs.values()).seconds
    costs = {name: spent._asdict() for name, spent in {"rewatch": mine, **theirs}.items()}
    return {"pass": name, "ratio": ratio, "at_most": limit, "costs": costs}


def _comparisons(info: VideoInfo, count: int) -> Iterator[tuple[str, float, Task, dict[str, Task]]]:
    """Name, allowed ratio, our way, the other ways."""

    def ffmpeg(*options: str) -> Task:
        command = [
            "ffmpeg",
            "-v",
            "error",
            *options,
            "-i",
            str(info.path),
            "-map",
            "0:v:0",
            "-f",
            "null",
            "-",
        ]
        return lambda: subprocess.run(command, check=True, stdin=subprocess.DEVNULL)

    yield (
        "keyframe pass",
        1.3,
        lambda: _drain(scan(info, info.span, _SEE, step_seconds=None)),
        {"ffmpeg": ffmpeg("-skip_frame", "nokey")},
    )
    yield "dense pass", 0.6, lambda: _drain(scan(info, info.span, _SEE)), {"ffmpeg": ffmpeg()}
    yield (
        "dense pass with its measures",
        0.6,
        lambda: _drain(scan(info, info.span, measure, longest_pixels=LONG_SIDE_PIXELS)),
        {"ffmpeg": ffmpeg()},
    )
    chance = random.Random(1)
    instants = sorted(chance.uniform(0, info.duration_seconds - 1) for _ in range(count))
    others: dict[str, Task] = {"bare PyAV": lambda: bare_pyav(info, instants)}
    with suppress(SettingError), open_reader(info, "decord"):
        others["decord"] = lambda: _bare_decord(info, instants)
    yield f"{count} scattered frames", 1.1, lambda: _scattered(info, instants), others


def _measure(ours: Task, others: dict[str, Task], rounds: int) -> tuple[Cost, dict[str, Cost]]:
    """What the round of median wall time took, taken in turns so that a busy machine slows all of them."""
    mine: list[Cost] = []
    theirs: dict[str, list[Cost]] = {name: [] for name in others}
    for _ in range(rounds):
        mine.append(cost(ours))
        for name, task in others.items():
            theirs[name].append(cost(task))
    return median_low(mine), {name: median_low(each) for name, each in theirs.items()}


def cost(task: Task) -> Cost:
    """What a task takes, with the processes that it starts and waits for."""
    start, before = time.perf_counter(), os.times()
    task()
    seconds, after = time.perf_counter() - start, os.times()
    return Cost(seconds, sum(after[:4]) - sum(before[:4]))


def _drain(results: Iterator[object]) -> int:
    return sum(1 for _ in results)


def _scattered(info: VideoInfo, instants: list[float]) -> int:
    with open_reader(info) as reader:
        return sum(1 for _ in reader.at_many(instants))


def bare_pyav(info: VideoInfo, instants: list[float]) -> None:
    """The loop that PyAV's own documentation suggests, with one open file."""
    import av

    with av.open(str(info.path)) as container:
        stream = container.streams.video[0]
        assert stream.time_base is not None
        for seconds in instants:
            target = int(seconds / stream.time_base) + (stream.start_time or 0)
            container.seek(target, stream=stream)
            for frame in container.decode(stream):
                if frame.pts is not None and frame.pts >= target:
                    frame.to_ndarray(format="rgb24")
                    break


def _bare_decord(info: VideoInfo, instants: list[float]) -> None:
    import decord

    video = decord.VideoReader(str(info.path))
    rate = video.get_avg_fps()
    for seconds in instants:
        video[min(int(seconds * rate), len(video) - 1)].asnumpy()
