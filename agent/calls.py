"""A tool call as a plain value: what planners decide, what traces show, what checkpoints keep."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from pydantic_core import to_jsonable_python

from rewatch.memory.types import Span


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call of a tool of the registry."""

    tool: str
    arguments: Mapping[str, Any]
    """Plain values as JSON has them; the tool's own model turns them into typed ones."""
    purpose: str = "question"
    """What the result is for: "question", "closer", "rival", "anchor", or "target 1", "target 2", ... of an order."""

    @classmethod
    def of(cls, tool: str, purpose: str = "question", **arguments: object) -> Self:
        """The call with these typed arguments; None and "" stand for the tool's default."""
        given = {name: value for name, value in arguments.items() if value is not None and value != ""}
        return cls(tool, to_jsonable_python(given), purpose)

    @property
    def query(self) -> str:
        """What it asks, or ""."""
        return str(self.arguments.get("query") or self.arguments.get("question") or "")

    @property
    def span(self) -> Span | None:
        """Where it looks; None for everywhere the asker allows."""
        span = self.arguments.get("span")
        return Span(**span) if span else None

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels that it is restricted to; empty for none."""
        return tuple(self.arguments.get("channels") or ())

    def to_plain(self) -> dict[str, Any]:
        """Values that a checkpoint can hold."""
        return asdict(self)

    @classmethod
    def from_plain(cls, values: Mapping[str, Any]) -> Self:
        """The call that `to_plain` wrote."""
        return cls(**values)
