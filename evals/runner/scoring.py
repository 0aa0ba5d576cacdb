"""Scores of a run: means with intervals, tables of both conventions, categories, cost, latency, failures."""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from rewatch.evals.metrics.statistics import Interval, bootstrap
from rewatch.evals.runner.measures import Measure, chosen, measures_of
from rewatch.evals.runner.protocols import Numbers, table
from rewatch.evals.runner.record import Record
from rewatch.evals.tasks.table import find_task
from rewatch.memory.types import Cost

MOST_CATEGORIES = 40
_DURATION = "duration "


@dataclass(frozen=True, slots=True)
class Mean:
    """A measure over the samples that it applies to."""

    name: str
    says: str
    interval: Interval
    num_samples: int


@dataclass(frozen=True, slots=True)
class Scores:
    """Everything that is told of a run."""

    task: str
    method: str
    num_samples: int
    num_failed: int
    num_unparseable: int
    """Choices that could not be read; they count as wrong."""
    failures: Mapping[str, int]
    """How often each kind of error."""
    means: tuple[Mean, ...]
    """Corrected convention, with intervals over whole videos; those that apply to no sample are left out."""
    corrected: Numbers
    official: Numbers
    """What the published script would print for the same predictions."""
    categories: Mapping[str, Mapping[str, float]]
    """For each category the number of samples ("samples") and the mean of each measure."""
    cost: Cost
    median_seconds: float
    p95_seconds: float

    def to_plain(self) -> dict[str, Any]:
        """Plain values for JSON; a number that JSON has no form for is None."""
        plain: dict[str, Any] = finite(asdict(self))
        return plain


def finite(value: Any) -> Any:
    """Plain values with None in place of NaN and infinity, such as an interval over one video, or V-STaR's LGM."""
    if isinstance(value, dict):
        return {name: finite(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def score(run: Mapping[str, Any], records: Sequence[Record]) -> Scores:
    """Score a run.

    Args:
        run: What `run.json` holds.
        records: The latest record of each sample.

    Raises:
        InputError: The run is of a task that is not known here.
    """
    task = find_task(run["task"])
    measures = measures_of(task, run["gives"])
    values = {measure.name: [measure.of(record) for record in records] for measure in measures}
    means = [_mean(measure, values[measure.name], records) for measure in measures]
    seconds = [record.seconds for record in records if record.prediction] or [0.0]
    unreadable = [r for r in records if r.prediction and r.sample.options and chosen(r) is None]
    return Scores(
        task.name,
        run["method"],
        len(records),
        sum(record.prediction is None for record in records),
        len(unreadable) if "choice" in run["gives"] else 0,
        dict(Counter(record.failure for record in records if record.failure)),
        tuple(mean for mean in means if mean.num_samples),
        table(task, records, run["gives"], "corrected"),
        table(task, records, run["gives"], "official"),
        _categories(values, records),
        sum((record.prediction.cost for record in records if record.prediction), Cost()),
        float(np.median(seconds)),
        float(np.quantile(seconds, 0.95)),
    )


def _mean(measure: Measure, values: Sequence[float | None], records: Sequence[Record]) -> Mean:
    kept = [(value, r.sample.video) for value, r in zip(values, records, strict=True) if value is not None]
    interval = bootstrap([value for value, _ in kept], [video for _, video in kept])
    return Mean(measure.name, measure.says, interval, len(kept))


def _categories(
    values: Mapping[str, Sequence[float | None]], records: Sequence[Record]
) -> dict[str, dict[str, float]]:
    """Means by category, the largest categories where there are very many."""
    members: dict[str, list[int]] = defaultdict(list)
    for at, record in enumerate(records):
        if record.sample.category:
            members[record.sample.category].append(at)
        if record.sample.duration_group:
            members[_DURATION + record.sample.duration_group].append(at)
    largest = sorted(members, key=lambda name: -len(members[name]))[:MOST_CATEGORIES]
    first_seen = list(members)
    ordered = sorted(largest, key=lambda name: (name.startswith(_DURATION), _place(name, first_seen)))
    return {name: _row(values, members[name]) for name in ordered}


def _place(name: str, first_seen: Sequence[str]) -> tuple[int, str]:
    """Categories by name, duration groups as they come in the benchmark."""
    return (first_seen.index(name), "") if name.startswith(_DURATION) else (0, name)


def _row(values: Mapping[str, Sequence[float | None]], members: Sequence[int]) -> dict[str, float]:
    row: dict[str, float] = {"samples": len(members)}
    for name, column in values.items():
        kept = [value for at in members if (value := column[at]) is not None]
        if kept:
            row[name] = sum(kept) / len(kept)
    return row
