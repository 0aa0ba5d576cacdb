"""`rewatch search`: the passages of a video nearest to a query, without an agent."""

from dataclasses import asdict
from typing import Annotated, get_args

import typer
from rich.text import Text

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
from rewatch.memory.errors import InputError
from rewatch.memory.types import Channel


def search(
    video: VideoArgument,
    query: Annotated[str, typer.Argument(metavar="QUERY", help="Words, or what they mean.")],
    *,
    channel: Annotated[
        list[str] | None,
        typer.Option("--channel", metavar="NAME", help="Only speech or screen; may be repeated."),
    ] = None,
    from_: FromOption = None,
    to: ToOption = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, help="At most this many passages.")
    ] = 10,
    library: LibraryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find passages of an indexed video by their words and their meaning.

    Exit status: 0 found, 3 nothing found.
    """
    if not query.strip():
        raise InputError("the query is empty; write some words to search for")
    channels = parse_channels(channel or [])
    span = parse_span(from_, to)
    with open_library(library) as memory:
        from rewatch.tools.context import ToolContext
        from rewatch.tools.search import search as search_passages

        info = memory.find(str(video))
        context = ToolContext(memory, (info,), clamp(span, info))
        found = search_passages(context, query, channels=channels, limit=limit)
    if as_json:
        print_json([asdict(observation) for observation in found])
    else:
        console = make_console()
        for observation in found:
            where = format_span(observation.span.start_seconds, observation.span.end_seconds)
            console.print(
                Text(f"{where:<16}", style="cyan"), f"{observation.channel:<7}", one_line(observation.text)
            )
    if not found:
        raise typer.Exit(NOT_FOUND)


def parse_channels(names: list[str]) -> tuple[Channel, ...] | None:
    """Read repeated `--channel`; None for all of them.

    Raises:
        InputError: A name is not a channel.
    """
    known: tuple[Channel, ...] = get_args(Channel)
    for name in names:
        if name not in known:
            raise InputError(f"--channel {name!r} is unknown; choose among {', '.join(known)}")
    return tuple(channel for channel in known if channel in names) or None
