"""A vision-language model behind an OpenAI-compatible endpoint: vLLM, SGLang, Ollama, llama.cpp, hosted ones.

Owns the request, which answers count as failures, and that the key is known to the client alone: it comes from
the environment, and every text that comes back is freed of it. Waiting and trying again after 429, 5xx and lost
connections, as the server's retry-after asks, is the `openai` package's work.
"""

import base64
import json
import math
import os
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rewatch.memory.errors import SettingError, ToolError
from rewatch.memory.types import Cost, Frame
from rewatch.prompts import render
from rewatch.tools.vision import Prices, Reply, Seen
from rewatch.tools.vision.footage import Footage
from rewatch.tools.vision.labels import label, panels
from rewatch.tools.vision.structured import (
    MAX_NEW_TOKENS,
    Repair,
    Token,
    Written,
    at_most,
    validated,
    yes_probability,
)

if TYPE_CHECKING:
    from openai import OpenAI
    from openai.types.chat import ChatCompletion
    from openai.types.chat.chat_completion import Choice

LARGEST_PANEL = 8

_PATCH_PIXELS = 28
"""Side of the square that one visual token stands for in Qwen2.5-VL; others differ, so counts are estimates until
the endpoint tells its own."""
_CHARACTERS_A_TOKEN = 3
"""English has about four; three is on the safe side."""
_JPEG_QUALITY = 90
_LIKELY_TOKENS = 20
_OPTIONAL = ("response_format", "logprobs", "temperature")
"""What some endpoints and models refuse and an answer can do without: the prompt tells the form as well, and every
reply is validated."""


