"""What a run tells while it works. Each event is final when emitted; the last one carries the answer."""

from dataclasses import dataclass

from rewatch.agent.answer import Answer, Verdict
from rewatch.agent.calls import ToolCall
from rewatch.agent.question import Question
from rewatch.memory.types import PictureCompression


@dataclass(frozen=True, slots=True)
class Grounded:
    """The question was understood."""

    question: Question


@dataclass(frozen=True, slots=True)
class Planned:
    """The next tool calls were chosen."""

    calls: tuple[ToolCall, ...]


@dataclass(frozen=True, slots=True)
class Called:
    """A tool call ended."""

    call: ToolCall
    observation_ids: tuple[str, ...]
    error: str = ""
    compression: PictureCompression | None = None
    """Of the pictures that a look was made from, where they were compressed."""


@dataclass(frozen=True, slots=True)
class Reflected:
    """The evidence was weighed."""

    sufficient: bool
    confidence: float
    missing: str


@dataclass(frozen=True, slots=True)
class Verified:
    """A claim was checked against its evidence and its rivals."""

    claim: str
    verdict: Verdict
    reason: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The run is over."""

    answer: Answer


Event = Grounded | Planned | Called | Reflected | Verified | Finished
