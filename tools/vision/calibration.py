"""From a model's own probability to one that means what it says.

Owns the correction (Platt scaling; with no bias it is temperature scaling), fitting it to looks whose truth is
known, its file, and the model that it is put on. Without a file a model is believed as it is.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

import numpy as np
from pydantic import BaseModel

from rewatch.memory.errors import SettingError
from rewatch.memory.types import Cost, Frame

if TYPE_CHECKING:
    from rewatch.tools.vision import Seen, Vlm
    from rewatch.tools.vision.footage import Footage

Reply = TypeVar("Reply", bound=BaseModel)

_LEAST = 1e-6
"""Probabilities are kept this far from 0 and 1, where the log-odds are infinite."""
_STEPS = 100
"""Newton's method is done in about ten."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """`sigmoid(logit(p) / temperature + bias)`, after Platt (1999) and Guo et al. (2017)."""

    temperature: float
    """Above 1 makes an overconfident model modest."""
    bias: float
    """Log-odds that are added."""
    model: str = ""
    """The model that it was fitted to; another one is refused. "" fits any."""

    def __post_init__(self) -> None:
        if not self.temperature > 0:
            raise SettingError(f"temperature {self.temperature:g} is not above 0")

    @classmethod
    def fit(cls, probabilities: Sequence[float], truths: Sequence[bool], model: str = "") -> Self:
        """Fit the two numbers by maximum likelihood, with Platt's targets that keep a little doubt.

        Args:
            probabilities: What the model said, one for each look.
            truths: What was so.
            model: The model's name.

        Raises:
            SettingError: All looks have the same truth, or the model says the contrary of it.
        """
        yes = sum(truths)
        no = len(truths) - yes
        if not yes or not no:
            raise SettingError(f"{yes} looks are true and {no} are false; a fit needs both")
        odds = np.array([_odds(probability) for probability in probabilities])
        wanted = np.where(truths, (yes + 1) / (yes + 2), 1 / (no + 2))
        slope, bias = _newton(np.stack([odds, np.ones_like(odds)], axis=1), wanted)
        if slope <= 0:
            raise SettingError(
                "the higher the model's probabilities, the less was true: nothing to calibrate"
            )
        return cls(1 / slope, bias, model)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a calibration that `save` wrote.

        Raises:
            SettingError: The file is missing or no calibration.
        """
        try:
            return cls(**json.loads(path.read_text("utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise SettingError(
                f"{path} is no calibration ({error}); write one with rewatch bench calibration"
            ) from error

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        path.write_text(json.dumps(asdict(self), indent=2) + "\n", "utf-8")

    def apply(self, probability: float) -> float:
        """Correct a probability."""
        return _sigmoid(_odds(probability) / self.temperature + self.bias)


class CalibratedVlm:
    """A model whose probabilities are corrected. Everything else is the model's own."""

    def __init__(self, model: "Vlm", calibration: Calibration) -> None:
        """Put a calibration on a model.

        Raises:
            SettingError: It was fitted to another model.
        """
        if calibration.model not in ("", model.name):
            raise SettingError(
                f"the calibration was fitted to {calibration.model}, not to {model.name}; fit one to it with "
                "rewatch bench calibration"
            )
        self._model = model
        self._calibration = calibration
        self.name = f"{model.name} (calibrated {calibration.temperature:.3g} {calibration.bias:+.3g})"

    def visual_tokens(self, frames: int, width: int, height: int) -> int:
        """As the model counts."""
        return self._model.visual_tokens(frames, width, height)

    def estimate(self, frames: int, width: int, height: int, prompt: str) -> Cost:
        """As the model estimates."""
        return self._model.estimate(frames, width, height, prompt)

    def answer(
        self,
        frames: Sequence[Frame],
        prompt: str,
        schema: type[Reply],
        footage: "Footage | None" = None,
    ) -> "Seen[Reply]":
        """What the model answers, its probability corrected."""
        seen = self._model.answer(frames, prompt, schema, footage)
        return replace(seen, probability=self._corrected(seen.probability))

    def yes_probability(self, frames: Sequence[Frame], question: str) -> float | None:
        """What the model finds, corrected."""
        return self._corrected(self._model.yes_probability(frames, question))

    def _corrected(self, probability: float | None) -> float | None:
        return None if probability is None else self._calibration.apply(probability)


def _newton(inputs: np.ndarray, wanted: np.ndarray) -> tuple[float, float]:
    """Logistic regression: Newton's method, a step halved until it improves the likelihood."""

    def loss(weights: np.ndarray) -> float:
        scores = inputs @ weights
        return float(np.sum(np.logaddexp(0.0, scores) - wanted * scores))

    weights = np.array([1.0, 0.0])
    for _ in range(_STEPS):
        said = 1 / (1 + np.exp(-inputs @ weights))
        slope = inputs.T @ (said - wanted)
        curve = (inputs * (said * (1 - said))[:, None]).T @ inputs + _LEAST * np.eye(2)
        step = np.linalg.solve(curve, slope)
        while np.abs(step).max() > _LEAST and loss(weights - step) > loss(weights):
            step = step / 2
        weights = weights - step
        if np.abs(step).max() <= _LEAST:
            break
    return float(weights[0]), float(weights[1])


def _odds(probability: float) -> float:
    inside = min(max(probability, _LEAST), 1 - _LEAST)
    return math.log(inside / (1 - inside))


def _sigmoid(odds: float) -> float:
    return 1 / (1 + math.exp(-odds))
