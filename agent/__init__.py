"""The agent: from a question to an answer with evidence.

`VideoAgent` is the way in. The graph of a run is in `graph`, its steps in `nodes`; `question` understands,
`planners` choose, `evidence_model` and `verification` judge, `composition` writes.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rewatch.agent.answer import Answer
    from rewatch.agent.settings import Settings
    from rewatch.agent.video_agent import VideoAgent

__all__ = ["Answer", "Settings", "VideoAgent"]

_PLACES = {
    "Answer": "rewatch.agent.answer",
    "Settings": "rewatch.agent.settings",
    "VideoAgent": "rewatch.agent.video_agent",
}


def __getattr__(name: str) -> Any:
    """Import on first use, so that `rewatch --version` does not load the graph."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_PLACES[name]), name)
