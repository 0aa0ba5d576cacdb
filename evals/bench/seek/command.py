"""`rewatch bench seek`: temporal search, measured on simulated haystacks or on a real video with planted pictures."""

from pathlib import Path
from typing import Annotated

import typer

from rewatch.agent.cli.options import JsonOption
from rewatch.agent.cli.printing import complain, make_console, print_json
from rewatch.memory.errors import InputError


def seek(
    *,
    videos: Annotated[
        int, typer.Option("--videos", metavar="N", min=2, help="Simulated videos for each comparison.")
    ] = 150,
    absence: Annotated[
        int,
        typer.Option("--absence", metavar="N", min=2, help="Videos with the target, and as many without."),
    ] = 500,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Of everything that is drawn.")] = 0,
    processes: Annotated[int, typer.Option("--processes", metavar="N", min=1, help="Worker processes.")] = 2,
    video: Annotated[
        Path | None, typer.Option("--video", metavar="FILE", help="Search this real video instead.")
    ] = None,
    plant: Annotated[
        int, typer.Option("--plant", metavar="N", min=1, help="Pictures drawn into the real video.")
    ] = 3,
    calibration: Annotated[
        Path | None,
        typer.Option("--calibration", metavar="FILE", help="Write the scorer's calibration here (--video)."),
    ] = None,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where results go.")] = Path("seek"),
    as_json: JsonOption = False,
) -> None:
    """Measure temporal search: F1, looks, absence and calibration, for it and for every published baseline.

    Without --video, on simulated haystacks: tables, plots and every trial go to --out. With --video, small pictures are
    drawn into a real video at known times and sizes and searched for with a scorer that knows them by their colours.
    """
    console = make_console()
    if video is not None:
        if not video.is_file():
            raise InputError(f"{video} is no file; name a video")
        from rewatch.evals.bench.seek.planted import search_planted

        report = search_planted(video, plant, seed, calibration)
        if as_json:
            print_json(report.to_plain())
        else:
            console.print(report.to_text())
        return
    from rewatch.evals.bench.seek.simulation import Plan, simulate

    def progress(name: str, done: int, total: int) -> None:
        if done == total:
            complain(f"{name}: {done} videos")

    plan = Plan(videos=videos, absence=absence, seed=seed, processes=processes)
    page = simulate(plan, out, progress)
    if as_json:
        print_json({"page": str(out / "seek.md"), "trials": str(out / "trials.jsonl")})
    else:
        console.print(page)
