"""`rewatch index --captions`: what describing a video will cost, the consent to it, and the work itself."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from rewatch.agent.cli.printing import complain, printable
from rewatch.agent.cli.progress import show_progress
from rewatch.memory.errors import InputError
from rewatch.memory.timecode import format_seconds

if TYPE_CHECKING:
    from rewatch.agent.backends import Backends
    from rewatch.memory.library import Library
    from rewatch.memory.types import VideoInfo
    from rewatch.tools.caption_stage import CaptionEstimate

CaptionsOption = Annotated[
    bool, typer.Option("--captions", help="Describe all scenes with --vlm; tells the cost first.")
]
EstimateOption = Annotated[
    bool, typer.Option("--estimate", help="With --captions: describe one scene, tell what the rest costs.")
]
YesOption = Annotated[bool, typer.Option("--yes", help="With --captions: do not ask before the rest.")]


def describe_scenes(
    library: "Library", video: "VideoInfo", backends: "Backends", *, only_estimate: bool, agreed: bool
) -> None:
    """Describe the scenes of an indexed video, after telling what it costs.

    Args:
        library: Holds the video.
        video: The video, indexed.
        backends: Where the model comes from.
        only_estimate: Stop after the estimate.
        agreed: Do not ask.

    Raises:
        InputError: Nobody can be asked, or no model is set.
        ToolError: The model fails.
    """
    from rewatch.memory.ingest.pipeline import default_stages
    from rewatch.memory.library import Library
    from rewatch.tools.caption_stage import UNLIMITED, CaptionStage, estimate_captions
    from rewatch.tools.context import ToolContext
    from rewatch.tools.meter import Meter

    models = backends.models()
    if not models.has("vlm"):
        raise InputError("--captions needs a model; name one with --vlm hf:NAME or --vlm openai:MODEL")
    context = ToolContext(library, (video,), meter=Meter(UNLIMITED), models=models)
    estimate = estimate_captions(context, video)
    complain(f"{printable(video.path.name)}: {_told(estimate)}")
    if only_estimate or not (agreed or estimate.segments == 0 or _consents()):
        return
    captioning = Library(library.store, (*default_stages(backends.encoders), CaptionStage(models)))
    with show_progress(video.path) as report:
        captioning.add(video.path, progress=report)


def _told(estimate: "CaptionEstimate") -> str:
    if not estimate.segments:
        return "all scenes are described"
    cost = estimate.cost
    dollars = f", ${cost.dollars:.2f}" if cost.dollars else ""
    tokens = f"{cost.visual_tokens:,} visual and {cost.llm_tokens:,} text tokens"
    return (
        f"segments left to describe: {estimate.segments}, about {tokens}, {format_seconds(cost.seconds)} of time"
        f"{dollars}; measured on one, which is kept"
    )


def _consents() -> bool:
    if not sys.stdin.isatty():
        raise InputError("nobody can be asked whether to go on; add --yes, or --estimate to stop here")
    return typer.confirm("Describe them?", err=True)
