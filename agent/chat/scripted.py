"""A chat model whose replies are given beforehand: for tests, demonstrations and planners of one's own.

Owns no language at all: it says the next line of its script, whatever it is asked.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.base import LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from pydantic import Field


class ScriptedChatModel(BaseChatModel):
    """Replies by a script; give it to `VideoAgent` as `chat_model`, with any `planner` but "rules"."""

    script: Sequence[AIMessage]
    """One reply for each call; the last one answers all that follow."""
    asked: list[list[BaseMessage]] = Field(default_factory=list)
    """The conversation of each call, in order."""

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Runnable[LanguageModelInput, AIMessage]:
        """Take no notice of what may be called: the script knows."""
        return self

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        self.asked.append(messages)
        reply = self.script[min(len(self.asked), len(self.script)) - 1]
        return ChatResult(generations=[ChatGeneration(message=reply)])


def calling(name: str, arguments: Mapping[str, Any], tokens: tuple[int, int] = (100, 10)) -> AIMessage:
    """A reply that calls a tool.

    Args:
        name: The tool.
        arguments: What it is called with.
        tokens: How many the reply says to have read and written.
    """
    put_in, put_out = tokens
    return AIMessage(
        "",
        tool_calls=[{"name": name, "args": dict(arguments), "id": f"call_{name}"}],
        usage_metadata={"input_tokens": put_in, "output_tokens": put_out, "total_tokens": put_in + put_out},
    )
