"""Models that look at frames: the contract of a vision-language model, and the choice of one.

Owns what a caller may expect of any backend. Backends are modules beside this one: `local` (transformers),
`endpoint` (OpenAI-compatible servers), `scripted` and `recorded` (no model at all). Choosing frames is the work
of `watch`, keeping what was seen that of `look` and `captions`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from pydantic import BaseModel

from rewatch.memory.errors import SettingError
from rewatch.memory.types import Cost, Frame, PictureCompression
from rewatch.tools.vision.footage import Footage

Reply = TypeVar("Reply", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Prices:
    """What a hosted model charges; nothing unless it is told."""

    input_dollars: float = 0.0
    """For a million tokens that go in, pictures included."""
    output_dollars: float = 0.0
    """For a million tokens that come out."""

    def of(self, input_tokens: int, output_tokens: int) -> float:
        """Dollars for so many tokens."""
        return (input_tokens * self.input_dollars + output_tokens * self.output_dollars) / 1e6


@dataclass(frozen=True, slots=True)
class Seen(Generic[Reply]):
    """What a model said of some frames."""

    reply: Reply
    """Validated; never raw text."""
    cost: Cost
    """What all attempts have spent: `visual_tokens`, `llm_tokens` and `dollars`."""
    probability: float | None = None
    """Of the tokens of the reply's first field, from the model's own log-probabilities; that it is
    true, where the field is true or false. None where the model tells no log-probabilities."""
    compression: PictureCompression | None = None
    """Of the frames' visual tokens, where there was any."""


class Vlm(Protocol):
    """A vision-language model, local or behind an endpoint. Safe to use from several threads."""

    @property
    def name(self) -> str:
        """Names the model, and the way it is shown frames, in observations and traces."""

    def visual_tokens(self, frames: int, width: int, height: int) -> int:
        """Visual tokens that so many frames of a size (in pixels) take when they are shown once."""

    def estimate(self, frames: int, width: int, height: int, prompt: str) -> Cost:
        """What an answer costs at most, its repair included; the model is not asked.

        Returns:
            `visual_tokens`, `llm_tokens` and `dollars`.
        """

    def answer(
        self, frames: Sequence[Frame], prompt: str, schema: type[Reply], footage: Footage | None = None
    ) -> Seen[Reply]:
        """Ask about frames, which are shown with their numbers and times.

        Args:
            frames: By time; shown as they are, so made as small as they shall be.
            prompt: The question and the form of the reply.
            schema: What the reply must be. `Seen.probability` is of its first field.
            footage: What is known of the frames, for a model that compresses them.

        Raises:
            ModelOutputError: The reply did not validate, nor did its one repair.
            ToolError: The model failed for good (missing, refused, out of memory, unreachable).
        """

    def yes_probability(self, frames: Sequence[Frame], question: str) -> float | None:
        """Probability of "yes" to a question about frames; None where the model tells no log-probabilities.

        Raises:
            ToolError: The model failed for good.
        """


def open_vlm(
    name: str,
    *,
    base_url: str = "",
    key_variable: str = "OPENAI_API_KEY",
    device: str = "auto",
    dtype: str = "auto",
    attention: str = "auto",
    panel: int = 1,
    prices: Prices | None = None,
    timeout_seconds: float = 120.0,
    compression: str = "",
) -> Vlm:
    """Choose a model; it is loaded, or reached, when it is first asked.

    Args:
        name: "hf:NAME_OR_FOLDER" for a model of transformers, "openai:MODEL" for an OpenAI-compatible endpoint.
        base_url: Endpoints: where it is, such as "http://localhost:8000/v1"; "" for OpenAI's own.
        key_variable: Endpoints: the environment variable that holds the key.
        device: Local models: "auto" (all GPUs there are, else the CPU), or torch's name of a device.
        dtype: Local models: "auto" (as the weights are), or torch's name of a type, such as "bfloat16".
        attention: Local models: "auto", "sdpa", "eager" or "flash_attention_2".
        panel: Endpoints: show frames in grids of so many columns and rows to an image; 1 shows each alone.
        prices: Endpoints: what it charges.
        timeout_seconds: Endpoints: how long one attempt may take.
        compression: Local models: "METHOD:SHARE" or "METHOD:TOKENS" that the pictures are compressed to; "" for all.

    Raises:
        SettingError: The name, or another value, is none that works here.
    """
    kind, _, model = name.partition(":")
    if kind not in ("hf", "openai") or not model:
        raise SettingError(f"vlm {name!r} is unknown; write hf:NAME_OR_FOLDER or openai:MODEL")
    from rewatch.tools.vision.compression import Compressor, compression_of

    asked = compression_of(name, compression)
    if kind == "hf":
        if base_url or panel != 1:
            raise SettingError(f"vlm {name!r} is local: it takes neither a base URL nor panels")
        from rewatch.tools.vision.local import LocalVlm

        if asked is None:
            return LocalVlm(model, device=device, dtype=dtype, attention=attention)
        from rewatch.tools.compress.hooks import find_hook

        return LocalVlm(
            model,
            device=device,
            dtype=dtype,
            attention=attention,
            prepare=Compressor(asked),
            check_family=find_hook,
            shown=f"({compression})",
        )
    from rewatch.tools.vision.endpoint import EndpointVlm

    return EndpointVlm(
        model,
        base_url=base_url,
        key_variable=key_variable,
        panel=panel,
        prices=prices or Prices(),
        timeout_seconds=timeout_seconds,
    )
