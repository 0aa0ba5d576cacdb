"""One question about one video, as every benchmark is brought into, and what could not be brought.

Times are in seconds on the clock of the video that the question names. Spans are pairs.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from rewatch.evals.metrics.spans import Pair


@dataclass(frozen=True, slots=True)
class Sample:
    """A question with its truth."""

    sample_id: str
    """Unique within the task, and the same at every reading."""
    video: str
    """File or name of the video, as the annotation gives it."""
    question: str
    options: Mapping[str, str] = field(default_factory=dict)
    """Letters and texts of a multiple choice, in order."""
    answer: str | None = None
    """The right letter, or the right text where there are no options; None where it is kept secret."""
    spans: tuple[Pair, ...] = ()
    """Where the answer is seen."""
    frame_seconds: tuple[float, ...] = ()
    """Key frames."""
    part: Pair | None = None
    """The part of the video that the question is about, where it is not all of it."""
    category: str = ""
    duration_group: str = ""
    group: str = ""
    """Samples that only count together, such as the shuffles of one question."""
    subtitles: str = ""
    """A subtitle file that belongs to the question, relative to the data folder."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """What only this task's metric or submission form needs, as plain values."""

    def to_plain(self) -> dict[str, Any]:
        """Plain values for JSON; what is empty is left out, unless every sample has it."""
        always = {"sample_id": self.sample_id, "video": self.video, "question": self.question}
        return always | {
            name: value for name, value in asdict(self).items() if value not in (None, "", (), {})
        }

    @classmethod
    def from_plain(cls, values: Mapping[str, Any]) -> "Sample":
        """The sample that `to_plain` wrote, after JSON."""
        known = dict(values)
        known["spans"] = tuple((span[0], span[1]) for span in values.get("spans", ()))
        known["frame_seconds"] = tuple(values.get("frame_seconds", ()))
        if part := values.get("part"):
            known["part"] = (part[0], part[1])
        return cls(**known)


@dataclass(frozen=True, slots=True)
class Fault:
    """A record that breaks its format."""

    where: str
    """File and line, or file and record."""
    reason: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a task's files hold."""

    samples: tuple[Sample, ...]
    faults: tuple[Fault, ...]
