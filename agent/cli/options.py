"""Options that several commands share, and what their values mean.

Owns parsing only; commands decide what to do with the values.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rewatch.agent.written import require_text
from rewatch.memory.errors import InputError, TimecodeError
from rewatch.memory.timecode import format_seconds, parse_seconds
from rewatch.memory.types import Span, VideoInfo

if TYPE_CHECKING:
    from rewatch.memory.library import Library

LibraryOption = Annotated[
    Path | None,
    typer.Option(
        "--library", metavar="DIR", help="Folder of the memory.  [default: rewatch in the user's data folder]"
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
FromOption = Annotated[
    str | None, typer.Option("--from", metavar="TIME", help="Start: 90, 1:30 or 0:01:30.5.")
]
ToOption = Annotated[str | None, typer.Option("--to", metavar="TIME", help="End, itself excluded.")]


def parse_video(written: str) -> Path:
    """Read the name of a video or a folder; an empty one would mean the folder that one works in.

    Raises:
        InputError: It is empty.
    """
    if not written.strip():
        raise InputError("a VIDEO is empty, maybe an unset variable of the shell; name a file or an id")
    return Path(written)


VideoArgument = Annotated[
    Path,
    typer.Argument(
        metavar="VIDEO", parser=parse_video, help="A video file, or the id that `rewatch list` shows."
    ),
]


def library_folder(folder: Path | None) -> Path:
    """The folder that was named, or the default one."""
    from rewatch.memory.folder import default_folder

    return folder if folder is not None else default_folder()


def open_library(folder: Path | None) -> "Library":
    """Open the library that `--library` names, or the default one."""
    from rewatch.memory.library import Library

    return Library.open(library_folder(folder))


def parse_span(start: str | None, end: str | None) -> Span | None:
    """Read `--from` and `--to`.

    Returns:
        The span, open towards the end of the video when `--to` is missing; None when both are.

    Raises:
        TimecodeError: A time cannot be parsed, or the end is not after the start.
    """
    if start is None and end is None:
        return None
    start_seconds = parse_seconds(start) if start is not None else 0.0
    end_seconds = parse_seconds(end) if end is not None else float("inf")
    if end_seconds <= start_seconds:
        raise TimecodeError(
            f"--to {end} is not after --from {start or '0'}; the end must be later than the start"
        )
    return Span(start_seconds, end_seconds)


def clamp(span: Span | None, video: VideoInfo) -> Span:
    """The part of a wished span that the video has; the whole video when none was wished.

    Raises:
        TimecodeError: The span starts after the video's end.
    """
    inside = video.span if span is None else span.intersection(video.span)
    if inside is None:
        length = format_seconds(video.duration_seconds, decimals=1)
        raise TimecodeError(
            f"{format_seconds(span.start_seconds if span else 0, decimals=1)} is past the end of the video, "
            f"which lasts {length}"
        )
    return inside


def parse_choices(options: list[str]) -> dict[str, str]:
    """Read repeated `--option A=...` into letters and texts, in their order.

    Raises:
        InputError: One has no letter, no text, or a letter that was used before.
    """
    choices: dict[str, str] = {}
    for option in options:
        require_text(option, "--option")
        letter, _, text = (part.strip() for part in option.partition("="))
        letter = letter.upper()
        if len(letter) != 1 or not letter.isalpha() or not text:
            raise InputError(
                f"--option {option!r} is not a choice; write --option A='first choice' --option B=..."
            )
        if letter in choices:
            raise InputError(f"--option {letter} is given twice; each choice needs its own letter")
        choices[letter] = text
    if len(choices) == 1:
        raise InputError("one --option is no choice; give at least two, or none")
    return choices
