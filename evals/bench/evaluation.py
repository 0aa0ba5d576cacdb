"""`rewatch bench evaluation`: what the harness itself costs, for a sample run and for a sample scored."""

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from typing import Annotated

import numpy as np
import typer

from rewatch.agent.cli.options import JsonOption
from rewatch.agent.cli.printing import make_console, print_json
from rewatch.evals.methods import Gives, Prediction
from rewatch.evals.runner.journal import Journal, read_records
from rewatch.evals.runner.running import run
from rewatch.evals.runner.scoring import score
from rewatch.evals.tasks.sample import Sample
from rewatch.memory.types import Limits

_GIVES = ("choice", "frames", "spans", "text")
_TASKS = ("haystack-ego4d", "video-mme", "next-gqa", "cg-bench", "qvhighlights", "charades-sta", "vnbench")


class _Instant:
    """A method that costs nothing, so that all time is the runner's."""

    gives: frozenset[Gives] = frozenset({"choice", "spans", "frames"})

    def predict(self, sample: Sample, limits: Limits) -> Prediction:
        return Prediction(
            choice="A",
            spans=tuple((start * 10.0, start * 10.0 + 8) for start in range(10)),
            frame_seconds=(5.0, 50.0, 500.0),
            extra={"saliency_scores": list(range(75))},
        )

    def close(self) -> None:
        """Nothing is open."""


def evaluation(
    samples: Annotated[
        int, typer.Option("--samples", metavar="N", min=1, help="Samples to run and score.")
    ] = 5000,
    rounds: Annotated[
        int, typer.Option("--rounds", metavar="N", min=1, help="Take the best of so many.")
    ] = 3,
    as_json: JsonOption = False,
) -> None:
    """Measure the runner's own time for a sample, and how long scoring takes: wall time, and processor time."""
    made = _samples(samples)
    running: list[_Spent] = []
    scoring: dict[str, list[_Spent]] = {name: [] for name in _TASKS}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            running.append(_timed(partial(_run, made, folder)))
            for task in _TASKS:
                scoring[task].append(_timed(partial(_score, task, folder)))
    best = min(running)
    if as_json:
        told = {
            task: dict(zip(("wall_s", "cpu_s"), min(times), strict=True)) for task, times in scoring.items()
        }
        a_sample = {"wall_ms": best[0] / samples * 1000, "cpu_ms": best[1] / samples * 1000}
        print_json({"runner_a_sample": a_sample, "scoring": told})
        return
    console = make_console()
    wall, cpu = (spent / samples * 1000 for spent in best)
    console.print(
        f"runner: {wall:.3f} ms a sample, {cpu:.3f} ms of a processor, best of {rounds}", markup=False
    )
    for task, times in scoring.items():
        wall, cpu = min(times)
        console.print(f"scoring {samples} of {task}: {wall:.2f} s, {cpu:.2f} s of a processor", markup=False)


_Spent = tuple[float, float]
"""Wall seconds and processor seconds."""


def _timed(work: Callable[[], None]) -> _Spent:
    wall, cpu = perf_counter(), process_time()
    work()
    return perf_counter() - wall, process_time() - cpu


def _run(samples: list[Sample], folder: Path) -> None:
    with Journal(folder) as journal:
        run(samples, _Instant, journal, limits=Limits())


def _score(task: str, folder: Path) -> None:
    score({"task": task, "method": "instant", "gives": _GIVES}, read_records(folder))


def _samples(count: int) -> list[Sample]:
    """Samples that every protocol can score, five to a video."""
    draw = np.random.default_rng(0)
    made = []
    for number in range(count):
        start = float(draw.integers(0, 120))
        extra = {
            "duration": 150.0,
            "relevant_clip_ids": [int(start // 2), int(start // 2) + 1],
            "saliency_scores": [[4, 3, 2], [2, 1, 4]],
            "try": str(number % 4),
        }
        sample = Sample(
            f"q{number}",
            f"v{number // 5}.mp4",
            f"Which one is number {number}?",
            {"A": "the red one", "B": "the blue one", "C": "the green one", "D": "none"},
            "ABCD"[number % 4],
            ((start, start + 9), (start + 12, start + 50)),
            (start, start + 40),
            category=f"category {number % 12}",
            group=f"g{number // 4}",
            extra=extra,
        )
        made.append(sample)
    return made
