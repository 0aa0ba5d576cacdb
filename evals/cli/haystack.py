"""`rewatch eval haystack`: needles at known times in a long video, with questions whose truth is known."""

import sys
from pathlib import Path
from typing import Annotated, cast, get_args

import typer

from rewatch.agent.cli.options import JsonOption
from rewatch.agent.cli.printing import make_console, print_json
from rewatch.agent.cli.progress import show_progress
from rewatch.evals.haystacks.base import Base, RealVideo, Scenery
from rewatch.evals.haystacks.plan import NeedleKind, make_plan
from rewatch.evals.haystacks.render import render
from rewatch.memory.errors import InputError
from rewatch.memory.timecode import parse_seconds


def make_haystack(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the videos and the truth.")],
    *,
    length: Annotated[
        list[str],
        typer.Option(
            "--length", metavar="TIME", help="A minute to ten hours; give it again for another video."
        ),
    ],
    base: Annotated[
        Path | None,
        typer.Option("--base", metavar="VIDEO", help="Hide in this video.  [default: drawn scenery]"),
    ] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            "--kind", metavar="KIND", help="text, speech, picture or clip.  [default: text and speech]"
        ),
    ] = None,
    needles: Annotated[int, typer.Option("--needles", metavar="N", help="Needles of each kind.")] = 6,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="The same seed hides the same.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Make a haystack: find, order, count, deny and ground what is hidden in a long video."""
    kinds = _kinds(kind or ["text", "speech"])
    plans = [make_plan(parse_seconds(text), kinds, needles, seed) for text in dict.fromkeys(length)]
    source: Base = RealVideo(base) if base else Scenery()
    total = float(sum(plan.length_seconds for plan in plans))
    with show_progress(out) as report:
        render(plans, source, out, lambda seconds: report("drawing", seconds, total))
    samples = sum(len(plan.samples) for plan in plans)
    if as_json:
        print_json({"videos": [f"{plan.name}.mp4" for plan in plans], "num_samples": samples})
        return
    told = f"{len(plans)} videos, {samples} questions; run: rewatch eval run haystack --data {out} --method agent"
    make_console().print(told, markup=False)
    print("the subtitles beside each video hold the speech; keep them together", file=sys.stderr)


def _kinds(names: list[str]) -> tuple[NeedleKind, ...]:
    known = get_args(NeedleKind)
    if unknown := [name for name in names if name not in known]:
        raise InputError(f"--kind {unknown[0]!r} is unknown; choose {', '.join(known)}")
    return tuple(cast(NeedleKind, name) for name in dict.fromkeys(names))
