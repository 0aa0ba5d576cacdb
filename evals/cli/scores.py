"""`rewatch eval score`, `compare`, `report` and `submit`: what follows from a run's records."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from rewatch.agent.cli.options import JsonOption
from rewatch.agent.cli.printing import make_console, print_json
from rewatch.evals.runner.comparing import Comparison, compare
from rewatch.evals.runner.journal import read_records, read_run
from rewatch.evals.runner.scoring import Scores, score
from rewatch.evals.runner.submission import submission
from rewatch.memory.errors import StorageError

RunArgument = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a run.")]


def score_run(
    run: RunArgument,
    visual: Annotated[
        bool, typer.Option("--visual", help="Compare frames as pictures, too (reads the videos).")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Score a run: means with 95 % intervals over videos, the tables of the published scripts, cost and latency."""
    about, records = read_run(run), read_records(run)
    scores = score(about, records)
    pictures: Mapping[str, float] = {}
    if visual:
        from rewatch.evals.runner.visual import visual_scores

        pictures = visual_scores(about, records)
    if as_json:
        print_json({**scores.to_plain(), "visual": dict(pictures)})
        return
    _print_scores(scores, pictures)


def compare_runs(
    first: Annotated[Path, typer.Argument(metavar="A", help="Folder of a run.")],
    second: Annotated[Path, typer.Argument(metavar="B", help="Folder of another run of the same task.")],
    as_json: JsonOption = False,
) -> None:
    """Compare two runs on the samples that both have, with paired tests."""
    found = compare(read_run(first), read_records(first), read_run(second), read_records(second))
    if as_json:
        print_json(found.to_plain())
    else:
        _print_comparison(found)


def report_run(
    run: RunArgument,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Where to write it.  [default: report.html in DIR]"),
    ] = None,
    worst: Annotated[
        int, typer.Option("--worst", metavar="N", min=0, help="Show so many of the worst cases.")
    ] = 12,
    as_json: JsonOption = False,
) -> None:
    """Write a report of a run: one HTML file with plots, categories, cost, latency and the worst cases' frames."""
    from rewatch.evals.runner.report import write_report

    path = out or run / "report.html"
    write_report(read_run(run), read_records(run), path, num_worst=worst)
    if as_json:
        print_json({"report": str(path)})
    else:
        make_console().print(f"wrote {path}", markup=False)


def submit_run(
    run: RunArgument,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the files.")],
    as_json: JsonOption = False,
) -> None:
    """Write a run's predictions in the form that the benchmark's own script or server takes."""
    made = submission(read_run(run)["task"], read_records(run))
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, content in made.files.items():
            (out / name).write_text(content, "utf-8")
    except OSError as error:
        raise StorageError(f"{out} cannot be written: {error.strerror}") from error
    if as_json:
        print_json({"files": [str(out / name) for name in made.files], "num_left_out": made.num_left_out})
        return
    console = make_console()
    for name in made.files:
        console.print(f"wrote {out / name}", markup=False)
    if made.num_left_out:
        console.print(f"{made.num_left_out} failed samples are not in it", markup=False)


def _print_scores(scores: Scores, pictures: Mapping[str, float]) -> None:
    console = make_console()
    console.print(Text(f"{scores.task}, {scores.method}: {scores.num_samples} samples", style="bold"))
    kinds = ", ".join(f"{kind} {count}" for kind, count in scores.failures.items())
    console.print(
        f"failed {scores.num_failed}{f' ({kinds})' if kinds else ''}, unreadable {scores.num_unparseable}"
    )
    console.print(
        f"seconds a sample: median {scores.median_seconds:.2f}, 95th percentile {scores.p95_seconds:.2f}"
    )
    table = _table("corrected", "mean", "95 % interval", "samples")
    for mean in scores.means:
        table.add_row(mean.name, f"{mean.interval.value:.4f}", mean.interval.ends(), str(mean.num_samples))
    console.print(table)
    names = list(dict.fromkeys((*scores.official, *scores.corrected)))
    if names:
        tables = _table("as the published script reports", "official", "corrected")
        for name in names:
            tables.add_row(
                name, *(_number(column.get(name)) for column in (scores.official, scores.corrected))
            )
        console.print(tables)
    for name, value in pictures.items():
        console.print(f"{name} {value:.4f}")


def _print_comparison(found: Comparison) -> None:
    console = make_console()
    console.print(
        Text(
            f"{found.task}: {found.first} (A), {found.second} (B), {found.num_common} common samples",
            style="bold",
        )
    )
    if found.num_only_first or found.num_only_second:
        console.print(f"only in A: {found.num_only_first}, only in B: {found.num_only_second}; not compared")
    table = _table("measure", "A", "B", "B - A", "95 % interval", "p", "McNemar p")
    for item in found.measures:
        change = item.difference
        table.add_row(
            item.name,
            f"{item.first:.4f}",
            f"{item.second:.4f}",
            f"{change.value:+.4f}",
            change.ends("+.4f"),
            f"{change.p_value:.3f}",
            _number(item.mcnemar_p, 3),
        )
    console.print(table)


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for at, column in enumerate(columns):
        table.add_column(column, justify="right" if at else "left")
    return table


def _number(value: float | None, digits: int = 2) -> str:
    return "" if value is None else f"{value:.{digits}f}"
