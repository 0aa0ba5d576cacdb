"""A bar that counts, with an estimate, on standard error where that is a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def counting(what: str) -> Iterator[Callable[..., None]]:
    """Show a bar.

    Args:
        what: What is counted, such as "samples".

    Yields:
        The function that is told how many are done, how many there are, and how many of those done have failed.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True, markup=False, highlight=False)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        bar = bars.add_task(what, total=None)

        def report(done: int, total: int, failed: int = 0) -> None:
            bars.update(
                bar, completed=done, total=total, description=f"{what}, {failed} failed" if failed else what
            )

        yield report
