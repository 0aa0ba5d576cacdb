"""`rewatch eval list`: which benchmarks and methods there are, and what a folder lacks for them."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from rewatch.agent.cli.options import JsonOption
from rewatch.agent.cli.printing import make_console, print_json
from rewatch.evals.methods.registry import FAMILIES
from rewatch.evals.tasks.folder import DataFolder
from rewatch.evals.tasks.sample import Reading
from rewatch.evals.tasks.table import TASKS, Task, find_task, missing_files, read


def list_tasks(
    task: Annotated[str | None, typer.Argument(metavar="[TASK]", help="Only this one.")] = None,
    data: Annotated[
        Path | None, typer.Option("--data", metavar="DIR", help="Say what this folder has and lacks.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the benchmarks: what each measures, the files it needs, where they come from, and its licence."""
    tasks = [find_task(task)] if task else list(TASKS.values())
    folder = DataFolder(data) if data else None
    rows = [_described(item, folder, whole=task is not None) for item in tasks]
    methods = {family.form: family.does for family in FAMILIES}
    if as_json:
        print_json({"tasks": rows, "methods": methods})
        return
    console = make_console()
    for row in rows:
        console.print(Text(f"{row['name']}  {row['title']}", style="bold"))
        console.print(Text(f"  {row['measures']}"))
        console.print(Text(f"  files    {', and '.join(row['files'])}"))
        console.print(Text(f"  from     {row['source']}"))
        console.print(Text(f"  licence  {row['licence']}"))
        for line in _told(row):
            console.print(Text(f"  {line}"))
    if task is None:
        console.print(Text("methods", style="bold"))
        widest = max(map(len, methods))
        for form, does in methods.items():
            console.print(Text(f"  {form:<{widest}}  {does}"))


def _described(task: Task, folder: DataFolder | None, *, whole: bool) -> dict[str, Any]:
    row: dict[str, Any] = {
        "name": task.name,
        "title": task.title,
        "measures": task.measures,
        "asks": list(task.asks),
        "files": [" or ".join(patterns) for patterns in task.files],
        "source": task.source,
        "licence": task.licence,
    }
    if folder is not None:
        row["missing"] = missing_files(task, folder)
        if whole and not row["missing"]:
            row |= _counted(read(task, folder), folder)
    return row


def _counted(reading: Reading, folder: DataFolder) -> dict[str, Any]:
    videos = sorted({sample.video for sample in reading.samples})
    return {
        "num_samples": len(reading.samples),
        "num_videos": len(videos),
        "missing_videos": [video for video in videos if folder.find_video(video) is None],
        "faults": [asdict(fault) for fault in reading.faults],
    }


def _told(row: dict[str, Any]) -> list[str]:
    if "missing" not in row:
        return []
    if row["missing"]:
        return [f"missing  {', and '.join(row['missing'])}"]
    if "num_samples" not in row:
        return ["here     all annotation files"]
    lines = [f"here     {row['num_samples']} samples, {row['num_videos']} videos"]
    if gone := row["missing_videos"]:
        lines.append(f"missing  {len(gone)} videos, such as {gone[0]}")
    lines += [f"broken   {fault['where']}: {fault['reason']}" for fault in row["faults"]]
    return lines
