"""The planner that asks a chat model: it is shown the tools, and calls them.

The conversation is told anew from what was done, so that nothing but the run's plain state is kept. A call that
does not fit its tool goes back to the model; what a tool saw is quoted, and nothing in it is an instruction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from pydantic import BaseModel, ConfigDict, Field

from rewatch.agent.calls import ToolCall
from rewatch.agent.chat.chat import Chat
from rewatch.agent.chat.forms import declare, filled, form
from rewatch.agent.chat.transcript import choices, listed, names, told, transcript
from rewatch.agent.planners import Done, Reflection
from rewatch.agent.question import Question
from rewatch.memory.errors import ModelOutputError
from rewatch.memory.timecode import format_seconds
from rewatch.prompts import render
from rewatch.tools.context import ToolContext
from rewatch.tools.registry import Tool, offered

_PARALLEL = 6
"""Most calls of one plan."""
_AFTER_PLAN, _AFTER_REFLECTION = 3, 2
"""Calls of the model that a run must still afford afterwards, so that it never ends without a checked answer."""


class Judgement(BaseModel):
    """Hand in whether the observations suffice to answer the question."""

    model_config = ConfigDict(extra="forbid")

    sufficient: bool = Field(description="Whether they state or show everything that the question asks for.")
    confidence: float = Field(ge=0, le=1, description="Probability that they hold the right answer.")
    missing: str = Field(max_length=500, description="What is still to be found; empty when they suffice.")


@dataclass(frozen=True, slots=True)
class LlmPlanner:
    """Plans by a chat model."""

    chat: Chat
    tools: ToolContext

    def plan(self, question: Question, done: Sequence[Done], missing: str) -> tuple[ToolCall, ...]:
        """The calls that the model wants next."""
        menu = {entry.name: entry for entry in offered(self.tools)}
        made = [item.call for item in done]
        messages = [
            SystemMessage(render("plan", parallel=str(_PARALLEL))),
            HumanMessage(self._task(question)),
            *transcript(done),
        ]
        if missing:
            messages.append(HumanMessage(render("plan_more", missing=missing)))
        functions = [declare(entry.name, entry.description, entry.schema) for entry in menu.values()]
        return self.chat.ask(
            messages, functions, lambda reply: _calls(reply, menu, made, self.tools), reserve=_AFTER_PLAN
        )

    def reflect(self, question: Question, done: Sequence[Done]) -> Reflection:
        """What the model thinks of all observations so far."""
        prompt = render(
            "reflect", question=question.text, choices=choices(question), observations=told(names(done))
        )
        judged = self.chat.ask(
            [HumanMessage(prompt)],
            [form(Judgement)],
            lambda reply: filled(reply, Judgement),
            reserve=_AFTER_REFLECTION,
        )
        return Reflection(judged.sufficient, judged.confidence, "" if judged.sufficient else judged.missing)

    def _task(self, question: Question) -> str:
        span = question.span or self.tools.span
        where = (
            f"{format_seconds(span.start_seconds)} to {format_seconds(span.end_seconds)}"
            if span
            else "anywhere"
        )
        return render(
            "plan_task",
            question=question.text,
            choices=choices(question),
            videos=listed(self.tools.videos),
            where=where,
        )


def _calls(
    reply: AIMessage, menu: dict[str, Tool], made: Sequence[ToolCall], tools: ToolContext
) -> tuple[ToolCall, ...]:
    """The calls of a reply, each checked against its tool.

    Raises:
        ModelOutputError: One does not fit; none is made.
    """
    problems = [
        f"the arguments of {call['name'] or 'a call'} are no JSON" for call in reply.invalid_tool_calls
    ]
    calls: list[ToolCall] = []
    for wanted in reply.tool_calls:
        try:
            call = _valid(wanted["name"], wanted["args"], menu, tools)
        except ModelOutputError as error:
            problems.append(str(error))
            continue
        if call not in made and call not in calls:
            calls.append(call)
    if not problems and reply.tool_calls and not calls:
        problems.append(
            "these calls were made before, and their output stands above; call something else, or nothing"
        )
    if len(calls) > _PARALLEL:
        problems.append(f"{len(calls)} calls at once are more than {_PARALLEL}")
    if problems:
        raise ModelOutputError("; ".join(problems))
    return tuple(calls)


def _valid(name: str, arguments: Mapping[str, Any], menu: dict[str, Tool], tools: ToolContext) -> ToolCall:
    """The call with its arguments as its tool takes them: "20" seconds are a number from here on.

    Raises:
        ModelOutputError: They do not fit.
    """
    if name not in menu:
        raise ModelOutputError(f"there is no tool {name!r}; choose among {', '.join(menu)}")
    known = [video.video_id for video in tools.videos]
    if arguments.get("video_id") not in (None, "", *known):
        raise ModelOutputError(f"{name}: video_id {arguments['video_id']!r} is none of {', '.join(known)}")
    return ToolCall.of(name, **menu[name].validate(arguments))
