"""`rewatch eval run`: a method over a benchmark, resumed where an earlier run ended."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from rewatch.agent.cli.models import choose
from rewatch.agent.cli.options import JsonOption
from rewatch.agent.cli.printing import complain, make_console, print_json
from rewatch.agent.cli.status import FAILED
from rewatch.evals.cli.progress import counting
from rewatch.evals.methods.registry import open_method
from rewatch.evals.methods.setup import RECORDINGS, Setup, merged_recordings
from rewatch.evals.methods.workplace import Workplace
from rewatch.evals.runner.journal import RUN_FILE, Journal, describe_run, hold, read_run, write_run
from rewatch.evals.runner.running import Allowance, run
from rewatch.evals.tasks.folder import DataFolder
from rewatch.evals.tasks.sample import Reading
from rewatch.evals.tasks.table import find_task, read
from rewatch.memory.errors import InputError
from rewatch.memory.types import Limits

_SHOWN_FAULTS = 5


def run_task(
    task: Annotated[str, typer.Argument(metavar="TASK", help="A benchmark of `rewatch eval list`.")],
    data: Annotated[Path, typer.Option("--data", metavar="DIR", help="Folder with its published files.")],
    method: Annotated[
        str, typer.Option("--method", metavar="METHOD", help="A method of `rewatch eval list`.")
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder of the run; resumed where it exists.")
    ],
    *,
    workers: Annotated[int, typer.Option("--workers", metavar="N", min=1, help="Videos at a time.")] = 1,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Try failed samples again.")] = False,
    max_seconds: Annotated[
        float | None, typer.Option("--max-seconds", metavar="S", help="Limit for one sample.")
    ] = None,
    max_frames: Annotated[
        int | None,
        typer.Option("--max-frames", metavar="N", help="Limit of frames looked at for one sample."),
    ] = None,
    run_samples: Annotated[
        int | None, typer.Option("--run-samples", metavar="N", min=0, help="Run at most so many samples now.")
    ] = None,
    run_seconds: Annotated[
        float | None, typer.Option("--run-seconds", metavar="S", help="Begin no sample after this long.")
    ] = None,
    run_dollars: Annotated[
        float | None, typer.Option("--run-dollars", metavar="D", help="Begin no sample after spending this.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A setting of the agent, such as preset=local."),
    ] = None,
    record: Annotated[bool, typer.Option("--record", help="Record all calls of models.")] = False,
    replay: Annotated[
        Path | None, typer.Option("--replay", metavar="DIR", help="Answer from the recordings of that run.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Run a method over a benchmark. A run that was stopped or killed goes on where it was."""
    chosen, folder = find_task(task), DataFolder(data)
    reading = read(chosen, folder)
    if not reading.samples:
        raise InputError(f"{data} holds no sample of {task} that can be read")
    limits = Limits(seconds=max_seconds)
    if max_frames is not None:
        limits = Limits(seconds=max_seconds, frames=max_frames)
    place = Workplace(folder, out, with_subtitles=chosen.with_subtitles)
    with hold(out), Journal(out) as journal, counting("samples") as progress:
        given = _parsed(settings or [])
        setup = _setup(given, out, record=record, replay=replay)
        with closing(open_method(method, place, setup)) as made:
            _write_down(out, describe_run(chosen, method, made.gives, data, reading, limits, _told(setup)))
        _tell_faults(reading)
        outcome = run(
            reading.samples,
            lambda: open_method(method, place, setup),
            journal,
            limits=limits,
            allowance=Allowance(run_samples, run_seconds, run_dollars),
            workers=workers,
            retry_failed=retry_failed,
            progress=progress,
        )
    place.close()
    left = outcome.num_samples - outcome.num_done
    if as_json:
        print_json({**asdict(outcome), "num_left": left, "num_faults": len(reading.faults)})
    else:
        told = f"{outcome.num_done} of {outcome.num_samples} samples done, {outcome.num_failed} failed"
        make_console().print(f"{told}; see: rewatch eval score {out}", markup=False)
        if outcome.stopped_by:
            complain(f"stopped by --run-{outcome.stopped_by}; the same command goes on")
    if outcome.num_done and outcome.num_failed == outcome.num_done:
        first = next(record for record in journal.records.values() if record.failure)
        complain(f"every sample failed, the first one with {first.failure}: {first.reason}")
        raise typer.Exit(FAILED)


def _parsed(settings: list[str]) -> dict[str, str]:
    """Settings by name.

    Raises:
        InputError: One has no name or no value.
    """
    given: dict[str, str] = {}
    for text in settings:
        name, mark, value = text.partition("=")
        if not (mark and name.strip() and value.strip()):
            raise InputError(f"--set {text!r} is no setting; write --set planner=openai:MODEL")
        given[name.strip()] = value.strip()
    return given


def _told(setup: Setup) -> dict[str, Any]:
    """The settings that decide what is answered."""
    return {
        name: getattr(setup.settings, name)
        for name in ("planner", "vlm", "encoder", "detector", "max_rounds", "recheck")
    }


def _setup(given: Mapping[str, str], out: Path, *, record: bool, replay: Path | None) -> Setup:
    if record and replay:
        raise InputError("--record and --replay exclude each other; a replay asks no model")
    chosen: dict[str, object] = dict(given)
    if replay is not None:
        chosen["replay"] = merged_recordings(replay, out / "replay.jsonl")
    return Setup(choose(None, chosen), out / RECORDINGS if record else None)


def _tell_faults(reading: Reading) -> None:
    if not reading.faults:
        return
    complain(f"{len(reading.faults)} records break their format and are not run; the first ones:")
    for fault in reading.faults[:_SHOWN_FAULTS]:
        complain(f"{fault.where}: {fault.reason}")


def _write_down(out: Path, run: dict[str, Any]) -> None:
    """Say in the folder what is run there.

    Raises:
        InputError: The folder holds a run of something else.
    """
    if (out / RUN_FILE).exists():
        known = read_run(out)
        for name in ("task", "method", "limits", "settings"):
            if known.get(name) != run[name]:
                raise InputError(
                    f"{out} holds a run with {name} {known.get(name)!r}, not {run[name]!r}; choose another --out"
                )
    write_run(out, run)
