"""Running a method over samples: parallel over videos, resumable, failures as results.

Workers are threads, each with a method of its own; one video's questions stay in order in one worker. The caller's
thread alone writes the journal, so that a sample either has its line or is run again.
"""

import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event, Lock, Thread

from rewatch.evals.methods import Method
from rewatch.evals.runner.journal import Journal
from rewatch.evals.runner.record import Record
from rewatch.evals.tasks.sample import Sample
from rewatch.memory.errors import RewatchError
from rewatch.memory.types import Limits

Progress = Callable[[int, int, int], None]
"""Told how many samples are done, how many there are, and how many of those done have failed."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a whole run may spend; None is unlimited. It stops between samples, and a later run goes on."""

    samples: int | None = None
    """Samples run now, those of earlier runs not counted."""
    seconds: float | None = None
    dollars: float | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended."""

    num_samples: int
    num_done: int
    """With a record, earlier runs included."""
    num_failed: int
    stopped_by: str
    """The allowance that was used up, or ""."""


def run(
    samples: Sequence[Sample],
    open_method: Callable[[], Method],
    journal: Journal,
    *,
    limits: Limits,
    allowance: Allowance | None = None,
    workers: int = 1,
    retry_failed: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """Run what has no record yet.

    Args:
        samples: All samples of the task.
        open_method: Makes a method; called once in each worker.
        journal: Where records are and go.
        limits: Hard limits for each sample.
        allowance: What the whole run may spend.
        workers: Videos at a time.
        retry_failed: Run failed samples again.
        progress: Is told of each sample.

    Returns:
        How it ended.

    Raises:
        RewatchError: The method cannot be made at all, or the journal cannot be written.
    """
    done = {name for name, record in journal.records.items() if record.prediction or not retry_failed}
    waiting = [sample for sample in samples if sample.sample_id not in done]
    allowed = allowance or Allowance()
    till = _Till(allowed)
    known = {sample.sample_id for sample in samples}
    counted = sum(name in known for name in done)
    failed = sum(journal.records[name].prediction is None for name in done & known)
    try:
        for record in _results(waiting[: allowed.samples], open_method, limits, workers, till):
            journal.append(record)
            counted += 1
            failed += record.prediction is None
            if progress is not None:
                progress(counted, len(samples), failed)
    finally:
        till.stop.set()
    left = counted < len(samples)
    return Outcome(len(samples), counted, failed, (till.used_up or "samples") if left else "")


class _Till:
    """Adds up what the workers spend, and stops them once the allowance is used up."""

    def __init__(self, allowed: Allowance) -> None:
        self.stop = Event()
        self.used_up = ""
        self._allowed = allowed
        self._dollars = 0.0
        self._started = time.monotonic()
        self._lock = Lock()

    def add(self, record: Record) -> None:
        """Count a finished sample."""
        with self._lock:
            self._dollars += record.prediction.cost.dollars if record.prediction else 0.0
            seconds, dollars = self._allowed.seconds, self._allowed.dollars
            if seconds is not None and time.monotonic() - self._started >= seconds:
                self.used_up = "seconds"
            elif dollars is not None and self._dollars >= dollars:
                self.used_up = "dollars"
            if self.used_up:
                self.stop.set()


def _results(
    samples: Sequence[Sample], open_method: Callable[[], Method], limits: Limits, workers: int, till: _Till
) -> Iterator[Record]:
    """Start workers and yield records as they are made."""
    videos: dict[str, list[Sample]] = {}
    for sample in samples:
        videos.setdefault(sample.video, []).append(sample)
    todo: SimpleQueue[list[Sample]] = SimpleQueue()
    for group in videos.values():
        todo.put(group)
    made: SimpleQueue[Record | BaseException | None] = SimpleQueue()

    def work() -> None:
        try:
            with closing(open_method()) as method:
                while not till.stop.is_set() and not todo.empty():
                    with suppress(Empty):
                        _answer(todo.get_nowait(), method, limits, till, made)
        except BaseException as error:  # whatever ends a worker must reach the caller, who waits for it
            made.put(error)
        made.put(None)

    alive = min(workers, len(videos))
    for _ in range(alive):
        Thread(target=work, daemon=True).start()
    while alive:
        item = made.get()
        if isinstance(item, Record):
            yield item
        elif item is None:
            alive -= 1
        else:
            raise item


def _answer(
    samples: Sequence[Sample],
    method: Method,
    limits: Limits,
    till: _Till,
    made: "SimpleQueue[Record | BaseException | None]",
) -> None:
    """Answer the samples of one video, in order."""
    for sample in samples:
        if till.stop.is_set():
            return
        record = attempt(method, sample, limits)
        till.add(record)
        made.put(record)


def attempt(method: Method, sample: Sample, limits: Limits) -> Record:
    """Try a sample; a failure is a result with its reason."""
    started = time.perf_counter()
    try:
        prediction = method.predict(sample, limits)
    except RewatchError as error:
        return Record(sample, None, time.perf_counter() - started, type(error).__name__, str(error))
    except Exception as error:  # a defect of a method costs its sample, not the run; it is told as what it is
        where = traceback.extract_tb(error.__traceback__)[-1]
        reason = f"{error} ({Path(where.filename).name}:{where.lineno})"
        return Record(sample, None, time.perf_counter() - started, type(error).__name__, reason)
    return Record(sample, prediction, time.perf_counter() - started)
