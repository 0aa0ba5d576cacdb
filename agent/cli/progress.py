"""Progress bars on standard error, and only where a person watches: on a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rewatch.agent.cli.ctrl_c import stop_if_pressed
from rewatch.agent.cli.printing import one_line

ReportProgress = Callable[[str, float, float], None]
"""Told the stage's name, how many seconds of the video are done, and how many there are."""


@contextmanager
def show_progress(video: Path) -> Iterator[ReportProgress]:
    """Show one bar a stage while a video is indexed.

    Yields:
        The function that the stages report to; it does nothing where standard error is no terminal.
    """
    from rich.console import Console

    console = Console(stderr=True, markup=False, emoji=False, highlight=False)
    if not console.is_terminal:
        yield _only_stop
        return
    from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=console) as bars:

        def report(stage: str, done_seconds: float, total_seconds: float) -> None:
            stop_if_pressed()
            if stage not in tasks:
                name = one_line(video.name, length=32)
                tasks[stage] = bars.add_task(f"{name}  {stage}", total=total_seconds)
            bars.update(tasks[stage], completed=done_seconds)

        yield report


def _only_stop(stage: str, done_seconds: float, total_seconds: float) -> None:
    """Report to nobody."""
    stop_if_pressed()
