"""`rewatch bench`: measuring parts of the system on this machine.

Owns the table of sub-commands, one module each, imported when it is called. What is measured, and how, is its
own module's work.
"""

import sys
from importlib import import_module
from typing import Any

import typer
import typer.core

from rewatch.agent.cli.status import USAGE

COMMANDS: dict[str, tuple[str, str]] = {
    "compress": ("rewatch.evals.bench.compress:compress", "rewatch bench compress --quick"),
}
"""Name of a sub-command, the function that it is (`module:name`), an example of its use."""


class BenchGroup(typer.core.TyperGroup):
    """The sub-commands, each loaded on demand."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        place, example = COMMANDS[cmd_name]
        module, _, name = place.partition(":")
        single = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
        single.command(cmd_name, epilog=f"Example: {example}")(getattr(import_module(module), name))
        return typer.main.get_command(single)


app = typer.Typer(
    name="bench",
    cls=BenchGroup,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def bench(context: typer.Context) -> None:
    """Measure parts of the system on this machine."""
    if context.invoked_subcommand is None:
        print(context.get_help(), file=sys.stderr)
        raise typer.Exit(USAGE)
