"""`rewatch eval judge`: a chat model rates the free answers of a run."""

from contextlib import closing
from typing import Annotated

import typer

from rewatch.agent.backends import Backends
from rewatch.agent.cli.models import BaseUrlOption, ConfigOption, DeviceOption, choose
from rewatch.agent.cli.options import JsonOption
from rewatch.agent.cli.printing import make_console, print_json
from rewatch.evals.cli.progress import counting
from rewatch.evals.cli.scores import RunArgument
from rewatch.evals.runner.journal import hold, read_records
from rewatch.evals.runner.judging import judge
from rewatch.memory.types import Limits
from rewatch.tools.meter import Meter


def judge_run(
    run: RunArgument,
    *,
    model: Annotated[
        str, typer.Option("--judge", metavar="NAME", help="Who rates: PROVIDER:MODEL or hf:NAME_OR_FOLDER.")
    ],
    base_url: BaseUrlOption = None,
    device: DeviceOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Rate free answers 0 to 3 against the right ones, as V-STaR does; `score` and `report` take the ratings up."""
    settings = choose(config, {"planner": model, "base_url": base_url, "device": device})
    with closing(Backends(settings)) as backends, hold(run), counting("answers") as progress:
        rated = judge(run, read_records(run), lambda: backends.chat(Meter(Limits())), progress)
    if as_json:
        print_json({"num_rated": rated})
    else:
        make_console().print(f"{rated} answers rated; see: rewatch eval score {run}", markup=False)
