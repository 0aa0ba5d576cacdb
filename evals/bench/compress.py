"""`rewatch bench compress`: what each token compressor costs and what it keeps, on this machine."""

from pathlib import Path
from typing import Annotated

import typer

RATIOS = (0.5, 0.25, 0.1, 0.05, 0.02)
CPU_LAYERS = 2
"""Of the language model, measured on a CPU; all 24 of the smallest take minutes for one prefill there."""


def compress(
    video: Annotated[
        list[Path] | None, typer.Argument(metavar="VIDEO", help="Videos beside the drawn clips.")
    ] = None,
    *,
    speed: Annotated[bool, typer.Option("--speed", help="Only the ratios of time on a CPU.")] = False,
    quick: Annotated[
        bool, typer.Option("--quick", help="One drawn clip, two ratios, no language model.")
    ] = False,
    method: Annotated[
        list[str] | None, typer.Option("--method", metavar="NAME", help="Only these methods.")
    ] = None,
    clips: Annotated[int, typer.Option("--clips", metavar="N", min=0, help="How many drawn clips.")] = 3,
    seed: Annotated[
        int,
        typer.Option("--seed", metavar="N", min=0, help="Of the first drawn clip, and of what is planted."),
    ] = 0,
    frames: Annotated[int, typer.Option("--frames", metavar="N", min=8, help="Frames of a clip.")] = 32,
    encoder: Annotated[
        str,
        typer.Option(
            "--encoder",
            metavar="NAME",
            help="random, so400m (a real shape, random weights), or a model of transformers.",
        ),
    ] = "random",
    device: Annotated[str, typer.Option("--device", help="cpu, or cuda.")] = "cpu",
    shape: Annotated[
        str, typer.Option("--shape", help="Language model of the prefill: 0.5b, 7b, or none.")
    ] = "0.5b",
    layers: Annotated[
        int | None,
        typer.Option(
            "--layers",
            metavar="N",
            min=0,
            help="Measure so many layers of it and extrapolate; 0 for all.  [default: 2 on a CPU, else all]",
        ),
    ] = None,
    rounds: Annotated[
        int | None,
        typer.Option(
            "--rounds",
            metavar="N",
            min=1,
            help="The best of so many times counts.  [default: 1 on a CPU, else 3]",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FOLDER", help="Write tables, plots and JSON here.")
    ] = None,
) -> None:
    """Compare the token compressors at equal token counts.

    Information is judged in the space of the pixels, not in the compressor's own: mean and worst-twentieth loss,
    planted things found again, regions of all scenes kept. The language model has the shape of a real one and random
    weights: its time means something, its words do not.
    """
    from rewatch.evals.bench import compress_report as report
    from rewatch.memory.errors import InputError
    from rewatch.tools.compress.methods import METHODS, check_name

    names = method or [name for name in METHODS if name != "flexselect"]
    for name in names:
        check_name(name)
    if shape not in ("0.5b", "7b", "none"):
        raise InputError(f"shape {shape!r} is unknown; choose 0.5b, 7b or none")
    if speed:
        from rewatch.evals.bench.speed import speeds

        report.publish_speed(speeds(rounds or 3, (RATIOS[2],) if quick else RATIOS), out)
        return
    slow = device.startswith("cpu")
    layers = (CPU_LAYERS if slow else 0) if layers is None else layers
    rounds = rounds or (1 if slow else 3)
    from rewatch.evals.bench.comparison import Plan, compare

    plan = Plan(
        methods=tuple(names),
        ratios=(0.1, 0.02) if quick else RATIOS,
        clips=min(clips, 1) if quick else clips,
        seed=seed,
        frames=frames,
        videos=() if quick else tuple(video or []),
        encoder=encoder,
        device=device,
        shape="none" if quick else shape,
        layers=layers or None,
        rounds=1 if quick else rounds,
    )
    report.publish(compare(plan), out)
