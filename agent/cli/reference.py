"""Writes the reference of the command line from the commands' own help.

Run as `python -m rewatch.agent.cli.reference docs/cli.md`.
"""

import sys
from pathlib import Path
from typing import Any

from typer.main import get_command as build_command

_INTRODUCTION = """# Command line

Generated from the commands' own help by `make docs`; a test fails when it is not current.

Answers go to standard output, everything else to standard error; progress bars appear only on a terminal.
Times are written `90`, `1:30` or `0:01:30.5` and count from the video's first displayed frame.

| exit status | meaning |
|---|---|
| 0 | answered, or done |
| 1 | failure |
| 2 | bad input: a file, a time or an option that cannot be |
| 3 | honestly not found, or a limit was reached first |
| 130 | interrupted; what was stored stays |
"""
_WIDTH = 100


def render() -> str:
    """The whole reference as Markdown, the same on every machine."""
    from rewatch.agent.cli.app import OWN_COMMANDS, build

    group: Any = build_command(build())
    context = _context(group, "rewatch")
    sections = [_section("rewatch", group.get_help(context))]
    for name in OWN_COMMANDS:
        command = group.commands[name]
        sections.append(_section(f"rewatch {name}", command.get_help(_context(command, name, context))))
    return _INTRODUCTION + "".join(sections)


def _context(command: Any, name: str, parent: Any = None) -> Any:
    return command.make_context(name, [], parent=parent, resilient_parsing=True, terminal_width=_WIDTH)


def _section(title: str, text: str) -> str:
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    return f"\n## {title}\n\n```\n{lines.strip()}\n```\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(render(), encoding="utf-8")
