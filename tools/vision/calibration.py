"""From a model's own probability to one that means what it says.

Owns the correction (Platt scaling; with no bias it is temperature scaling). The identity is the default: a model
is believed as it is until somebody fits the two numbers on questions whose answers are known.
"""

import math
from dataclasses import dataclass

from rewatch.memory.errors import SettingError

_LEAST = 1e-6
"""Probabilities are kept this far from 0 and 1, where the log-odds are infinite."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """`sigmoid(logit(p) / temperature + bias)`, after Platt (1999) and Guo et al. (2017)."""

    temperature: float = 1.0
    """Above 1 makes an overconfident model modest."""
    bias: float = 0.0
    """Log-odds that are added."""

    def __post_init__(self) -> None:
        if not self.temperature > 0:
            raise SettingError(f"temperature {self.temperature:g} is not above 0")

    def apply(self, probability: float) -> float:
        """Correct a probability; the identity returns it as it is."""
        if self == Calibration():
            return probability
        inside = min(max(probability, _LEAST), 1 - _LEAST)
        odds = math.log(inside / (1 - inside)) / self.temperature + self.bias
        return 1 / (1 + math.exp(-odds))
