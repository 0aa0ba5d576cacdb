"""Planners: what to do next, given the question and what was seen.

Owns the contract. `rules` is deterministic and needs no model.
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


class Planner(Protocol):
    """Decides the next tool calls."""

    def plan(self, question: Question, done: Sequence[Done]) -> tuple[ToolCall, ...]:
        """The calls to make next; none when there is nothing left to try."""

    def sufficient(self, question: Question, done: Sequence[Done]) -> bool:
        """Whether what was seen suffices for an answer."""
