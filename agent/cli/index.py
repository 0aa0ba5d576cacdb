"""`rewatch index`: read videos into the memory ahead of questions."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rewatch.agent.cli.captions import CaptionsOption, EstimateOption, YesOption, describe_scenes
from rewatch.agent.cli.models import LOOKING, Given, takes_models
from rewatch.agent.cli.options import JsonOption, LibraryOption, library_folder, parse_video
from rewatch.agent.cli.printing import complain, print_json
from rewatch.agent.cli.progress import show_progress
from rewatch.agent.cli.status import USAGE
from rewatch.agent.cli.videos import describe_video, print_coverage
from rewatch.memory.errors import InputError, VideoError
from rewatch.memory.ingest.settings import IngestSettings

if TYPE_CHECKING:
    from rewatch.memory.library import Library
    from rewatch.memory.types import VideoInfo

VIDEO_SUFFIXES = (
    *(".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".ts", ".m2ts", ".mts"),
    *(".mpg", ".mpeg", ".flv", ".wmv", ".ogv", ".3gp", ".mxf", ".vob"),
)
"""File names that a folder's videos are recognised by; a file named on the command line may have any name."""


@takes_models("encoder", *LOOKING)
def index(
    videos: Annotated[
        list[Path],
        typer.Argument(metavar="VIDEO|FOLDER", parser=parse_video, help="Video files, or folders of them."),
    ],
    *,
    fast: Annotated[
        bool | None,
        typer.Option("--fast/--no-fast", help="Look at keyframes only: sooner, with coarser cuts."),
    ] = None,
    screen: Annotated[bool | None, typer.Option("--screen/--no-screen", help="Read on-screen text.")] = None,
    decoder: Annotated[
        str | None, typer.Option("--decoder", metavar="NAME", help="pyav, or decord (not for AV1, MPEG-TS).")
    ] = None,
    speech_model: Annotated[
        str | None,
        typer.Option(
            "--speech-model", metavar="NAME|FOLDER", help="Recognise speech with this faster-whisper model."
        ),
    ] = None,
    spacing: Annotated[
        float | None,
        typer.Option("--spacing", metavar="S", help="About how many seconds lie between embedded frames."),
    ] = None,
    step: Annotated[
        float | None, typer.Option("--step", metavar="S", help="Seconds between the frames looked at.")
    ] = None,
    captions: CaptionsOption = False,
    estimate: EstimateOption = False,
    yes: YesOption = False,
    given: Given,
    library: LibraryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read videos into the memory, so that questions are answered at once.

    What is there already is not done again; an interrupted run goes on where it stopped. An option that is
    not given stays as it was when the video was indexed before; at first: --no-fast --screen --decoder pyav
    --step 1 --spacing 2, no speech model and no encoder.
    """
    told: dict[str, Any] = {
        "fast": fast,
        "read_screen": screen,
        "decoder": decoder,
        "speech_model": speech_model,
        "step_seconds": step,
        "visual_spacing_seconds": spacing,
    }
    if not captions and (estimate or yes or any(given.values[name] for name in LOOKING)):
        raise InputError("--estimate, --yes, --vlm and what goes with it belong to --captions; add it")
    # Without captions nothing looks, whatever preset or file names a model: it shall not be downloaded.
    settings = given.settings() if captions else given.settings(vlm="", compression="")
    if settings.encoder or given.values["encoder"] is not None:
        told["encoder"] = settings.encoder
    changes = {name: value for name, value in told.items() if value is not None}
    replace(IngestSettings(), **changes)  # a value that cannot work is refused before any work
    paths = find_videos(videos)
    reports, status = [], 0

    from rewatch.agent.backends import Backends
    from rewatch.memory.library import Library

    with (
        Backends(settings) as backends,
        Library.open(library_folder(library), encoders=backends.encoders) as memory,
    ):
        if settings.encoder:
            backends.encoders.space_of(settings.encoder)
        for path in paths:
            try:
                info = _index(memory, path, changes)
                if captions:
                    describe_scenes(memory, info, backends, only_estimate=estimate, agreed=yes)
            except VideoError as error:  # the other videos are worth having
                complain(str(error))
                status = USAGE
                continue
            if as_json:
                reports.append(describe_video(memory, info))
            else:
                print_coverage(memory, info)
        if as_json:
            print_json(reports)
        if status:
            raise typer.Exit(status)


def find_videos(paths: Sequence[Path]) -> list[Path]:
    """The files named, and those that lie in the folders named.

    Raises:
        InputError: A folder holds no video.
    """
    found: list[Path] = []
    for path in paths:
        if os.path.isdir(path):
            inside = sorted(
                file
                for file in path.rglob("*")
                if file.suffix.lower() in VIDEO_SUFFIXES and os.path.isfile(file)
            )
            if not inside:
                raise InputError(f"{path} holds no video file; name a video, or a folder that holds some")
            found += inside
        else:
            found.append(path)
    return found


def _index(library: "Library", path: Path, changes: Mapping[str, Any]) -> "VideoInfo":
    settings = library.settings_of(library.recognise(path).video_id)
    with show_progress(path) as report:
        return library.add(path, replace(settings, **changes), report)
