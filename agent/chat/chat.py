"""Asking a chat model: within the limits, through the tape, with faults sent back to be mended.

Owns one exchange: what may still be spent is checked before each call, what was spent is added after it, a reply
that does not fit goes back to the model at most twice. What is asked and what fits is the caller's.
"""

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    HumanMessage,
    ToolMessage,
    convert_to_openai_messages,
)

from rewatch.agent.chat.secrets import redact
from rewatch.memory.errors import ModelOutputError, RewatchError, ToolError
from rewatch.memory.types import Cost
from rewatch.tools.meter import Meter
from rewatch.tools.replay import Json, Tape
from rewatch.tools.vision import Prices

Accepted = TypeVar("Accepted")

REPAIRS = 2
"""How often a reply that does not fit is sent back."""
MAX_OUTPUT_TOKENS = 2048
"""Most tokens of one reply; what a model thinks before it speaks counts too."""
_ATTEMPTS = 3
_WAIT_SECONDS = 2.0
"""First pause after a failure that may pass, doubled each time, where the server names none."""
_PASSING = frozenset({408, 409, 429, 500, 502, 503, 504, 529})
"""HTTP statuses that another attempt may not meet again."""
_UNREACHED = re.compile(r"Connection|Connect|Timeout|RemoteProtocol")
"""Names of the clients' errors that come without a status."""


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat model in one run."""

    name: str
    """As the settings name it."""
    open: Callable[[], BaseChatModel]
    """Opens the model; called only when a call is really made."""
    meter: Meter
    prices: Prices
    tape: Tape | None = None

    def ask(
        self,
        messages: Sequence[BaseMessage],
        functions: Sequence[Mapping[str, Any]],
        accept: Callable[[AIMessage], Accepted],
        *,
        reserve: int = 0,
    ) -> Accepted:
        """Ask until a reply fits.

        Args:
            messages: The conversation so far.
            functions: What the model may call, in OpenAI's form.
            accept: Turns a reply into what is wanted; raises ModelOutputError when it does not fit.
            reserve: How many calls of the same size the limits must still allow afterwards.

        Raises:
            ModelOutputError: No reply fitted, the repairs included, or the model refused.
            LimitReached: The limits of the run do not allow another call.
            ToolError: The model cannot be opened or asked.
        """
        conversation = list(messages)
        for repairs in range(REPAIRS + 1):
            reply = self._call(conversation, functions, reserve)
            if refusal := reply.additional_kwargs.get("refusal"):
                raise ModelOutputError(f"{self.name} refused: {refusal}")
            try:
                return accept(reply)
            except ModelOutputError as error:
                if repairs == REPAIRS:
                    raise ModelOutputError(f"{self.name} did not mend its reply: {error}") from error
                conversation += _complaint(reply, str(error))
        raise AssertionError("the last fault is raised")

    def _call(
        self, messages: Sequence[BaseMessage], functions: Sequence[Mapping[str, Any]], reserve: int
    ) -> AIMessage:
        request = {
            "model": self.name,
            "messages": convert_to_openai_messages(messages),
            "functions": list(functions),
        }
        calls = 1 + reserve
        most_input = len(json.dumps(request, ensure_ascii=False).encode())  # no token is shorter than a byte
        self.meter.require(self._cost(most_input * calls, MAX_OUTPUT_TOKENS * calls))
        reserved = self._cost(most_input, MAX_OUTPUT_TOKENS)
        self.meter.charge(reserved)

        def make() -> Json:
            return _to_plain(self._answered(messages, functions))

        response = make() if self.tape is None else self.tape.call("planner", request, make)
        if used := response["usage"]:
            self.meter.settle(reserved, self._cost(used["input_tokens"], used["output_tokens"]))
        return _from_plain(response)

    def _cost(self, input_tokens: int, output_tokens: int) -> Cost:
        dollars = self.prices.of(input_tokens, output_tokens)
        return Cost(llm_tokens=input_tokens + output_tokens, dollars=dollars)

    def _answered(self, messages: Sequence[BaseMessage], functions: Sequence[Mapping[str, Any]]) -> AIMessage:
        """Ask, and ask again after a failure that may pass, as long as the run has time."""
        model = self.open().bind_tools([dict(function) for function in functions])
        for attempt in range(_ATTEMPTS):
            try:
                return model.invoke(list(messages))
            except RewatchError:
                raise
            except Exception as error:  # the clients of the providers share no class
                pause = _pause(error, attempt)
                if pause is None or attempt == _ATTEMPTS - 1:
                    told = redact(" ".join(str(error).split()) or type(error).__name__)
                    raise ToolError(f"{self.name} cannot be asked: {told}") from None  # it may hold a key
            self.meter.require(Cost(seconds=pause))
            time.sleep(pause)
        raise AssertionError("the last failure is raised")


def _pause(error: Exception, attempt: int) -> float | None:
    """Seconds to wait before another attempt, as the server says; None when there is no use in one."""
    status = getattr(error, "status_code", None)
    if status not in _PASSING and not (status is None and _UNREACHED.search(type(error).__name__)):
        return None
    headers = getattr(getattr(error, "response", None), "headers", {})
    try:
        return max(float(headers.get("retry-after", "")), 0.0)
    except ValueError:  # none is named, or a date, which needs a clock that agrees
        return _WAIT_SECONDS * 2.0**attempt


def _complaint(reply: AIMessage, fault: str) -> list[BaseMessage]:
    """The reply and what is wrong with it, as the answer of each function that it called."""
    ids = [str(call["id"]) for call in (*reply.tool_calls, *reply.invalid_tool_calls)]
    if ids:
        return [reply, *(ToolMessage(fault, tool_call_id=name, status="error") for name in ids)]
    said: list[BaseMessage] = [reply] if reply.text else []
    return [*said, HumanMessage(fault)]


def _to_plain(reply: AIMessage) -> Json:
    usage = reply.usage_metadata
    return {
        "text": str(reply.text),
        "calls": [
            {"id": call["id"], "name": call["name"], "args": call["args"]} for call in reply.tool_calls
        ],
        "faulty_calls": [
            {"id": call["id"], "name": call["name"], "args": call["args"]}
            for call in reply.invalid_tool_calls
        ],
        "refusal": reply.additional_kwargs.get("refusal"),
        "usage": usage and {name: usage[name] for name in ("input_tokens", "output_tokens")},
    }


def _from_plain(response: Json) -> AIMessage:
    return AIMessage(
        response["text"],
        tool_calls=[
            {**call, "id": call["id"] or f"call_{number}"} for number, call in enumerate(response["calls"])
        ],
        invalid_tool_calls=[
            {**call, "id": call["id"] or f"faulty_{number}", "error": None}
            for number, call in enumerate(response["faulty_calls"])
        ],
        additional_kwargs={"refusal": response["refusal"]} if response["refusal"] else {},
    )
