"""Commands of commands: `rewatch bench` and `rewatch eval` are tables of sub-commands, each loaded when called."""

import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import typer
import typer.core

from rewatch.agent.cli.status import USAGE

Commands = Mapping[str, tuple[str, str]]
"""Name of a sub-command, the function that it is (`module:name`), an example of its use."""


def command_group(name: str, commands: Commands, says: str) -> typer.Typer:
    """Make the application of a table of sub-commands.

    Args:
        name: The command.
        commands: Its sub-commands.
        says: What it is for, in one line.
    """

    class Group(typer.core.TyperGroup):
        def list_commands(self, ctx: Any) -> list[str]:
            return list(commands)

        def get_command(self, ctx: Any, cmd_name: str) -> Any:
            if cmd_name not in commands:
                return None
            place, example = commands[cmd_name]
            module, _, function = place.partition(":")
            single = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
            single.command(cmd_name, epilog=f"Example: {example}")(getattr(import_module(module), function))
            return typer.main.get_command(single)

    app = typer.Typer(
        name=name,
        cls=Group,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @app.callback(invoke_without_command=True, help=says)
    def group(context: typer.Context) -> None:
        if context.invoked_subcommand is None:
            print(context.get_help(), file=sys.stderr)
            raise typer.Exit(USAGE)

    return app
