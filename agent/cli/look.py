"""`rewatch look`: ask a vision-language model what the pictures of a moment show."""

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from rewatch.agent.cli.models import LOOKING, Given, takes_models
from rewatch.agent.cli.options import (
    FromOption,
    JsonOption,
    LibraryOption,
    ToOption,
    VideoArgument,
    clamp,
    library_folder,
    open_library,
    parse_span,
)
from rewatch.agent.cli.printing import complain, compression_line, make_console, one_line, print_json
from rewatch.agent.cli.status import FAILED, NOT_FOUND
from rewatch.agent.written import require_text
from rewatch.memory.errors import InputError
from rewatch.memory.timecode import format_seconds

if TYPE_CHECKING:
    from rewatch.memory.types import Cost, Observation


@takes_models("max_dollars", *LOOKING)
def look(
    video: VideoArgument,
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="What to find out, in quotes.")],
    *,
    from_: FromOption = None,
    to: ToOption = None,
    detail: Annotated[
        Literal["motion", "balanced", "fine"],
        typer.Option("--detail", help="Many small frames, few large ones, or between."),
    ] = "balanced",
    visual_tokens: Annotated[
        int, typer.Option("--visual-tokens", metavar="N", min=1, help="The frames take at most so many.")
    ] = 8192,
    panel: Annotated[
        int | None,
        typer.Option("--panel", metavar="N", help="Show an endpoint NxN frames a picture.  [default: 1]"),
    ] = None,
    given: Given,
    library: LibraryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Look at a part of a video with a vision-language model, and ask it a question.

    The video need not be indexed. The same look again is answered from the memory. Exit status: 0 the frames
    show it, 3 they do not, 1 the model failed.
    """
    if not question.strip():
        raise InputError("the question is empty; write it in quotes after the video")
    require_text(question, "the question")
    span = parse_span(from_, to)
    settings = replace(given.settings(panel=panel), library=library_folder(library))

    from rewatch.agent.backends import Backends
    from rewatch.tools.context import ToolContext
    from rewatch.tools.look import look as look_at
    from rewatch.tools.meter import Meter

    with open_library(library) as memory, Backends(settings) as backends:
        info = memory.meant(video)
        context = ToolContext(memory, (info,), meter=Meter(settings.limits), models=backends.models())
        seen = look_at(
            context, info.video_id, clamp(span, info), question, detail=detail, visual_tokens=visual_tokens
        )
        cost = context.meter.cost
    if as_json:
        print_json([asdict(observation) for observation in seen])
    else:
        _print(seen, cost)
    failed = [observation.error for observation in seen if observation.error]
    for error in failed:
        complain(error)
    if failed or not any(observation.score for observation in seen):
        raise typer.Exit(FAILED if failed else NOT_FOUND)


def _print(seen: "list[Observation]", cost: "Cost") -> None:
    console = make_console()
    if seen[0].text:
        console.print(one_line(seen[0].text, length=2000), style="bold" if seen[0].score else "bold yellow")
    for observation in seen:
        frames = ", ".join(_time(seconds) for seconds in observation.frame_seconds)
        where = f"{_time(observation.span.start_seconds)}-{_time(observation.span.end_seconds)}"
        console.print(f"  {'shown' if observation.score else 'looked at'} {where}  (frames at {frames})")
    if (probability := seen[0].probability) is not None:
        console.print(f"  probability that it is shown {probability:.2f}, by {seen[0].model}")
    if (compression := seen[0].compression) is not None:
        console.print(f"  compressed by {compression_line(compression)}")
    told = f"  cost {cost.seconds:.2f} s, {cost.frames} frames, {cost.visual_tokens} visual tokens"
    console.print(told + (f", ${cost.dollars:.4f}" if cost.dollars else ""))


def _time(seconds: float) -> str:
    return format_seconds(seconds, decimals=1)
