"""`rewatch bench evaluation`: what the harness itself costs, for a sample run and for a sample scored."""

import tempfile
from pathlib import Path
from time import perf_counter
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
    """Measure the runner's own time for a sample, and how long scoring takes."""
    made = _samples(samples)
    running: list[float] = []
    scoring: dict[str, list[float]] = {name: [] for name in _TASKS}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            started = perf_counter()
            with Journal(folder) as journal:
                run(made, _Instant, journal, limits=Limits())
            running.append((perf_counter() - started) / samples * 1000)
            for task in _TASKS:
                started = perf_counter()
                records = read_records(folder)
                score({"task": task, "method": "instant", "gives": _GIVES}, records)
                scoring[task].append(perf_counter() - started)
    result = {
        "runner_ms_a_sample": min(running),
        "scoring_s": {task: min(times) for task, times in scoring.items()},
    }
    if as_json:
        print_json(result)
        return
    console = make_console()
    console.print(f"runner: {min(running):.3f} ms a sample, best of {rounds}")
    for task, times in scoring.items():
        console.print(f"scoring {samples} samples of {task}: {min(times):.2f} s", markup=False)


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
