"""The command line. Thin: each command parses its arguments, calls the library, prints what came back.

Answers go to standard output, everything else to standard error. Exit status: 0 done or answered,
1 failure, 2 bad input, 3 honestly not found or a limit reached first, 130 interrupted. Nothing heavy is
imported before a command needs it.
"""

import atexit
import gc
import sys
from collections.abc import Sequence

from rewatch.agent.cli.status import INTERRUPTED

_ALLOCATIONS_A_COLLECTION = 50_000
"""Importing LangGraph allocates some hundred thousand objects that all stay; with the default of 700 an eighth of
the time goes into looking for garbage among them."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: Arguments after the program's name; None takes those of the process.

    Returns:
        The exit status.
    """
    gc.set_threshold(_ALLOCATIONS_A_COLLECTION)
    atexit.register(
        gc.freeze
    )  # or the interpreter looks through all modules once more, a fifth of a short run
    try:
        from rewatch.agent.cli.app import run

        return run(argv)
    except KeyboardInterrupt:  # before `run` listens: while its modules are imported
        print("rewatch: interrupted", file=sys.stderr)
        return INTERRUPTED
