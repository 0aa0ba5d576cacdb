"""`rewatch search`: the passages and pictures of a video nearest to a query, without an agent."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer
from rich.text import Text

from rewatch.agent.cli.models import Given, takes_models
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
from rewatch.agent.cli.printing import complain, format_span, make_console, one_line, print_json
from rewatch.agent.cli.status import NOT_FOUND
from rewatch.agent.written import require_text
from rewatch.memory.errors import InputError
from rewatch.memory.types import Channel

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rewatch.agent.backends import Backends
    from rewatch.memory.library import Library
    from rewatch.memory.types import VideoInfo
    from rewatch.tools.models import Models


@takes_models("encoder")
def search(
    video: VideoArgument,
    query: Annotated[str, typer.Argument(metavar="QUERY", help="Words, or what they mean.")] = "",
    *,
    image: Annotated[
        Path | None,
        typer.Option("--image", metavar="FILE", help="Find pictures like this one, in place of QUERY."),
    ] = None,
    channel: Annotated[
        list[str] | None,
        typer.Option("--channel", metavar="NAME", help="Only speech, screen or visual; may be repeated."),
    ] = None,
    from_: FromOption = None,
    to: ToOption = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, help="At most this many results.")
    ] = 10,
    given: Given,
    library: LibraryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find passages and pictures of an indexed video: by words and meaning, or by an example image.

    Pictures are searched as --encoder has embedded them; without it, as the encoder that the video was last
    indexed with. Exit status: 0 found, 3 nothing found.
    """
    if not query.strip() and image is None:
        raise InputError("the query is empty; write some words to search for, or name an --image")
    require_text(query, "the query")
    if query.strip() and image is not None:
        raise InputError(f"both the query {query!r} and --image {image} were given; search for one of them")
    channels = parse_channels(channel or [])
    span = parse_span(from_, to)
    settings = given.settings(vlm="", compression="")

    from rewatch.agent.backends import Backends

    with open_library(library) as memory, Backends(settings) as backends:
        from rewatch.tools.context import ToolContext
        from rewatch.tools.search import search as search_everything
        from rewatch.tools.search import search_image

        info = memory.find(str(video))
        models = _models(memory, info, backends, settings.encoder, ("visual",) if image else channels)
        context = ToolContext(memory, (info,), clamp(span, info), models=models)
        if image is None:
            found = search_everything(context, query, channels=channels, limit=limit)
        else:
            found = search_image(context, read_image(image), limit=limit)
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


def read_image(path: Path) -> "NDArray[np.uint8]":
    """Read a picture file as uint8 `[height, width, 3]`, RGB, turned as it is meant to be seen.

    Raises:
        InputError: There is none, or it is no picture.
    """
    import numpy as np
    from PIL import Image, ImageOps

    try:
        with Image.open(path) as picture:
            return np.asarray(ImageOps.exif_transpose(picture).convert("RGB"), dtype=np.uint8)
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise InputError(f"{path} cannot be read as a picture ({error}); name a PNG or JPEG file") from error


def _models(
    library: "Library",
    video: "VideoInfo",
    backends: "Backends",
    wished: str,
    channels: tuple[Channel, ...] | None,
) -> "Models":
    """What searches pictures: the encoder wished for, else the one last indexed with; none for other channels.

    Raises:
        InputError: Only pictures are searched, and that encoder has embedded none.
    """
    if channels is not None and "visual" not in channels:
        return backends.models()
    name = wished or library.settings_of(video.video_id).encoder
    if name and library.store.frame_seconds(backends.encoders.space_of(name), video.video_id):
        return backends.models(name)
    told = f"the pictures of {video.path.name} are not indexed; use rewatch index --encoder {name or 'NAME'}"
    if channels == ("visual",):
        raise InputError(told)
    if wished:
        complain(told)
    return backends.models()


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
