"""What a language model of real size saves when it is given fewer visual tokens; its weights are random.

Speed can be measured with random weights, accuracy cannot. Shapes are those of published models' text parts.
"""

import time
from dataclasses import dataclass
from typing import Any

import torch

TEXT_TOKENS = 64
SHAPES: dict[str, dict[str, int]] = {
    "0.5b": {
        "hidden_size": 896,
        "intermediate_size": 4864,
        "num_hidden_layers": 24,
        "num_attention_heads": 14,
        "num_key_value_heads": 2,
    },
    "7b": {
        "hidden_size": 3584,
        "intermediate_size": 18944,
        "num_hidden_layers": 28,
        "num_attention_heads": 28,
        "num_key_value_heads": 4,
    },
}
"""Qwen2's 0.5B and 7B; LLaVA-OneVision's and Qwen2.5-VL's language models."""


@dataclass(frozen=True, slots=True)
class Prefill:
    """One number of visual tokens."""

    visual_tokens: int
    prefill_seconds: float
    first_token_seconds: float
    """Prefill and the choice of the first token."""
    peak_bytes: int | None
    """Of the GPU's memory, weights included; None on a CPU."""


def make_model(shape: str, device: str, layers: int | None = None) -> Any:
    """A language model of this shape with random weights, on the device, in half precision on a GPU.

    Args:
        shape: One of `SHAPES`.
        device: torch's name of a device.
        layers: Fewer layers, where the machine is too small for all.
    """
    from transformers import Qwen2Config, Qwen2ForCausalLM

    chosen: dict[str, Any] = {**SHAPES[shape], **({"num_hidden_layers": layers} if layers else {})}
    dtype = torch.bfloat16 if device.startswith("cuda") else torch.float32
    with torch.device(device):
        previous = torch.get_default_dtype()
        torch.set_default_dtype(dtype)
        try:
            model: Any = Qwen2ForCausalLM(Qwen2Config(vocab_size=32_000, **chosen))
            return model.eval()
        finally:
            torch.set_default_dtype(previous)


def measure_prefill(model: Any, visual_tokens: int, rounds: int) -> Prefill:
    """Time the prefill of visual tokens and a question; the best of the rounds counts."""
    device = str(model.device)
    width, cuda = model.config.hidden_size, device.startswith("cuda")
    embeds = torch.randn(1, visual_tokens + TEXT_TOKENS, width, device=device, dtype=model.dtype)
    if cuda:
        torch.cuda.reset_peak_memory_stats()
    prefill = first = float("inf")
    with torch.inference_mode():
        for _ in range(rounds):
            started = _now(cuda)
            out = model.model(inputs_embeds=embeds, use_cache=True)
            middle = _now(cuda)
            int(model.lm_head(out.last_hidden_state[:, -1]).argmax())
            ended = _now(cuda)
            prefill, first = min(prefill, middle - started), min(first, ended - started)
    return Prefill(visual_tokens, prefill, first, torch.cuda.max_memory_allocated() if cuda else None)


def _now(cuda: bool) -> float:
    if cuda:
        torch.cuda.synchronize()
    return time.perf_counter()
