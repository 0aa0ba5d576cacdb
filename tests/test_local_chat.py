"""A chat model of this machine: its words are read as calls, and a real (tiny) one writes within its limit."""

from pathlib import Path
from typing import Any

import pytest
import torchvision_stub  # noqa: F401
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from rewatch.agent.chat.local import LocalChatModel, open_local, parse_reply
from rewatch.memory.errors import SettingError, ToolError

TEMPLATE = (
    "{% for tool in tools or [] %}tool {{ tool.function.name }}\n{% endfor %}"
    "{% for m in messages %}{{ m.role }}: {{ m.content or '' }}"
    "{% for c in m.tool_calls or [] %} call {{ c.function.name }} {{ c.function.arguments.query }}{% endfor %};"
    "{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}"
)
SEARCH: dict[str, Any] = {
    "type": "function",
    "function": {"name": "search", "description": "d", "parameters": {"type": "object", "properties": {}}},
}


def test_calls_are_read_from_what_a_model_writes() -> None:
    text = (
        "<think>Should I?</think>I search.\n"
        '<tool_call>{"name": "search", "arguments": {"query": "heat"}}</tool_call>\n'
        '<tool_call>{"name": "read", "arguments": {</tool_call>'
    )
    reply = parse_reply(text)
    assert reply.text == "I search."
    assert [(call["name"], call["args"]) for call in reply.tool_calls] == [("search", {"query": "heat"})]
    assert [call["args"] for call in reply.invalid_tool_calls] == ['{"name": "read", "arguments": {']


def test_words_without_a_call_stay_words() -> None:
    reply = parse_reply('{"sufficient": true}')
    assert (reply.text, reply.tool_calls, reply.invalid_tool_calls) == ('{"sufficient": true}', [], [])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A language model of random weights with a tokenizer of single bytes."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({letter: n for n, letter in enumerate(letters)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    folder = tmp_path_factory.mktemp("model")
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer)
    fast.chat_template = TEMPLATE
    fast.save_pretrained(folder)
    sizes = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    LlamaForCausalLM(LlamaConfig(vocab_size=len(letters), **sizes)).save_pretrained(folder)
    return folder


def test_a_real_model_is_shown_the_tools_and_the_calls_and_counts_its_tokens(folder: Path) -> None:
    opened = open_local(str(folder), "cpu", "float32")
    model = LocalChatModel(model=opened.model, tokenizer=opened.tokenizer, max_new_tokens=5)
    call = {"name": "search", "args": {"query": "heat"}, "id": "call_1", "type": "tool_call"}
    messages = [
        HumanMessage("Why?"),
        AIMessage("", tool_calls=[call]),
        ToolMessage("nothing", tool_call_id="call_1"),
    ]
    reply = model.bind_tools([SEARCH]).invoke(messages)
    prompt = "tool search\nuser: Why?;assistant:  call search heat;tool: nothing;assistant: "
    assert reply.usage_metadata is not None
    assert reply.usage_metadata["input_tokens"] == len(prompt)
    assert 1 <= reply.usage_metadata["output_tokens"] <= 5


def test_what_cannot_be_loaded_says_why(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="cannot be loaded"):
        open_local(str(tmp_path), "cpu", "auto")
    (folder / "chat_template.jinja").unlink()
    with pytest.raises(SettingError, match="has no chat template"):
        open_local(str(folder), "cpu", "auto")
