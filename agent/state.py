"""What a run remembers between steps: plain values only, so that a checkpoint can be read with any tool.

Observations are kept in the memory; the state holds their ids. Live objects travel in `context`.
"""

from typing import Annotated, Any, TypedDict

Plain = dict[str, Any]


def collect(old: list[Plain], new: list[Plain] | None) -> list[Plain]:
    """Append what a step adds; None empties the list for the next question of a thread."""
    return [] if new is None else [*old, *new]


class Ask(TypedDict):
    """What a run starts with."""

    run_id: str
    question: str
    options: dict[str, str]
    video_ids: list[str]
    span: tuple[float, float] | None
    thread: str
    done: None
    round: int
    claims: list[Plain]
    confidence: None
    missing: str
    stopped: str


class State(TypedDict):
    """A run between two steps."""

    run_id: str
    question: str
    options: dict[str, str]
    video_ids: list[str]
    span: tuple[float, float] | None
    """The part of each video that the asker allows."""
    thread: str
    """Name of the conversation, or ""."""
    planned: list[Plain]
    """The tool calls to make next."""
    done: Annotated[list[Plain], collect]
    """Tool calls that were made, each with the ids of its observations."""
    round: int
    """How often the run has planned."""
    missing: str
    claims: list[Plain]
    """Claims of the answer, with verdicts once they are verified."""
    confidence: float | None
    """Probability that the claims are right, where the writer tells one."""
    stopped: str
    """Why the run ends, or "" while it does not."""
    spent: dict[str, float]
    """Cost so far, for a run that is resumed."""
    turns: Annotated[list[Plain], collect]
    """Earlier questions of the thread, with where their answers are."""
    answer: Plain


class Reply(TypedDict):
    """What a run ends with."""

    answer: Plain
