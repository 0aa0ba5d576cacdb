"""`rewatch show`: what the memory holds of one video: outline, segments, text, stages."""

from typing import TYPE_CHECKING, Annotated, Any

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
from rewatch.agent.cli.printing import format_span, make_console, one_line, plain_span, print_json
from rewatch.agent.cli.videos import describe_video, print_coverage
from rewatch.memory.types import Segment, Span, TextLine, VideoInfo

if TYPE_CHECKING:
    from rewatch.memory.library import Library
    from rewatch.memory.store import StageRecord

_INDENT = {"chapter": 0, "scene": 2, "shot": 4}


def show(
    video: VideoArgument,
    *,
    text: Annotated[bool, typer.Option("--text", help="Print the text lines too.")] = False,
    shots: Annotated[bool, typer.Option("--shots", help="Print every shot too.")] = False,
    from_: FromOption = None,
    to: ToOption = None,
    library: LibraryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a video's outline of chapters and scenes, and what of it is indexed.

    JSON holds all of it, text and shots included.
    """
    span = parse_span(from_, to)
    with open_library(library) as memory:
        info = memory.find(str(video))
        inside = clamp(span, info)
        if as_json:
            print_json(_plain(memory, info, inside))
            return
        print_coverage(memory, info)
        segments = [
            segment for segment in memory.store.segments(info.video_id) if segment.span.overlaps(inside)
        ]
        lines = memory.store.text_lines(info.video_id, inside) if text else []
    _print_outline(segments, shots=shots)
    _print_text(lines)


def _print_outline(segments: list[Segment], *, shots: bool) -> None:
    console = make_console()
    wanted = [segment for segment in segments if shots or segment.level != "shot"]
    for segment in sorted(wanted, key=lambda item: (item.span.start_seconds, _INDENT[item.level])):
        where = format_span(segment.span.start_seconds, segment.span.end_seconds)
        style = "bold" if segment.level == "chapter" else ""
        indent = " " * _INDENT[segment.level]
        level = Text(f"{indent}{segment.level}", style="cyan")
        if segment.title:
            level.append(" " * (8 - len(segment.level)))
            console.print(f"{where:<16}", level, Text(one_line(segment.title), style))
        else:
            console.print(f"{where:<16}", level)


def _print_text(lines: list[TextLine]) -> None:
    console = make_console()
    for line in lines:
        where = format_span(line.span.start_seconds, line.span.end_seconds)
        console.print(f"{where:<16}", Text(f"{line.kind:<8}", style="cyan"), one_line(line.text, length=1000))


def _plain(library: "Library", info: VideoInfo, span: Span) -> dict[str, Any]:
    store = library.store
    return {
        **describe_video(library, info),
        "stages": [_plain_stage(record) for record in store.stage_records(info.video_id)],
        "segments": [
            {"level": segment.level, **plain_span(segment.span), "title": segment.title}
            for segment in store.segments(info.video_id)
            if segment.span.overlaps(span)
        ],
        "text_lines": [
            {
                "kind": line.kind,
                **plain_span(line.span),
                "text": line.text,
                "source": line.source,
                "box": line.box,
                "confidence": line.confidence,
            }
            for line in store.text_lines(info.video_id, span)
        ],
    }


def _plain_stage(record: "StageRecord") -> dict[str, Any]:
    return {
        "name": record.name,
        "finished": record.finished,
        "status": record.status,
        "note": record.note,
        "done_seconds": record.done_seconds,
        "parameters": dict(record.parameters),
    }
