"""Two runs side by side: paired tests on the samples that both have."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rewatch.evals.metrics.statistics import Difference, mcnemar, paired_difference
from rewatch.evals.runner.measures import measures_of
from rewatch.evals.runner.record import Record
from rewatch.evals.runner.scoring import finite
from rewatch.evals.tasks.table import find_task
from rewatch.memory.errors import InputError


@dataclass(frozen=True, slots=True)
class Compared:
    """One measure of two runs."""

    name: str
    first: float
    second: float
    difference: Difference
    mcnemar_p: float | None
    """Exact p-value where the measure is right or wrong; questions of one video are taken as independent."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs of one task."""

    task: str
    first: str
    second: str
    num_common: int
    num_only_first: int
    num_only_second: int
    measures: tuple[Compared, ...]

    def to_plain(self) -> dict[str, Any]:
        """Plain values for JSON; a number that JSON has no form for is None."""
        plain: dict[str, Any] = finite(asdict(self))
        return plain


def compare(
    first_run: Mapping[str, Any],
    first: Sequence[Record],
    second_run: Mapping[str, Any],
    second: Sequence[Record],
) -> Comparison:
    """Compare two runs; a sample that failed in one counts 0 there.

    Raises:
        InputError: They are of different tasks, or share no sample.
    """
    if first_run["task"] != second_run["task"]:
        raise InputError(f"a run of {first_run['task']} and one of {second_run['task']} cannot be compared")
    others = {record.sample.sample_id: record for record in second}
    pairs = [
        (record, others[record.sample.sample_id]) for record in first if record.sample.sample_id in others
    ]
    if not pairs:
        raise InputError("the two runs have no sample in common")
    gives = sorted(set(first_run["gives"]) & set(second_run["gives"]))
    measures = measures_of(find_task(first_run["task"]), gives)
    compared = [
        _compared(measure.name, [(measure.of(a), measure.of(b)) for a, b in pairs], pairs)
        for measure in measures
    ]
    return Comparison(
        first_run["task"],
        first_run["method"],
        second_run["method"],
        len(pairs),
        len(first) - len(pairs),
        len(second) - len(pairs),
        tuple(item for item in compared if item is not None),
    )


def _compared(
    name: str, values: Sequence[tuple[float | None, float | None]], pairs: Sequence[tuple[Record, Record]]
) -> Compared | None:
    kept = [
        (a, b, one.sample.video)
        for (a, b), (one, _) in zip(values, pairs, strict=True)
        if a is not None and b is not None
    ]
    if not kept:
        return None
    first, second = [a for a, _, _ in kept], [b for _, b, _ in kept]
    difference = paired_difference(first, second, [video for _, _, video in kept])
    exact = None
    if {*first, *second} <= {0.0, 1.0}:
        exact = mcnemar(sum(a > b for a, b, _ in kept), sum(b > a for a, b, _ in kept))
    return Compared(name, sum(first) / len(kept), sum(second) / len(kept), difference, exact)
