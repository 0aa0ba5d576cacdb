"""A chat model of this machine: any causal language model of transformers whose chat template takes tools.

Owns the way from messages to the model's own template and from its words to tool calls. Calls are read in the
form `<tool_call>{"name": ..., "arguments": ...}</tool_call>`, which Hermes, Qwen and many other open models write.
"""

import json
import re
from collections.abc import Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.base import LanguageModelInput
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    InvalidToolCall,
    ToolCall,
    convert_to_openai_messages,
)
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable

from rewatch.agent.chat.chat import MAX_OUTPUT_TOKENS
from rewatch.memory.errors import SettingError, ToolError

_CALL = re.compile(r"<tool_call>\s*(.*?)\s*(?:</tool_call>|$)", re.DOTALL)
_THOUGHT = re.compile(r"<think>.*?(?:</think>|$)", re.DOTALL)


class LocalChatModel(BaseChatModel):
    """A causal language model with its tokenizer."""

    model: Any
    """A `transformers` model that generates."""
    tokenizer: Any
    """Its tokenizer, with a chat template."""
    max_new_tokens: int = MAX_OUTPUT_TOKENS

    @property
    def _llm_type(self) -> str:
        return "transformers"

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Runnable[LanguageModelInput, AIMessage]:
        """Offer functions, declared in OpenAI's form."""
        return self.bind(tools=list(tools), **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        *,
        tools: Sequence[Any] = (),
        **kwargs: Any,
    ) -> ChatResult:
        inputs = self.tokenizer.apply_chat_template(
            _with_parsed_arguments(convert_to_openai_messages(messages)),
            tools=list(tools) or None,
            add_generation_prompt=True,
            return_dict=True,
            return_tensors="pt",
        ).to(self.model.device)
        read = int(inputs["input_ids"].shape[1])
        output = self.model.generate(**inputs, max_new_tokens=self.max_new_tokens, do_sample=False)
        written = output[0, read:]
        reply = parse_reply(self.tokenizer.decode(written, skip_special_tokens=True))
        reply.usage_metadata = {
            "input_tokens": read,
            "output_tokens": len(written),
            "total_tokens": read + len(written),
        }
        return ChatResult(generations=[ChatGeneration(message=reply)])


def open_local(name: str, device: str, dtype: str) -> LocalChatModel:
    """Load a model by its name or folder.

    Raises:
        SettingError: transformers does not load, or the tokenizer has no chat template.
        ToolError: The model cannot be loaded: missing, offline, or too large.
    """
    try:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer
    except (ImportError, RuntimeError) as error:
        raise SettingError(
            f"hf:{name} needs transformers, which does not load: {error}; see rewatch doctor"
        ) from error
    try:
        tokenizer = AutoTokenizer.from_pretrained(name)
        model: Any = AutoModelForCausalLM.from_pretrained(name, dtype=dtype)
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        model.requires_grad_(False).to(device)
    except (OSError, ValueError, ImportError, RuntimeError) as error:
        told = " ".join(str(error).split())
        raise ToolError(f"hf:{name} cannot be loaded: {told}") from error
    if not tokenizer.chat_template:
        raise SettingError(f"hf:{name} has no chat template; choose an instruction-tuned model")
    return LocalChatModel(model=model, tokenizer=tokenizer)


def parse_reply(text: str) -> AIMessage:
    """Read what a model wrote: its words, its calls, and calls that are no JSON."""
    said = _THOUGHT.sub("", text).strip()
    calls: list[ToolCall] = []
    faulty: list[InvalidToolCall] = []
    for number, written in enumerate(_CALL.findall(said)):
        name = f"call_{number}"
        try:
            values = json.loads(written)
            calls.append(ToolCall(name=values["name"], args=dict(values["arguments"]), id=name))
        except (ValueError, TypeError, KeyError) as error:
            faulty.append(
                InvalidToolCall(type="invalid_tool_call", name="", args=written, id=name, error=str(error))
            )
    return AIMessage(_CALL.sub("", said).strip(), tool_calls=calls, invalid_tool_calls=faulty)


def _with_parsed_arguments(messages: Any) -> list[dict[str, Any]]:
    """Messages whose calls hold their arguments as values, as chat templates want them."""
    for message in messages:
        for call in message.get("tool_calls", []):
            call["function"]["arguments"] = json.loads(call["function"]["arguments"])
    return list(messages)
