"""What scores a frame for a target: the contract, and the choice of one from the models of a run.

Owns what a caller may expect of any scorer. Scorers are modules beside this one: `detector` (open vocabulary,
through transformers), `similarity` (dual encoders), `probe` (yes or no of a vision-language model), `reading` (words on
screen).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from rewatch.memory.errors import ToolError
from rewatch.memory.types import Box, Frame
from rewatch.tools.meter import Meter
from rewatch.tools.models import Models
from rewatch.tools.seek.evidence import Scale
from rewatch.tools.seek.looks import Price
from rewatch.tools.seek.timeline import Floats

ScorerName = Literal["detector", "encoder", "vlm", "reading"]
"""What looks: an open-vocabulary detector, a dual encoder, a vision-language model, or OCR."""


@dataclass(frozen=True, slots=True)
class Scores:
    """What a scorer says of some frames."""

    values: Floats
    """float64 `[N, Q]`: for each frame and query, higher where the target is likelier there."""
    boxes: tuple[tuple[Box | None, ...], ...] = ()
    """`[N][Q]`: where the best match stands on the frame; empty from scorers that do not tell."""


class Scorer(Protocol):
    """Scores frames for what words name."""

    @property
    def name(self) -> str:
        """Names the scorer and its model: the same name gives the same scores."""

    @property
    def scale(self) -> Scale:
        """How its scores count."""

    @property
    def price(self) -> Price:
        """What a call and a frame cost, in about milliseconds of a small machine."""

    def score(self, frames: Sequence[Frame], queries: Sequence[str]) -> Scores:
        """Score frames, each looked at alone.

        Raises:
            ToolError: The model failed for good.
        """

    def score_tile(self, frames: Sequence[Frame], queries: Sequence[str]) -> Scores:
        """Score up to `price.grid` squared frames, looked at on one picture; only where the grid is above 1."""


def open_scorer(models: Models, name: ScorerName | None = None, meter: Meter | None = None) -> Scorer:
    """The scorer of that name, or the best that the models of a run allow.

    Args:
        models: What is set.
        name: Which; None for the best.
        meter: Pays for what a scorer spends beside frames; None for nobody.

    Raises:
        ToolError: The model that it needs is not set, or none is.
    """
    chosen = name or next((role for role in ("detector", "encoder", "vlm") if models.has(role)), None)
    if chosen == "reading":
        from rewatch.tools.seek.scorers.reading import ReadingScorer

        return ReadingScorer()
    if chosen == "detector":
        return models.detector
    if chosen == "encoder":
        from rewatch.tools.seek.scorers.similarity import SimilarityScorer

        return SimilarityScorer(models.encoder)
    if chosen == "vlm":
        from rewatch.tools.seek.scorers.probe import ProbeScorer

        return ProbeScorer(models.vlm, meter)
    raise ToolError(
        "nothing can look for it: set a --detector, an --encoder or a --vlm, or choose the scorer reading"
    )
