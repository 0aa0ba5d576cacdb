"""`rewatch zoom`: frames of a moment as pictures, or the moment as a clip."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

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
from rewatch.agent.cli.printing import make_console, print_json, printable
from rewatch.memory.errors import InputError, ToolError
from rewatch.memory.types import Frame, Limits, VideoInfo

if TYPE_CHECKING:
    from rewatch.memory.library import Library

CLIP_SUFFIXES = (".mp4", ".mkv", ".mov")


def zoom(
    video: VideoArgument,
    *,
    from_: FromOption = None,
    to: ToOption = None,
    out: Annotated[
        Path,
        typer.Option("--out", metavar="DIR|FILE", help="A folder for frames, or a clip such as moment.mp4."),
    ] = Path("frames"),
    frames: Annotated[
        int, typer.Option("--frames", metavar="N", min=1, max=256, help="How many frames.")
    ] = 8,
    library: LibraryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Look at a moment: write its frames as PNG files, or the moment as a clip.

    The video need not be indexed. Each frame's file is named by the frame's own time on the video's clock.
    """
    span = parse_span(from_, to)
    if span is None:
        raise InputError("which moment? give --from and --to, such as --from 21:40 --to 21:55")
    with open_library(library) as memory:
        from rewatch.tools.context import ToolContext
        from rewatch.tools.meter import Meter
        from rewatch.tools.zoom import write_clip
        from rewatch.tools.zoom import zoom as look

        info = _find_or_probe(memory, video)
        context = ToolContext(memory, (info,), meter=Meter(Limits(frames=None)))
        inside = clamp(span, info)
        if out.suffix.lower() in CLIP_SUFFIXES:
            write_clip(context, info.video_id, inside, out)
            files: list[dict[str, str | float]] = [
                {"path": str(out), "start_seconds": inside.start_seconds, "end_seconds": inside.end_seconds}
            ]
        else:
            seen = look(context, info.video_id, inside, frames=frames)
            files = [_write_png(frame, out) for frame in seen.frames]
    if as_json:
        print_json({"video_id": info.video_id, "files": files})
    else:
        for file in files:
            make_console().print(printable(str(file["path"])))


def _find_or_probe(library: "Library", video: Path) -> VideoInfo:
    """What the library knows of a video, or what its file tells."""
    try:
        return library.find(str(video))
    except InputError:
        if not os.path.isfile(video):
            raise
    from rewatch.memory.ingest.probe import probe

    return probe(video)


def _write_png(frame: Frame, folder: Path) -> dict[str, str | float]:
    from PIL import Image

    path = folder / f"{frame.seconds:010.3f}.png"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(frame.image).save(path)
    except OSError as error:
        raise ToolError(
            f"could not write {path}: {error.strerror}; name another folder with --out"
        ) from error
    return {"path": str(path), "seconds": frame.seconds}
