"""What is evaluated: one door for the agent and for every baseline.

A method gets a sample and hard limits and gives a prediction. `registry` turns a name such as "uniform-8" into a
method; `workplace` owns where videos, subtitles and the memory of a run lie.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Protocol

from rewatch.evals.metrics.spans import Pair
from rewatch.evals.tasks.sample import Sample
from rewatch.memory.types import Cost, Limits

Gives = Literal["choice", "text", "spans", "frames"]
"""What a method can say: an option, free text, where it is seen, which frames to look at."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a method says about one sample. Times are in seconds on the video's clock."""

    answer: str = ""
    choice: str | None = None
    """The chosen letter; None leaves it to `answer`."""
    spans: tuple[Pair, ...] = ()
    """Best first."""
    frame_seconds: tuple[float, ...] = ()
    """Best first."""
    cost: Cost = field(default_factory=Cost)
    span_scores: tuple[float, ...] = ()
    """One for each span; without them the order ranks."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """What only one task asks for, such as boxes or a score for each clip, as plain values."""

    def to_plain(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_plain(cls, values: Mapping[str, Any]) -> "Prediction":
        """The prediction that `to_plain` wrote, after JSON."""
        known = dict(values)
        known["spans"] = tuple((span[0], span[1]) for span in values.get("spans", ()))
        for name in ("frame_seconds", "span_scores"):
            known[name] = tuple(values.get(name, ()))
        known["cost"] = Cost(**values.get("cost", {}))
        return cls(**known)


class Method(Protocol):
    """Something that answers samples. Used from one thread at a time; each worker has its own."""

    gives: frozenset[Gives]

    def predict(self, sample: Sample, limits: Limits) -> Prediction:
        """Answer a sample within hard limits.

        Raises:
            RewatchError: It cannot; the run records why and goes on.
        """

    def close(self) -> None:
        """Give back what is open."""
