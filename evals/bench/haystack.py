"""`rewatch bench haystack`: does the agent find what is hidden, however long the video is?

Makes one haystack for each length, with the same kinds of needle, runs the embedded agent over it, and shows accuracy,
grounding and time for a question by length, with a plot.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter, process_time
from typing import Annotated, Any

import numpy as np
import typer
from rich.table import Table

from rewatch.agent.cli.options import JsonOption
from rewatch.agent.cli.printing import make_console, print_json
from rewatch.evals.haystacks.base import Base, RealVideo, Scenery
from rewatch.evals.haystacks.plan import NeedleKind, make_plan
from rewatch.evals.haystacks.render import render
from rewatch.evals.methods import Method, Prediction
from rewatch.evals.methods.registry import open_method
from rewatch.evals.methods.workplace import Workplace
from rewatch.evals.runner.journal import Journal, describe_run, hold, read_records, write_run
from rewatch.evals.runner.measures import measures_of
from rewatch.evals.runner.plots import as_svg, new_figure
from rewatch.evals.runner.record import Record
from rewatch.evals.runner.running import run
from rewatch.evals.tasks.folder import DataFolder
from rewatch.evals.tasks.sample import Sample
from rewatch.evals.tasks.table import find_task, read
from rewatch.memory.timecode import parse_seconds
from rewatch.memory.types import Limits

_KINDS: tuple[NeedleKind, ...] = ("text", "speech")
_CATEGORIES = ("retrieval", "ordering", "counting", "not there")


def haystack(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for videos, run and plot.")],
    length: Annotated[
        list[str] | None,
        typer.Option(
            "--length", metavar="TIME", help="Length of a video; give several.  [default: 30 min to 4 h]"
        ),
    ] = None,
    base: Annotated[Path | None, typer.Option("--base", metavar="VIDEO", help="Hide in this video.")] = None,
    needles: Annotated[int, typer.Option("--needles", metavar="N", help="Needles of each kind.")] = 10,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="The same seed hides the same.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Hide text and speech in videos of several lengths, ask the embedded agent, and plot what it finds."""
    lengths = length or ["30:00", "1:00:00", "2:00:00", "4:00:00"]
    plans = [make_plan(parse_seconds(text), _KINDS, needles, seed) for text in lengths]
    source: Base = RealVideo(base) if base else Scenery()
    render(plans, source, out / "data")
    seconds = _ask(out)
    rows = [
        _row(name, records, seconds[name]) for name, records in _by_length(read_records(out / "run")).items()
    ]
    (out / "haystack.svg").write_text(_plot(rows), "utf-8")
    if as_json:
        print_json(rows)
        return
    table = Table(box=None, pad_edge=False)
    for name in rows[0]:
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(*(f"{value:.3f}" if isinstance(value, float) else str(value) for value in row.values()))
    make_console().print(table)


def _ask(out: Path) -> dict[str, float]:
    """Run the agent over what has no record yet; tells how long indexing took, by length."""
    task, folder, place_folder = find_task("haystack"), DataFolder(out / "data"), out / "run"
    reading = read(task, folder)
    place = Workplace(folder, place_folder, with_subtitles=True)
    spent: dict[str, float] = {}
    with hold(place_folder), Journal(place_folder) as journal:
        for sample in {sample.video: sample for sample in reading.samples}.values():
            started = perf_counter()
            place.library.prepare(place.video(sample))
            spent[sample.duration_group] = perf_counter() - started
        method = _Clocked(open_method("agent", place))
        write_run(place_folder, describe_run(task, "agent", method.gives, out / "data", reading, Limits()))
        run(reading.samples, lambda: method, journal, limits=Limits())
    place.close()
    return spent


class _Clocked:
    """A method that notes the processor time of each answer, which other work on the machine disturbs little."""

    def __init__(self, method: Method) -> None:
        self.gives = method.gives
        self._method = method

    def predict(self, sample: Sample, limits: Limits) -> Prediction:
        """The method's answer, with "processor_seconds" in its `extra`."""
        began = process_time()
        said = self._method.predict(sample, limits)
        return replace(said, extra={**said.extra, "processor_seconds": process_time() - began})

    def close(self) -> None:
        """Close the method."""
        self._method.close()


def _by_length(records: Sequence[Record]) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        found[record.sample.duration_group].append(record)
    return found


def _row(length: str, records: Sequence[Record], index_seconds: float) -> dict[str, Any]:
    measures = {measure.name: measure for measure in measures_of(find_task("haystack"), ("choice", "spans"))}
    row: dict[str, Any] = {"length": length, "questions": len(records)}
    for category in _CATEGORIES:
        kept = [record for record in records if record.sample.category.startswith(category)]
        row[category] = float(np.mean([measures["accuracy"].of(record) or 0.0 for record in kept]))
    grounded = [value for record in records if (value := measures["start_2s"].of(record)) is not None]
    row["within 2 s"] = float(np.mean(grounded))
    row["s a question"] = float(np.median([record.seconds for record in records]))
    said = [record.prediction.extra for record in records if record.prediction]
    row["processor s"] = float(np.median([extra["processor_seconds"] for extra in said])) if said else 0.0
    row["index s"] = index_seconds
    return row


def _plot(rows: Sequence[dict[str, Any]]) -> str:
    figure = new_figure(8, 3.2)
    left, right = figure.subplots(1, 2)
    at = range(len(rows))
    for name in (*_CATEGORIES, "within 2 s"):
        left.plot(at, [row[name] for row in rows], "o-", label=name)
    left.axhline(0.95, color="grey", linewidth=0.8, linestyle="--")
    left.set_ylim(-0.03, 1.03)
    left.set_ylabel("share right")
    left.legend(fontsize=7, loc="lower left")
    for name, style in (("s a question", "o-"), ("processor s", "o--")):
        right.plot(at, [row[name] for row in rows], style, color="#1f4e79", label=name)
    right.set_ylim(bottom=0)
    right.set_ylabel("median seconds a question")
    right.legend(fontsize=7, loc="lower left")
    for axes in (left, right):
        axes.set_xticks(list(at), [row["length"] for row in rows])
        axes.set_xlabel("length of the video")
        axes.grid(alpha=0.3)
    return as_svg(figure)
