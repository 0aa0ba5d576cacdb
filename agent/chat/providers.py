"""Opening a chat model by its name: `hf:` on this machine, everything else through LangChain's providers.

Owns what a provider must be told. Keys are read from the environment by the providers' own clients and are never
part of the settings.
"""

import os
from typing import TYPE_CHECKING, Any

from rewatch.agent.chat.chat import MAX_OUTPUT_TOKENS
from rewatch.agent.chat.secrets import redact
from rewatch.agent.local_models import LOCAL
from rewatch.agent.settings import Settings
from rewatch.memory.errors import SettingError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

_NO_KEY = "none"
"""Said to a server of one's own, which asks for no key, where the client insists on one."""
_OUTPUT_LIMIT = {"ollama": "num_predict"}
"""What a provider calls the limit on a reply's tokens, where it is not `max_tokens`."""
_LONGEST_SECONDS = 300.0


def open_chat_model(settings: Settings) -> "BaseChatModel":
    """Open the planner that the settings name.

    Raises:
        SettingError: A package or a key is missing, or the provider is unknown; the message says what adds it.
        ToolError: A local model cannot be loaded.
    """
    if settings.planner.startswith(LOCAL):
        from rewatch.agent.chat.local import open_local

        return open_local(settings.planner.removeprefix(LOCAL), settings.device, settings.dtype)
    provider, _, model = settings.planner.partition(":")
    options: dict[str, Any] = {
        "temperature": 0.0,
        "max_retries": 0,  # the run's own limits decide how long to try
        "timeout": settings.limits.seconds or _LONGEST_SECONDS,
        _OUTPUT_LIMIT.get(provider, "max_tokens"): MAX_OUTPUT_TOKENS,
    }
    if settings.base_url:
        options["base_url"] = settings.base_url
        if provider == "openai" and not os.environ.get("OPENAI_API_KEY"):
            options["api_key"] = _NO_KEY
    try:
        from langchain.chat_models import init_chat_model

        opened: BaseChatModel = init_chat_model(model, model_provider=provider, **options)
        return opened
    except ImportError as error:
        package = "'rewatch[api]'" if provider == "openai" else f"langchain langchain-{provider}"
        raise SettingError(
            f"planner {settings.planner} needs a package that is missing: pip install {package}"
        ) from error
    except Exception as error:  # each provider's client says in its own way that a key is missing
        told = " ".join(redact(str(error)).split())
        raise SettingError(f"planner {settings.planner} cannot be opened: {told}") from None
