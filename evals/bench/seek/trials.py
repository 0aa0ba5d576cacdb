"""Trials as a file: each simulated video is written as it is done, so that a contest that was stopped goes on.

Videos that the file holds are not searched again; after a change of the search or of the simulation, begin a new one.
"""

import json
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from rewatch.evals.bench.seek.contest import Trial
from rewatch.memory.errors import InputError


class Trials:
    """The trials of a contest, by run and by the seed of the video."""

    def __init__(self, path: Path, processes: int) -> None:
        """Open or begin a file.

        Args:
            path: JSON lines, one for each video of a run.
            processes: Workers that search videos side by side.

        Raises:
            InputError: The file holds something else.
        """
        self._path = path
        self._processes = processes
        self._known: dict[tuple[str, int], list[Trial]] = {}
        whole = path.read_text("utf-8").splitlines(keepends=True) if path.exists() else []
        if whole and not whole[-1].endswith("\n"):
            path.write_text("".join(whole[:-1]), encoding="utf-8")  # cut off while it was written
            whole.pop()
        for number, line in enumerate(whole, 1):
            try:
                row = json.loads(line)
                self._known[row["run"], row["seed"]] = [_trial(one) for one in row["trials"]]
            except (ValueError, KeyError, TypeError) as error:
                raise InputError(
                    f"line {number} of {path} is no trial ({error}); begin in another --out"
                ) from error

    def run(
        self,
        name: str,
        seeds: Iterable[int],
        job: Callable[[int], list[Trial]],
        progress: Callable[[str, int, int], None],
    ) -> list[Trial]:
        """The trials of all videos, of those alone that are missing searched now.

        Args:
            name: Names what is run, the same for the same job.
            seeds: Of the videos.
            job: Searches one video.
            progress: Called with the name, how many videos are done, and of how many.
        """
        wanted = list(seeds)
        left = [seed for seed in wanted if (name, seed) not in self._known]
        with (
            self._path.open("a", encoding="utf-8") as file,
            ProcessPoolExecutor(self._processes, initializer=_one_thread) as pool,
        ):
            for number, (seed, done) in enumerate(zip(left, pool.map(job, left), strict=True), 1):
                self._known[name, seed] = done
                row = {"run": name, "seed": seed, "trials": [asdict(trial) for trial in done]}
                file.write(json.dumps(row) + "\n")
                file.flush()
                progress(name, len(wanted) - len(left) + number, len(wanted))
        return [trial for seed in wanted for trial in self._known[name, seed]]


def _one_thread() -> None:
    """Many small products: more threads than processes only wait for each other."""
    threadpool_limits(1)


def _trial(values: dict[str, Any]) -> Trial:
    moments = tuple((float(chance), bool(hit)) for chance, hit in values.pop("moments"))
    prf, covered = tuple(values.pop("prf")), tuple(values.pop("covered"))
    return Trial(**values, prf=prf, covered=covered, moments=moments)
