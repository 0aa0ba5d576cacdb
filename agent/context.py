"""The live objects of a run: they travel in the graph's runtime context and never in its state."""

from dataclasses import dataclass

from rewatch.agent.planners import Planner
from rewatch.agent.settings import Settings
from rewatch.agent.writers import Writer
from rewatch.tools.context import ToolContext


@dataclass(frozen=True, slots=True)
class RunContext:
    """What the nodes of the graph work with."""

    settings: Settings
    tools: ToolContext
    planner: Planner
    writer: Writer
