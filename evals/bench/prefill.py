"""What a language model of real size saves when it is given fewer visual tokens; its weights are random.

Speed can be measured with random weights, accuracy cannot. Shapes are those of published models' text parts.
"""

import time
from dataclasses import dataclass

import torch

from rewatch.evals.bench.decoder import Decoder
from rewatch.evals.bench.random_weights import made_on

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
    """Of all layers of the shape; where fewer were run, theirs times the share of all."""
    first_token_seconds: float
    """Prefill and the choice of the first token."""
    peak_bytes: int | None
    """Of the GPU's memory, weights included; None on a CPU."""


def make_model(shape: str, device: str, layers: int | None = None) -> Decoder:
    """A language model of this shape with random weights, on the device, in half precision on a GPU.

    Args:
        shape: One of `SHAPES`.
        device: torch's name of a device.
        layers: Fewer layers, where the machine is too small for all.
    """
    chosen = {**SHAPES[shape], **({"num_hidden_layers": layers} if layers else {})}
    kind = torch.bfloat16 if device.startswith("cuda") else torch.float32
    return made_on(device, kind, lambda: Decoder(chosen))


def measure_prefill(model: Decoder, visual_tokens: int, rounds: int, all_layers: int) -> Prefill:
    """Time the prefill of visual tokens and a question; the best of the rounds counts.

    A model of fewer layers than `all_layers` is run as it is and its time multiplied: every layer does the same work,
    and little is done beside them. Memory is that of the layers that were run.
    """
    weight = model.head.weight
    embedded = torch.randn(
        1, visual_tokens + TEXT_TOKENS, model.width, device=weight.device, dtype=weight.dtype
    )
    if weight.is_cuda:
        torch.cuda.reset_peak_memory_stats()
    prefill = choice = float("inf")
    with torch.inference_mode():
        for _ in range(rounds):
            started = _now(weight.is_cuda)
            hidden, _ = model(embedded)
            middle = _now(weight.is_cuda)
            int(model.head(hidden[:, -1]).argmax())
            ended = _now(weight.is_cuda)
            prefill, choice = min(prefill, middle - started), min(choice, ended - middle)
    prefill *= all_layers / len(model.layers)
    peak = torch.cuda.max_memory_allocated() if weight.is_cuda else None
    return Prefill(visual_tokens, prefill, prefill + choice, peak)


def _now(cuda: bool) -> float:
    if cuda:
        torch.cuda.synchronize()
    return time.perf_counter()
