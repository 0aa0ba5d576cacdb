"""`rewatch seek`: find the moments of a video that show something."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast, get_args

import typer
from rich.text import Text

from rewatch.agent.cli.models import LOOKING, Given, takes_models
from rewatch.agent.cli.options import (
    FromOption,
    JsonOption,
    LibraryOption,
    ToOption,
    VideoArgument,
    clamp,
    open_library,
    parse_span,
)
from rewatch.agent.cli.printing import format_span, make_console, one_line, print_json
from rewatch.agent.cli.status import NOT_FOUND
from rewatch.agent.written import require_text
from rewatch.memory.errors import InputError

if TYPE_CHECKING:
    from rewatch.tools.seek.relations import TargetRelation


@takes_models("max_dollars", *LOOKING, "encoder", "detector")
def seek(
    video: VideoArgument,
    target: Annotated[str, typer.Argument(metavar="TARGET", help="What to find, such as 'red car'.")],
    *,
    cue: Annotated[
        list[str] | None,
        typer.Option("--cue", metavar="TEXT", help="Something seen beside it; may be repeated."),
    ] = None,
    before: Annotated[
        str | None, typer.Option("--before", metavar="TEXT", help="It comes before this is seen.")
    ] = None,
    after: Annotated[
        str | None, typer.Option("--after", metavar="TEXT", help="It comes after this is seen.")
    ] = None,
    nth: Annotated[
        int, typer.Option("--nth", metavar="N", help="Only the Nth time; -1 the last.  [default: any]")
    ] = 0,
    from_: FromOption = None,
    to: ToOption = None,
    max_looks: Annotated[
        int, typer.Option("--max-looks", metavar="N", min=1, help="Look at no more frames than this.")
    ] = 256,
    scorer: Annotated[
        str | None,
        typer.Option(
            "--scorer", metavar="NAME", help="detector, encoder, vlm or reading.  [default: best set]"
        ),
    ] = None,
    calibration: Annotated[
        Path | None,
        typer.Option("--calibration", metavar="FILE", help="Of the scorer, by `rewatch bench seek`."),
    ] = None,
    given: Given,
    library: LibraryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find the moments of an indexed video that show something, with as few looks as possible.

    Every look is kept: asked again, the search goes on from what was seen. Exit status: 0 found, 3 the video
    probably does not show it.
    """
    for written in (target, *(cue or ()), before or "", after or ""):
        require_text(written, "the target or cue")
    settings, span = given.settings(), parse_span(from_, to)

    from rewatch.agent.backends import Backends

    with open_library(library) as memory, Backends(settings) as backends:
        from rewatch.tools.context import ToolContext
        from rewatch.tools.meter import Meter
        from rewatch.tools.seek.calibration import load
        from rewatch.tools.seek.scorers import ScorerName
        from rewatch.tools.seek.tool import seek as find

        info = memory.find(str(video))
        if scorer is not None and scorer not in get_args(ScorerName):
            raise InputError(
                f"--scorer {scorer!r} is unknown; choose among {', '.join(get_args(ScorerName))}"
            )
        limits = replace(settings.limits, frames=None, tool_calls=None)
        models = backends.models(settings.encoder)
        context = ToolContext(memory, (info,), clamp(span, info), Meter(limits), models)
        relations = _relations(target, before, after, nth)
        others = [text for text in (before, after) if text]
        result = find(
            context,
            info.video_id,
            [target, *others],
            cue or (),
            relations,
            max_looks=max_looks,
            scorer=cast(ScorerName | None, scorer),
            evidence=load(calibration) if calibration else None,
        )
    moments = [seen for seen in result.moments if seen.text == target.strip()]
    absent = 1 - (result.verdicts[0].probability or 0.0)
    if as_json:
        print_json(
            {
                "video_id": info.video_id,
                "absent_probability": absent,
                "looks": len(result.looks),
                "stopped": result.stopped,
                "moments": [asdict(seen) for seen in moments],
            }
        )
    else:
        console = make_console()
        for seen in moments:
            where = format_span(seen.span.start_seconds, seen.span.end_seconds)
            console.print(
                Text(f"{where:<16}", style="cyan"), f"{seen.probability or 0:.2f} ", one_line(seen.text)
            )
        for verdict in result.verdicts:
            console.print(Text(verdict.text))
        console.print(f"looks: {len(result.looks)}")
    if not moments or absent > 0.5:
        raise typer.Exit(NOT_FOUND)


def _relations(target: str, before: str | None, after: str | None, nth: int) -> "list[TargetRelation]":
    from rewatch.tools.seek.relations import TargetRelation

    name = target.strip()
    relations = []
    if before:
        relations.append(TargetRelation(name, "before", before.strip()))
    if after:
        relations.append(TargetRelation(name, "after", after.strip()))
    if nth:
        relations.append(TargetRelation(name, "nth", nth=nth))
    return relations