class EndpointVlm:
    """A model behind an endpoint. Safe to use from several threads."""

    def __init__(
        self,
        model: str,
        *,
        base_url: str = "",
        key_variable: str = "OPENAI_API_KEY",
        panel: int = 1,
        prices: Prices = Prices(),  # noqa: B008 - frozen
        timeout_seconds: float = 120.0,
        retries: int = 2,
    ) -> None:
        """Remember whom to ask; nothing is sent yet.

        Args:
            model: The endpoint's name of the model.
            base_url: Where it is; "" for OpenAI's own.
            key_variable: The environment variable that holds the key; one's own server may need none.
            panel: Columns and rows of the grids in which frames are shown; 1 shows each alone.
            prices: What it charges.
            timeout_seconds: How long one attempt may take.
            retries: How often a request is sent again.

        Raises:
            SettingError: The panel is outside its range.
        """
        if not 1 <= panel <= LARGEST_PANEL:
            raise SettingError(f"panel {panel} is outside 1 to {LARGEST_PANEL}")
        self.name = f"openai:{model}" + (f" ({panel}x{panel} panels)" if panel > 1 else "")
        self._model = model
        self._base_url = base_url
        self._key_variable = key_variable
        self._panel = panel
        self._prices = prices
        self._timeout_seconds = timeout_seconds
        self._retries = retries
        self._refused: set[str] = set()

    def visual_tokens(self, frames: int, width: int, height: int) -> int:
        """Visual tokens of so many frames, by the size of their patches."""
        columns = min(self._panel, frames)
        rows = math.ceil(min(frames, self._panel**2) / self._panel)
        patches = math.ceil(width * columns / _PATCH_PIXELS) * math.ceil(height * rows / _PATCH_PIXELS)
        return math.ceil(frames / self._panel**2) * patches

    def estimate(self, frames: int, width: int, height: int, prompt: str) -> Cost:
        """What an answer costs at most, by the length of the texts and the size of the frames."""
        labels = sum(len(label(number, 0.0)) for number in range(1, frames + 1))
        words = (len(prompt) + labels) // _CHARACTERS_A_TOKEN
        return at_most(self.visual_tokens(frames, width, height), words, self._prices)

    def answer(
        self, frames: Sequence[Frame], prompt: str, schema: type[Reply], footage: Footage | None = None
    ) -> Seen[Reply]:
        """Ask about frames."""
        content = [*pictures(frames, self._panel), _text(prompt)]

        def write(repair: Repair | None) -> Written:
            return self._write(frames, _messages(content, repair), schema)

        return validated(write, schema)

    def yes_probability(self, frames: Sequence[Frame], question: str) -> float | None:
        """Probability of "yes" to a question about frames."""
        content = [*pictures(frames, self._panel), _text(render("yes_or_no", question=question))]
        choice = self._ask(_messages(content, None), max_tokens=1, top_logprobs=_LIKELY_TOKENS).choices[0]
        first = choice.logprobs.content[0] if choice.logprobs and choice.logprobs.content else None
        likely = [Token(item.token, item.logprob) for item in first.top_logprobs] if first else []
        return yes_probability(likely)

    def _write(self, frames: Sequence[Frame], messages: list[Any], schema: type[Reply]) -> Written:
        form = {"name": schema.__name__, "schema": schema.model_json_schema()}
        told = self._ask(
            messages, max_tokens=MAX_NEW_TOKENS, form={"type": "json_schema", "json_schema": form}
        )
        choice = told.choices[0]
        logprobs = choice.logprobs.content if choice.logprobs and choice.logprobs.content else []
        text = self._without_key(choice.message.content or "")
        return Written(
            text, self._cost(told, frames), tuple(Token(item.token, item.logprob) for item in logprobs)
        )

    def _cost(self, told: "ChatCompletion", frames: Sequence[Frame]) -> Cost:
        """What the endpoint counted; it does not tell words from pictures, so the pictures' share is ours."""
        put_in, put_out = (told.usage.prompt_tokens, told.usage.completion_tokens) if told.usage else (0, 0)
        height, width = frames[0].image.shape[:2] if frames else (0, 0)
        visual = min(self.visual_tokens(len(frames), width, height), put_in) if frames else 0
        dollars = self._prices.of(put_in, put_out)
        return Cost(visual_tokens=visual, llm_tokens=put_in - visual + put_out, dollars=dollars)

    def _ask(
        self,
        messages: list[Any],
        *,
        max_tokens: int,
        form: dict[str, Any] | None = None,
        top_logprobs: int | None = None,
    ) -> "ChatCompletion":
        """Send a request.

        Returns:
            A completion with at least one choice that is no refusal.

        Raises:
            ToolError: The endpoint fails for good, or the model refuses.
        """
        import openai

        longest = "max_tokens" if self._base_url else "max_completion_tokens"
        wished = {"response_format": form, "logprobs": True, "temperature": 0, "top_logprobs": top_logprobs}
        refused = self._refused | ({"top_logprobs"} if "logprobs" in self._refused else set())
        optional = {
            name: value for name, value in wished.items() if name not in refused and value is not None
        }
        try:
            told = self._client.chat.completions.create(  # type: ignore[call-overload]
                model=self._model, messages=messages, **{longest: max_tokens}, **optional
            )
        except openai.BadRequestError as error:
            named = {name for name in _OPTIONAL if name in optional and name in str(error)}
            if not named:
                raise self._failure(error) from None
            self._refused |= named
            return self._ask(messages, max_tokens=max_tokens, form=form, top_logprobs=top_logprobs)
        except (openai.OpenAIError, json.JSONDecodeError) as error:
            raise self._failure(error) from None  # the chain would carry the request, and with it the key
        if not isinstance(told, openai.types.chat.ChatCompletion) or not told.choices:
            raise ToolError(
                f"{self.name} sent no completion; is {self._where} an OpenAI-compatible endpoint?"
            )
        self._require_willing(told.choices[0])
        return told

    def _require_willing(self, choice: "Choice") -> None:
        if choice.message.refusal or choice.finish_reason == "content_filter":
            reason = choice.message.refusal or "its content filter stopped the reply"
            raise ToolError(f"{self.name} refuses: {self._without_key(reason)}")

    def _failure(self, error: Exception) -> ToolError:
        import openai

        if isinstance(error, openai.APITimeoutError):
            told = f"did not answer within {self._timeout_seconds:g} s"
        elif isinstance(error, openai.APIConnectionError):
            told = "cannot be reached, or lost the connection; is it running?"
        elif isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
            told = f"does not accept the key; set {self._key_variable} in the environment"
        else:
            told = f"fails: {self._without_key(str(error))}"
        return ToolError(f"{self.name} at {self._where} {told}")

    @property
    def _where(self) -> str:
        """The endpoint without a user's name and password."""
        url = self._client.base_url
        return str(url.copy_with(userinfo=b""))

    def _without_key(self, text: str) -> str:
        key = os.environ.get(self._key_variable, "")
        return text.replace(key, "[key]") if key else text

    @cached_property
    def _client(self) -> "OpenAI":
        try:
            import openai
        except ImportError as error:
            raise ToolError(f"{self.name} needs the openai package: pip install 'rewatch[api]'") from error
        key = os.environ.get(self._key_variable, "")
        if not key and not self._base_url:
            raise ToolError(f"{self.name} needs a key; set {self._key_variable} in the environment")
        return openai.OpenAI(
            api_key=key or "none",
            base_url=self._base_url or None,
            timeout=self._timeout_seconds,
            max_retries=self._retries,
        )


def pictures(frames: Sequence[Frame], panel: int = 1) -> list[dict[str, Any]]:
    """Frames as parts of a message: a line with number and time, then the picture (JPEG), for each image.

    Args:
        frames: By time, of one size.
        panel: Columns and rows of the grids in which they are shown; 1 shows each alone.
    """
    shown = (
        panels(frames, panel)
        if panel > 1
        else [(label(number, frame.seconds), frame.image) for number, frame in enumerate(frames, start=1)]
    )
    return [part for told, image in shown for part in (_text(told), _picture(image))]


def _messages(content: list[dict[str, Any]], repair: Repair | None) -> list[Any]:
    first = {"role": "user", "content": content}
    if repair is None:
        return [first]
    return [
        first,
        {"role": "assistant", "content": repair.reply},
        {"role": "user", "content": repair.request},
    ]


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def _picture(image: NDArray[np.uint8]) -> dict[str, Any]:
    import cv2

    _, data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    url = f"data:image/jpeg;base64,{base64.b64encode(data.tobytes()).decode()}"
    return {"type": "image_url", "image_url": {"url": url}}
