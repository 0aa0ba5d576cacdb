"""What a first index costs, as ratios to a bare decode of the same file in the same run.

`rewatch bench index VIDEO...` decodes each file with `ffmpeg -map 0:v -f null`, indexes it into an empty
library in a process of its own, and prints the ratio of the two, what each stage took, the peak memory
of all processes together, and how long a question and a whole second command take. On a machine with other work,
processor time says more than wall time: both are told. Only this benchmark needs the ffmpeg program, and /proc.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from threading import Event, Thread
from typing import Annotated, Any

import typer

from rewatch.agent.cli.options import JsonOption
from rewatch.agent.cli.printing import make_console, print_json
from rewatch.evals.bench.decode import Cost, cost, require_ffmpeg
from rewatch.memory.errors import RewatchError
from rewatch.memory.ingest.probe import probe

QUESTION = "What is written on the screen about the author?"

_INDEX = """
import json, os, sys, time
from pathlib import Path
from rewatch.memory.library import Library
stages = {}
def now():
    return time.monotonic(), sum(os.times()[:4])
def report(stage, done_seconds, total_seconds):
    if stage not in stages:
        stages[stage] = now()
with Library.open(Path(sys.argv[2])) as library:
    library.add(Path(sys.argv[1]), progress=report)
times = [*stages.values(), now()]
print(json.dumps({n: [y - x for x, y in zip(a, b)] for n, a, b in zip(stages, times, times[1:])}))
"""

_ASK = """
import sys, time
from pathlib import Path
from rewatch.agent import Settings, VideoAgent
with VideoAgent(Settings(library=Path(sys.argv[2]))) as agent:
    agent.ask(sys.argv[1], "When does it begin?")
    started = time.monotonic()
    agent.ask(sys.argv[1], sys.argv[3])
    print(f"{time.monotonic() - started:.2f}")
"""

_COMMAND = "import sys; from rewatch.agent.cli import main; sys.exit(main())"


def index(
    videos: Annotated[list[Path], typer.Argument(metavar="VIDEO...", help="Files to index.")],
    as_json: JsonOption = False,
) -> None:
    """Measure what a first index costs, against decoding the same file, and what a question then takes."""
    require_ffmpeg()
    told = [_measure(probe(video).path) for video in videos]
    if as_json:
        print_json(told)
        return
    console = make_console()
    for one in told:
        decoded, indexed, asked = (Cost(**one[name]) for name in ("decode", "index", "command"))
        console.print(
            f"{one['video']}: ratio {one['ratio']:.2f}, of processor time {one['cpu_ratio']:.2f}; "
            f"decode {decoded}, index {indexed}"
        )
        stages = (f"{name} {Cost(**cost)}" for name, cost in one["stages"].items())
        console.print(f"  stages: {', '.join(stages)}")
        console.print(f"  peak memory of all processes {one['peak_bytes'] / 1e6:.0f} MB")
        console.print(
            f"  a question inside the process {one['question_seconds']:.2f} s, a second command {asked}"
        )


def _measure(file: Path) -> dict[str, Any]:
    decode = ["ffmpeg", "-v", "error", "-nostdin", "-i", str(file), "-map", "0:v", "-f", "null", "-"]
    decoded = cost(lambda: _run(decode))
    with tempfile.TemporaryDirectory() as library:
        told: list[tuple[str, int]] = []
        indexed = cost(lambda: told.append(_watched([sys.executable, "-c", _INDEX, str(file), library])))
        ((stages, peak),) = told
        inside = subprocess.check_output(
            [sys.executable, "-c", _ASK, str(file), library, QUESTION], text=True
        )
        ask = [sys.executable, "-c", _COMMAND, "ask", str(file), QUESTION, "--library", library]
        asked = min(cost(lambda: _run(ask)) for _ in range(3))
    return {
        "video": file.name,
        "decode": decoded._asdict(),
        "index": indexed._asdict(),
        "ratio": indexed.seconds / decoded.seconds,
        "cpu_ratio": indexed.cpu_seconds / decoded.cpu_seconds,
        "stages": {name: Cost(*spent)._asdict() for name, spent in json.loads(stages).items()},
        "peak_bytes": peak,
        "question_seconds": float(inside),
        "command": asked._asdict(),
    }


def _watched(command: list[str]) -> tuple[str, int]:
    """Run a program; returns what it printed and the largest memory of it and its children, in bytes."""
    stop, peak = Event(), [0]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    watcher = Thread(target=_watch, args=(child.pid, stop, peak))
    watcher.start()
    said = child.communicate()[0]
    stop.set()
    watcher.join()
    if child.returncode:
        raise RewatchError(f"indexing ended with status {child.returncode}; what it said stands above")
    return said, peak[0]


def _run(command: list[str]) -> None:
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def _watch(pid: int, stop: Event, peak: list[int]) -> None:
    """Keep the largest sum of proportional set sizes (shared pages counted once) of a process and its children."""
    while not stop.wait(0.25):
        peak[0] = max(peak[0], sum(_memory_bytes(one) for one in [pid, *_descendants(pid)]))


def _descendants(pid: int) -> list[int]:
    parents: dict[int, list[int]] = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            status = Path(f"/proc/{entry}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        parents.setdefault(int(status.rpartition(")")[2].split()[1]), []).append(int(entry))
    found, todo = [], [pid]
    while todo:
        children = parents.get(todo.pop(), [])
        found += children
        todo += children
    return found


def _memory_bytes(pid: int) -> int:
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8")
    except OSError:
        return 0
    line = next((line for line in rollup.splitlines() if line.startswith("Pss:")), "Pss: 0 kB")
    return int(line.split()[1]) * 1024
