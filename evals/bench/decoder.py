"""A language model of a real one's shape with random weights, in plain torch, for measuring how long reading takes.

Owns no words: the decoder of Qwen2 (rotary positions, grouped queries, gated feed-forward), its cache and its head.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

VOCABULARY = 32_000
_ROTARY_BASE = 1e6


class Decoder(torch.nn.Module):
    """Layers, and the head that chooses a token."""

    def __init__(self, shape: Mapping[str, int]) -> None:
        """Make the weights on torch's default device and in its default type."""
        super().__init__()
        width = shape["hidden_size"]
        self.width = width
        self.layers = torch.nn.ModuleList(Layer(shape) for _ in range(shape["num_hidden_layers"]))
        self.norm = torch.nn.RMSNorm(width)
        self.head = torch.nn.Linear(width, VOCABULARY, bias=False)

    def forward(self, embedded: Tensor) -> tuple[Tensor, list[tuple[Tensor, Tensor]]]:
        """Hidden states `[B, L, width]` of embedded tokens, and each layer's keys and values."""
        cache = []
        for layer in self.layers:
            embedded, kept = layer(embedded)
            cache.append(kept)
        return self.norm(embedded), cache


class Layer(torch.nn.Module):
    """Self-attention over what came before, then a gated feed-forward."""

    def __init__(self, shape: Mapping[str, int]) -> None:
        super().__init__()
        width, inner = shape["hidden_size"], shape["intermediate_size"]
        self.head_width = width // shape["num_attention_heads"]
        shared = self.head_width * shape["num_key_value_heads"]
        self.before_attention, self.before_feed = torch.nn.RMSNorm(width), torch.nn.RMSNorm(width)
        self.query, self.key = torch.nn.Linear(width, width), torch.nn.Linear(width, shared)
        self.value, self.out = torch.nn.Linear(width, shared), torch.nn.Linear(width, width, bias=False)
        self.gate, self.up = (torch.nn.Linear(width, inner, bias=False) for _ in range(2))
        self.down = torch.nn.Linear(inner, width, bias=False)

    def forward(self, hidden: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        seen = self.before_attention(hidden)
        query, key, value = (
            part(seen).unflatten(-1, (-1, self.head_width)).transpose(1, 2)
            for part in (self.query, self.key, self.value)
        )
        query, key = rotated(query), rotated(key)
        drawn = torch.nn.functional.scaled_dot_product_attention(
            query, key, value, is_causal=True, enable_gqa=True
        )
        hidden = hidden + self.out(drawn.transpose(1, 2).flatten(2))
        fed = self.before_feed(hidden)
        return hidden + self.down(torch.nn.functional.silu(self.gate(fed)) * self.up(fed)), (key, value)


def rotated(heads: Tensor) -> Tensor:
    """Turn heads `[B, H, L, d]` by their positions 0 to L - 1 (rotary positions)."""
    half = heads.shape[-1] // 2
    speed = _ROTARY_BASE ** (-torch.arange(half, device=heads.device) / half)
    angle = torch.arange(heads.shape[2], device=heads.device).unsqueeze(1) * speed
    cosine, sine = angle.cos().to(heads.dtype), angle.sin().to(heads.dtype)
    first, second = heads[..., :half], heads[..., half:]
    return torch.cat([first * cosine - second * sine, second * cosine + first * sine], dim=-1)
