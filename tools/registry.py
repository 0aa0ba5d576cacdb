"""The table of the agent's tools: what a planner may call, with which arguments, and the call itself.

Owns the way from a tool's signature and docstring to a schema (for a language model, a protocol server, a
check) and from plain arguments to the call. A tool is one entry of `TOOLS`; what it does is its own module's.

A tool is a function whose first parameter is the `ToolContext` and which returns observations, or a result
that holds them. Its other parameters are what a planner may say, except those named `internal`. A parameter
`video_id` may be left out of a call, which then goes through all videos of the run.
"""

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from rewatch.memory.errors import ModelOutputError
from rewatch.memory.types import Observation
from rewatch.tools.captions import caption
from rewatch.tools.context import ToolContext
from rewatch.tools.look import look
from rewatch.tools.overview import overview
from rewatch.tools.pauses import pauses
from rewatch.tools.read import read
from rewatch.tools.search import search
from rewatch.tools.seek.tool import seek

_VIDEO = "video_id"
_SECTION = re.compile(r"^(?:Args|Returns|Yields|Raises):$", re.MULTILINE)
_ARGUMENT = re.compile(r"^ {4}(\w+): (.+(?:\n {8}.+)*)", re.MULTILINE)


class Result(Protocol):
    """What a tool may return in place of a plain list."""

    @property
    def observations(self) -> Sequence[Observation]:
        """What was seen."""


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool."""

    function: Callable[..., Sequence[Observation] | Result]
    internal: frozenset[str] = frozenset({"limit"})
    """Parameters that a planner does not see; they keep their defaults."""
    offered: Callable[[ToolContext], bool] = lambda context: True
    """Whether what it needs is set in this run."""

    @property
    def name(self) -> str:
        return self.function.__name__

    @property
    def description(self) -> str:
        """What it does and returns, from its docstring."""
        text = inspect.getdoc(self.function) or ""
        parts = [_SECTION.split(text)[0].strip()]
        if returns := re.search(r"^Returns:\n((?: {4}.+\n?)+)", text, re.MULTILINE):
            parts.append(f"Returns {_one_line(returns[1])}")
        return "\n".join(parts)

    @property
    def arguments(self) -> type[BaseModel]:
        """The model of its arguments, from its signature and docstring."""
        return _arguments_model(self)

    @property
    def schema(self) -> dict[str, Any]:
        """Its arguments as a JSON schema."""
        return self.arguments.model_json_schema()

    def validate(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Turn plain arguments into the typed ones of the function.

        Raises:
            ModelOutputError: They do not fit; the message tells each fault.
        """
        try:
            valid = self.arguments.model_validate(dict(arguments))
        except ValidationError as error:
            raise ModelOutputError(f"{self.name}: {faults(error)}") from error
        return {name: getattr(valid, name) for name in valid.model_fields_set}

    def call(self, context: ToolContext, arguments: Mapping[str, Any]) -> list[Observation]:
        """Call it with plain arguments, once for each video that they mean.

        Raises:
            ModelOutputError: The arguments do not fit.
            ToolError: They name no video of the run.
            LimitReached: A hard limit of the run is reached.
            RewatchError: Whatever the tool raises.
        """
        values = self.validate(arguments)
        context = context.only(values.pop(_VIDEO, ""))
        if _VIDEO not in inspect.signature(self.function).parameters:
            return _observations(self.function(context, **values))
        results = (self.function(context, video.video_id, **values) for video in context.videos)
        return [seen for result in results for seen in _observations(result)]


TOOLS: tuple[Tool, ...] = (
    Tool(overview),
    Tool(search, internal=frozenset({"core", "limit"})),
    Tool(read),
    Tool(pauses),
    Tool(
        seek,
        internal=frozenset({"scorer", "evidence"}),
        offered=lambda context: any(context.models.has(role) for role in ("detector", "encoder", "vlm")),
    ),
    Tool(look, internal=frozenset({"visual_tokens"}), offered=lambda context: context.models.has("vlm")),
    Tool(caption, offered=lambda context: context.models.has("vlm")),
)
"""All tools, in the order in which they are told to a language model."""


def tool(name: str) -> Tool:
    """The tool of that name.

    Raises:
        ModelOutputError: There is none.
    """
    found = next((entry for entry in TOOLS if entry.name == name), None)
    if found is None:
        names = ", ".join(entry.name for entry in TOOLS)
        raise ModelOutputError(f"there is no tool {name!r}; choose among {names}")
    return found


def offered(context: ToolContext) -> tuple[Tool, ...]:
    """The tools that can be called in this run."""
    return tuple(entry for entry in TOOLS if entry.offered(context))


def faults(error: ValidationError) -> str:
    """Every fault of plain values that did not fit, with its place, on one line."""
    return "; ".join(
        f"{'.'.join(map(str, fault['loc'])) or 'arguments'}: {fault['msg']}" for fault in error.errors()
    )


def _observations(result: Sequence[Observation] | Result) -> list[Observation]:
    return list(result) if isinstance(result, Sequence) else list(result.observations)


@lru_cache(maxsize=64)
def _arguments_model(entry: Tool) -> type[BaseModel]:
    told = dict(_ARGUMENT.findall(inspect.getdoc(entry.function) or ""))
    hints = get_type_hints(entry.function)
    fields: dict[str, Any] = {}
    for parameter in list(inspect.signature(entry.function).parameters.values())[1:]:
        if parameter.name in entry.internal or parameter.name == _VIDEO:
            continue
        default = ... if parameter.default is parameter.empty else parameter.default
        description = _one_line(told.get(parameter.name, ""))
        fields[parameter.name] = (hints[parameter.name], Field(default, description=description))
    fields[_VIDEO] = (str, Field("", description="Id of the video; left out for all videos of the question."))
    return create_model(entry.name, __config__=ConfigDict(extra="forbid"), **fields)


def _one_line(text: str) -> str:
    return " ".join(text.split())
