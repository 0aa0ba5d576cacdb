"""The contract between the pipeline and its stages.

A stage reads the video and the rows of the stages it needs, and yields parts. The pipeline commits each part
in one transaction together with the part's key, so that a killed run resumes after its last whole part.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from rewatch.memory.ingest.settings import IngestSettings
from rewatch.memory.types import CoverageStatus, VideoInfo

if TYPE_CHECKING:
    from rewatch.memory.store import Store

Parameters = Mapping[str, str | int | float | bool]
"""What a stage's result depends on besides the video; its hash decides whether stored results still hold."""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a stage's result that is stored whole or not at all."""

    key: str
    """Names the piece within the stage, the same in every run."""
    write: Callable[["Store"], None]
    """Writes the rows; runs inside the pipeline's transaction."""
    done_seconds: float
    """How far along the video the stage has come, for progress."""


@dataclass(frozen=True, slots=True)
class StageContext:
    """What a stage may use while it runs."""

    video: VideoInfo
    store: "Store"
    settings: IngestSettings
    finished: frozenset[str]
    """Keys of the parts that an earlier, interrupted run has already stored."""
    progress: Callable[[float], None]
    """Report how many seconds of the video are done."""


@dataclass(frozen=True, slots=True)
class StageOutcome:
    """What a finished stage says of its channel, for coverage."""

    status: CoverageStatus = "read"
    note: str = ""
    """Why something is absent or unavailable, and the command that adds it."""


class Stage(Protocol):
    """One step of ingest. Stages are registered by the pipeline in the order in which they run."""

    @property
    def name(self) -> str:
        """The stage's name, the key of its record."""

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the stages whose rows it reads; when one of them is run again, so is this."""

    def parameters(self, video: VideoInfo, settings: IngestSettings, store: "Store") -> Parameters:
        """What the result depends on besides the video's content, files beside the video included.

        Args:
            video: The video, where it lies now.
            settings: What ingest was told.
            store: Tells what an earlier run has read, which may outlast the files that it was read from.
        """

    def clear(self, store: "Store", video_id: str) -> None:
        """Remove the rows of an earlier result with other parameters."""

    def run(self, context: StageContext) -> Iterator[Part]:
        """The parts that are not in `context.finished`, in order of time.

        Called before the rows of an earlier result are removed, iterated afterwards: what can be known to fail, such as
        a model that cannot be loaded, fails when this is called, and the earlier result stays.
        """

    def outcome(self, context: StageContext) -> StageOutcome:
        """Say, once every part is stored, what the channel holds."""
