"""The answer of a run: what a person reads and a program parses.

The field names are a contract (`schema_version`); every time is in seconds on the video's clock.
"""

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from rewatch.memory.types import Box, Channel, Cost, CoverageStatus, Span

SCHEMA_VERSION = 1

Stopped = Literal["sufficient", "exhausted", "limit", "error"]
"""Why a run ended: the evidence suffices, there was nothing left to try, a hard limit, or a failure."""

Verdict = Literal["supported", "refuted", "unverified"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """An observation that a claim cites."""

    id: str
    video_id: str
    start_seconds: float
    end_seconds: float
    source: Channel
    text: str
    """Words from the video, quoted as they stand."""
    boxes: tuple[Box, ...] = ()
    frame_seconds: tuple[float, ...] = ()
    score: float = 0.0

    @property
    def span(self) -> Span:
        return Span(self.start_seconds, self.end_seconds)


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement of the answer and what the check of it said."""

    text: str
    verdict: Verdict
    evidence_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AnswerSpan:
    """Where the answer is seen or heard."""

    video_id: str
    start_seconds: float
    end_seconds: float


@dataclass(frozen=True, slots=True)
class CoverageReport:
    """Which parts of a video one channel was searched in."""

    video_id: str
    channel: Channel
    status: CoverageStatus
    spans: tuple[tuple[float, float], ...]
    spacing_seconds: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a run says, and everything needed to check it."""

    question: str
    text: str
    found: bool
    confidence: float
    """Estimated probability that the answer is right; for "not found", that the video does not say it, times the
    share of the channels that could say it and were searched."""
    stopped: Stopped
    run_id: str
    choice: str | None = None
    """The letter of the chosen option of a multiple choice."""
    claims: tuple[Claim, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    spans: tuple[AnswerSpan, ...] = ()
    """Ranked, best first."""
    frame_seconds: tuple[float, ...] = ()
    """Frames worth looking at, best first."""
    coverage: tuple[CoverageReport, ...] = ()
    cost: Cost = field(default_factory=Cost)
    missing: str = ""
    """What was not found, and what would be needed to find it."""
    schema_version: int = SCHEMA_VERSION

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, with the names of the contract."""
        values = json.loads(json.dumps(asdict(self)))
        return {"schema_version": values.pop("schema_version"), **values}
