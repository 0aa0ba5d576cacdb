"""What a run keeps of one sample: everything that is needed to score it again without the benchmark's files."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rewatch.evals.methods import Prediction
from rewatch.evals.tasks.sample import Sample


@dataclass(frozen=True, slots=True)
class Record:
    """One sample with what a method said of it, or why it could not."""

    sample: Sample
    prediction: Prediction | None
    """None when the method failed."""
    seconds: float
    """Wall time of the method."""
    failure: str = ""
    """Kind of the error, such as "VideoError"; "" where there is a prediction."""
    reason: str = ""

    def to_plain(self) -> dict[str, Any]:
        """Plain values for JSON."""
        values: dict[str, Any] = {"sample": self.sample.to_plain(), "seconds": round(self.seconds, 6)}
        if self.prediction is not None:
            values["prediction"] = self.prediction.to_plain()
        else:
            values |= {"failure": self.failure, "reason": self.reason}
        return values

    @classmethod
    def from_plain(cls, values: Mapping[str, Any]) -> "Record":
        """The record that `to_plain` wrote, after JSON."""
        said = values.get("prediction")
        return cls(
            Sample.from_plain(values["sample"]),
            Prediction.from_plain(said) if said is not None else None,
            values["seconds"],
            values.get("failure", ""),
            values.get("reason", ""),
        )
