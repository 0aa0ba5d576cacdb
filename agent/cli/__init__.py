"""The command line. Thin: each command parses its arguments, calls the library, prints what came back.

Answers go to standard output, everything else to standard error. Exit status: 0 done or answered,
1 failure, 2 bad input, 3 honestly not found or a limit reached first, 130 interrupted. Nothing heavy is
imported before a command needs it.
"""

from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: Arguments after the program's name; None takes those of the process.

    Returns:
        The exit status.
    """
    from rewatch.agent.cli.app import run

    return run(argv)
