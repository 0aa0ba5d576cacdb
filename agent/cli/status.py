"""Exit statuses of the command line. Success is 0."""

FAILED = 1
"""Something went wrong that is not the caller's doing."""

USAGE = 2
"""Bad input: a file, a time or an option that cannot be."""

NOT_FOUND = 3
"""The video does not show it, or a limit was reached before it was found."""

INTERRUPTED = 130
"""Ctrl-C; 128 + SIGINT, as shells have it."""
