"""The contract of a hook: how one family of models encodes pictures, and where their tokens stand.

Owns what the families share: the encoded features, their grouping into clips, and the attention that each token
drew, from one pooled query recomputed at the last vision block.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor
from transformers.modeling_outputs import BaseModelOutputWithPooling

from rewatch.tools.compress.clip import Grid

TowerOutput: Any = BaseModelOutputWithPooling
"""What vision towers return; annotated for one tensor, and in fact a tensor, a list or a tuple by family."""
Modality = Literal["image", "video"]


@dataclass(frozen=True, slots=True)
class Part:
    """Feature tokens that form a grid; consecutive single frames of one sample and one size make a clip."""

    places: Tensor
    """int64 `[T*H*W]`: which of the features they are."""
    grid: Grid
    frames: bool = True
    """Whether the parts before and after it may be frames of the same clip."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """What the vision tower made of all pictures of one modality."""

    features: Tensor
    """`[P, D]`: one row for each placeholder of the batch, in order."""
    levels: tuple[Tensor, ...]
    """Further features of the same tokens `[P, D]`, added inside the language model (DeepStack)."""
    parts: tuple[Part, ...]
    """Which features form grids. Features in none of them (line ends) are always kept."""
    attention: Tensor | None
    """float `[P]`, where it was asked for."""


class Hook(ABC):
    """One family of models. Stateless."""

    modalities: ClassVar[dict[Modality, str]]
    """Modalities that the family encodes, and the processor's name of their pixels."""

    def token_id(self, model: Any, modality: Modality) -> int:
        """The placeholder of a modality."""
        return int(getattr(model.config, f"{modality}_token_id"))

    @abstractmethod
    def encode(self, model: Any, inputs: Mapping[str, Any], modality: Modality, attention: bool) -> Encoded:
        """Run the vision tower."""

    @abstractmethod
    def output(self, modality: Modality, features: Tensor, levels: tuple[Tensor, ...]) -> Any:
        """What the vision tower would return for these features, as the model's forward takes it."""

    def positions(self, model: Any, inputs: Mapping[str, Any]) -> Tensor:
        """Positions of the whole sequence: `[B, L]`, or `[3, B, L]` for models with positions in space and time."""
        mask = inputs["attention_mask"].long()
        places: Tensor = mask.cumsum(-1) - 1
        return places.masked_fill(mask == 0, 0)


@contextmanager
def input_of(module: torch.nn.Module, wanted: bool) -> Iterator[list[Tensor]]:
    """Collect the first argument of each call of a module while the block runs, where it is wanted."""
    seen: list[Tensor] = []
    if not wanted:
        yield seen
        return

    def note(_: torch.nn.Module, arguments: tuple[Any, ...], named: dict[str, Any]) -> None:
        seen.append(arguments[0] if arguments else named["hidden_states"])

    handle = module.register_forward_pre_hook(note, with_kwargs=True)
    try:
        yield seen
    finally:
        handle.remove()


def pooled_attention(module: Any, hidden: Tensor) -> Tensor:
    """Attention of one query, the mean of all, at a block's self-attention; rotary positions are left out.

    Args:
        module: A self-attention with `qkv`, or `q_proj` and `k_proj`, and `num_heads`.
        hidden: What it was called with `[F, n, C]`, frames first.

    Returns:
        float32 `[F, n]`, the mean over the heads; each row sums to 1.
    """
    if hasattr(module, "qkv"):
        query, key, _ = module.qkv(hidden).chunk(3, dim=-1)
    else:
        query, key = module.q_proj(hidden), module.k_proj(hidden)
    heads = module.num_heads
    pooled = query.float().mean(dim=1).unflatten(-1, (heads, -1))
    keys = key.float().unflatten(-1, (heads, -1))
    scores = torch.einsum("fhd,fnhd->fhn", pooled, keys) / keys.shape[-1] ** 0.5
    drawn: Tensor = scores.softmax(dim=-1).mean(dim=1)
    return drawn


def pooled_blocks(attention: Tensor, side: int, block: int) -> Tensor:
    """Mean over `block` x `block` patches: `[F, side*side]` to `[F, (side / block)^2]`."""
    square = attention.view(-1, 1, side, side)
    return torch.nn.functional.avg_pool2d(square, block).flatten(1)
