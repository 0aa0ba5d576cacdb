"""`rewatch doctor`: what is installed, what is missing, and the command that adds it.

The checks are `agent.doctor`'s; this module prints them.
"""

from dataclasses import asdict
from pathlib import Path

import typer
from rich.text import Text

from rewatch.agent.cli.options import JsonOption, LibraryOption, library_folder
from rewatch.agent.cli.printing import make_console, print_json, printable
from rewatch.agent.cli.status import FAILED

_STYLE = {"ok": "green", "warning": "yellow", "missing": "red"}


def doctor(library: LibraryOption = None, as_json: JsonOption = False) -> None:
    """Tell what this installation can do, what each preset needs, and what would add the rest.

    Exit status 1 when something that every command needs is missing or does not load.
    """
    from rewatch.agent.doctor import examine
    from rewatch.agent.doctor_presets import examine_presets

    folder: Path = library_folder(library)
    checks = [*examine(folder), *examine_presets()]
    if as_json:
        print_json([asdict(check) for check in checks])
    else:
        console = make_console()
        for check in checks:
            status = Text(f"{check.status:<8}", style=_STYLE[check.status])
            console.print(status, Text(f"{check.name:<18}"), Text(printable(check.detail)))
            if check.remedy:
                console.print(Text(f"{'':<28}{printable(check.remedy)}", style="dim"))
    if any(check.required and check.status == "missing" for check in checks):
        raise typer.Exit(FAILED)
