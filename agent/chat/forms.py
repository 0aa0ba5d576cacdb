"""Forms: functions that a chat model calls to hand in a structured reply, and how one is read.

Owns the way from a pydantic model to the function's declaration and from a reply to the validated model. Models
that answer in text hand in JSON; both are accepted.
"""

import json
from typing import Any, TypeVar

from langchain_core.messages import AIMessage
from langchain_core.utils.json_schema import dereference_refs
from pydantic import BaseModel, ValidationError

from rewatch.memory.errors import ModelOutputError
from rewatch.tools.registry import faults

Form = TypeVar("Form", bound=BaseModel)


def declare(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Declare a function in OpenAI's form, which LangChain turns into each provider's own."""
    whole = dereference_refs(schema)
    whole.pop("$defs", None)
    return {"type": "function", "function": {"name": name, "description": description, "parameters": whole}}


def form(kind: type[BaseModel]) -> dict[str, Any]:
    """The function that hands in a form; it has the form's name and docstring."""
    return declare(_name(kind), " ".join((kind.__doc__ or "").split()), kind.model_json_schema())


def filled(reply: AIMessage, kind: type[Form]) -> Form:
    """Read a form out of a reply.

    Raises:
        ModelOutputError: It is not there, or does not validate; the message tells each fault.
    """
    name = _name(kind)
    if reply.invalid_tool_calls:
        raise ModelOutputError(f"the arguments of {name} are no JSON; call {name} again")
    given = next((call["args"] for call in reply.tool_calls if call["name"] == name), None)
    try:
        return kind.model_validate(_in_text(str(reply.text)) if given is None else given)
    except ValidationError as error:
        raise ModelOutputError(f"{name}: {faults(error)}; call {name} again") from error
    except json.JSONDecodeError as error:
        raise ModelOutputError(f"call the function {name}; nothing else is read") from error


def _in_text(text: str) -> Any:
    """The JSON object that a text holds, from its first brace to its last."""
    return json.loads(text[text.find("{") : text.rfind("}") + 1])


def _name(kind: type[BaseModel]) -> str:
    return kind.__name__.lower()
