"""What a first index costs, as ratios to a bare decode of the same file in the same run.

`python -m rewatch.evals.bench_index FILE...` decodes each file with `ffmpeg -map 0:v -f null`, indexes it into an
empty library in a process of its own, and prints the ratio of the two, the time of each stage, the peak memory
of all processes together, and how long a question and a whole second command take. Only this benchmark needs
the ffmpeg program, and /proc.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from threading import Event, Thread

QUESTION = "What is written on the screen about the author?"

_INDEX = """
import sys, time
from pathlib import Path
from rewatch.memory.library import Library
stages = {}
def report(stage, done_seconds, total_seconds):
    stages.setdefault(stage, time.monotonic())
with Library.open(Path(sys.argv[2])) as library:
    library.add(Path(sys.argv[1]), progress=report)
names = [*stages, "end"]
times = [*stages.values(), time.monotonic()]
print(", ".join(f"{n} {b - a:.1f} s" for n, a, b in zip(names, times, times[1:])))
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


def main(arguments: list[str] | None = None) -> int:
    """Measure the files and print what came out; returns the exit status."""
    parser = argparse.ArgumentParser(prog="bench_index", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    for file in parser.parse_args(arguments).files:
        _measure(file)
    return 0


def _measure(file: Path) -> None:
    decode = _timed(["ffmpeg", "-v", "error", "-nostdin", "-i", str(file), "-map", "0:v", "-f", "null", "-"])
    with tempfile.TemporaryDirectory() as library:
        stop, peak = Event(), [0]
        started = time.monotonic()
        child = subprocess.Popen(
            [sys.executable, "-c", _INDEX, str(file), library], stdout=subprocess.PIPE, text=True
        )
        watcher = Thread(target=_watch, args=(child.pid, stop, peak))
        watcher.start()
        stages = child.communicate()[0].strip()
        index = time.monotonic() - started
        stop.set()
        watcher.join()
        inside = subprocess.check_output(
            [sys.executable, "-c", _ASK, str(file), library, QUESTION], text=True
        )
        ask = [sys.executable, "-c", _COMMAND, "ask", str(file), QUESTION, "--library", library]
        command = min(_timed(ask) for _ in range(3))
    print(f"{file.name}: decode {decode:.1f} s, index {index:.1f} s, ratio {index / decode:.2f}")
    print(f"  stages: {stages}")
    print(f"  peak memory of all processes {peak[0] / 1e6:.0f} MB")
    print(f"  a question inside the process {inside.strip()} s, a second command {command:.2f} s")


def _timed(command: list[str]) -> float:
    started = time.monotonic()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return time.monotonic() - started


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


if __name__ == "__main__":
    sys.exit(main())
