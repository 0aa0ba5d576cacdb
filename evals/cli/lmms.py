"""`rewatch eval read-lmms`: another model's result file of lmms-eval becomes a run."""

from pathlib import Path
from typing import Annotated

import typer

from rewatch.agent.cli.options import JsonOption
from rewatch.agent.cli.printing import complain, make_console, print_json
from rewatch.evals.lmms.results import read_results
from rewatch.evals.runner.journal import Journal, describe_run, hold, write_run
from rewatch.evals.tasks.folder import DataFolder
from rewatch.evals.tasks.table import find_task, read
from rewatch.memory.errors import InputError
from rewatch.memory.types import Limits


def read_lmms(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="*_samples_*.jsonl of lmms-eval --log_samples.")
    ],
    task: Annotated[str, typer.Option("--task", metavar="TASK", help="The benchmark that it ran.")],
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="Folder with its published files.")],
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder for the run; must hold none yet.")
    ],
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="How to call the model.")] = "lmms-eval",
    as_json: JsonOption = False,
) -> None:
    """Read a result file of lmms-eval into a run that `score`, `compare` and `report` take."""
    chosen = find_task(task)
    published = read(chosen, DataFolder(data))
    records, reading = read_results(file, published.samples)
    if not records:
        raise InputError(f"{file} holds no reply to a sample of {task}")
    for fault in reading.faults:
        complain(f"{fault.where}: {fault.reason}")
    with hold(out), Journal(out) as journal:
        if journal.records:
            raise InputError(f"{out} holds a run already; choose another --out")
        write_run(out, describe_run(chosen, name, ("choice", "text"), data, published, Limits()))
        for record in records:
            journal.append(record)
    left = len(published.samples) - len(journal.records)
    if as_json:
        print_json(
            {"num_replies": len(records), "num_faults": len(reading.faults), "num_without_reply": left}
        )
    else:
        make_console().print(
            f"{len(records)} replies, {left} samples without one; see: rewatch eval score {out}"
        )
