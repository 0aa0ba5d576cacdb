"""Planners: what to do next, given the question and what was seen.

Owns the contract. `rules` is deterministic and needs no model; `llm` asks a chat model. What the answer says is
the work of `writers`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from rewatch.agent.calls import ToolCall
from rewatch.agent.question import Question
from rewatch.memory.types import Observation


@dataclass(frozen=True, slots=True)
class Done:
    """A tool call that was made, and what it saw."""

    call: ToolCall
    observations: tuple[Observation, ...]
    error: str = ""

    @property
    def best(self) -> Observation | None:
        """The observation most likely to answer, or None."""
        return max(self.observations, key=lambda seen: seen.probability or 0.0, default=None)


@dataclass(frozen=True, slots=True)
class Reflection:
    """What a planner thinks of what was seen."""

    sufficient: bool
    confidence: float
    """Probability, 0 to 1, that an answer is among it."""
    missing: str = ""
    """What is still to be found; "" when it suffices."""


class Planner(Protocol):
    """Decides the next tool calls, and when to stop. Both methods raise RewatchError when its model fails."""

    def plan(self, question: Question, done: Sequence[Done], missing: str) -> tuple[ToolCall, ...]:
        """The calls to make next; none when there is nothing left to try.

        Args:
            question: The grounded question.
            done: The calls made so far.
            missing: What the last reflection, or the check of an answer, found missing.
        """

    def reflect(self, question: Question, done: Sequence[Done]) -> Reflection:
        """Judge whether what was seen suffices for an answer."""
