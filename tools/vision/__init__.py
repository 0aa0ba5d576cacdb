"""Models that look at frames: the contract of a vision-language model.

Owns what a caller may expect of any backend. Backends are modules beside this one; choosing frames and
keeping what was seen is the work of `look`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from pydantic import BaseModel

from rewatch.memory.types import Cost, Frame

Reply = TypeVar("Reply", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Seen(Generic[Reply]):
    """What a model said of some frames."""

    reply: Reply
    """Validated; never raw text."""
    cost: Cost
    probability: float | None = None
    """Of the tokens that carry the answer, from the model's own log-probabilities, where it gives them."""


class Vlm(Protocol):
    """A vision-language model, local or behind an endpoint."""

    name: str
    """Names the model in observations and traces."""

    def answer(self, frames: Sequence[Frame], prompt: str, schema: type[Reply]) -> Seen[Reply]:
        """Ask about frames, which are shown with their times.

        Raises:
            ModelOutputError: The reply did not validate, nor did its one repair.
            ToolError: The model failed for good (missing, refused, out of memory, unreachable).
        """

    def yes_probability(self, frames: Sequence[Frame], question: str) -> float | None:
        """Probability of "yes" to a question about frames; None where the model tells no log-probabilities."""
