"""A tool call as a plain value: what planners decide, what traces show, what checkpoints keep."""

from dataclasses import dataclass, field
from typing import Any, Literal

from rewatch.memory.types import Channel, Span

ToolName = Literal["overview", "search", "read", "zoom"]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call of a tool."""

    tool: ToolName
    query: str = ""
    """What to search for."""
    video_id: str = ""
    """Which video; "" for all of the run's videos."""
    span: Span | None = None
    """Where; None for everywhere the asker allows."""
    channels: tuple[Channel, ...] | None = None
    purpose: str = field(default="question")
    """What the result is for: "question", "anchor", "first" and "second" of an order, or "option X"."""

    def to_plain(self) -> dict[str, Any]:
        """Values that a checkpoint can hold."""
        return {
            "tool": self.tool,
            "query": self.query,
            "video_id": self.video_id,
            "span": (self.span.start_seconds, self.span.end_seconds) if self.span else None,
            "channels": list(self.channels) if self.channels else None,
            "purpose": self.purpose,
        }

    @classmethod
    def from_plain(cls, values: dict[str, Any]) -> "ToolCall":
        """The call that `to_plain` wrote."""
        span, channels = values["span"], values["channels"]
        return cls(
            values["tool"],
            values["query"],
            values["video_id"],
            Span(*span) if span else None,
            tuple(channels) if channels else None,
            values["purpose"],
        )
