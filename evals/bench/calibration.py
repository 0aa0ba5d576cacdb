"""`rewatch bench calibration`: fits a model's probabilities to looks whose truth somebody has written down."""

import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import BaseModel, ConfigDict, ValidationError

from rewatch.agent.cli.models import LOOKING, Given, takes_models
from rewatch.agent.cli.options import JsonOption
from rewatch.agent.cli.printing import make_console, print_json
from rewatch.memory.errors import InputError, ToolError
from rewatch.memory.library import Library
from rewatch.memory.timecode import parse_seconds
from rewatch.memory.types import Limits, Span
from rewatch.tools.vision.calibration import Calibration

if TYPE_CHECKING:
    from rewatch.tools.context import ToolContext


class LabelledLook(BaseModel):
    """One line of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    video: Path
    """The file; a relative path starts where the labels lie."""
    start: str
    """As on the command line: 90, 1:30 or 0:01:30.5."""
    end: str
    question: str
    """With a yes or a no for an answer."""
    shown: bool
    """Whether the span shows it."""


@takes_models("max_dollars", *LOOKING)
def calibration(
    looks: Annotated[
        Path,
        typer.Argument(
            metavar="LOOKS",
            help='JSON Lines: {"video": "a.mp4", "start": "1:00", "end": "1:20", "question": "...", "shown": true}',
        ),
    ],
    *,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where the calibration is written.")],
    given: Given,
    as_json: JsonOption = False,
) -> None:
    """Look at each span, fit the model's probabilities to what is true, and write the two numbers.

    Name the file in the settings as vlm_calibration. It takes some dozens of looks of both kinds.
    """
    labelled = read_looks(looks)
    settings = replace(given.settings(), vlm_calibration=None)

    from rewatch.agent.backends import Backends
    from rewatch.tools.context import ToolContext
    from rewatch.tools.meter import Meter

    with (
        tempfile.TemporaryDirectory() as folder,
        Library.open(Path(folder)) as library,
        closing(Backends(settings)) as backends,
    ):
        models = backends.models()
        videos = {look.video: library.recognise(looks.parent / look.video) for look in labelled}
        meter = Meter(Limits(None, None, None, None, None, settings.limits.dollars))
        context = ToolContext(library, tuple(videos.values()), meter=meter, models=models)
        said = [_probability(context, videos[look.video].video_id, look) for look in labelled]
        model = models.vlm.name
    truths = [look.shown for look in labelled]
    fitted = Calibration.fit(said, truths, model)
    fitted.save(out)
    before, after = _brier(said, truths), _brier(_said_by_others(said, truths), truths)
    if as_json:
        told = {"temperature": fitted.temperature, "bias": fitted.bias, "looks": len(labelled)}
        print_json({**told, "brier_before": before, "brier_after": after})
        return
    console = make_console()
    console.print(f"{model}: temperature {fitted.temperature:.3g}, bias {fitted.bias:+.3g}", markup=False)
    console.print(
        f"Brier score of {len(labelled)} looks {before:.3f}, calibrated {after:.3f} (each by a fit to the others)",
        markup=False,
    )


def read_looks(path: Path) -> list[LabelledLook]:
    """Read the file of labels.

    Raises:
        InputError: It cannot be read, a line is wrong, or there are too few of a kind to judge the fit.
    """
    try:
        lines = [line for line in path.read_text("utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}") from error
    looks = []
    for number, line in enumerate(lines, start=1):
        try:
            looks.append(LabelledLook.model_validate_json(line))
        except ValidationError as error:
            fault = error.errors()[0]
            where = ".".join(map(str, fault["loc"])) or "JSON"
            raise InputError(f"{path}, line {number}: {where}: {fault['msg']}") from error
    yes = sum(look.shown for look in looks)
    if min(yes, len(looks) - yes) < 2:
        raise InputError(
            f"{path} holds {yes} looks that show it and {len(looks) - yes} that do not; give two of each at least"
        )
    return looks


def _probability(context: "ToolContext", video_id: str, label: LabelledLook) -> float:
    from rewatch.tools.look import look

    span = Span(parse_seconds(label.start), parse_seconds(label.end))
    first = look(context, video_id, span, label.question)[0]
    if first.error:
        raise ToolError(f"{label.video} at {label.start}: {first.error}")
    if first.probability is None:
        raise ToolError(f"{first.model} tells no log-probabilities, so there is nothing to calibrate")
    return first.probability


def _said_by_others(said: Sequence[float], truths: Sequence[bool]) -> list[float]:
    """Each probability, corrected by a fit to all others."""
    corrected = []
    for number, probability in enumerate(said):
        others = [other for other in range(len(said)) if other != number]
        fitted = Calibration.fit([said[other] for other in others], [truths[other] for other in others])
        corrected.append(fitted.apply(probability))
    return corrected


def _brier(said: Sequence[float], truths: Sequence[bool]) -> float:
    return fmean((probability - truth) ** 2 for probability, truth in zip(said, truths, strict=True))
