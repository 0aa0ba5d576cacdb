"""What a compressor is given, checked once, with the measures that several methods share.

Owns the checks of the inputs and the cosines that are cheap to compute once. Choosing tokens is the methods' work.
"""

from collections.abc import MutableMapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from rewatch.memory.errors import InputError

Grid = tuple[int, int, int]
"""Frames, rows and columns of tokens."""
State = MutableMapping[str, Any]
"""What a method remembers from one call to the next; start with an empty dict and pass it again."""

_TINY = 1e-8
"""Smallest norm that a cosine divides by, as in `torch.nn.functional.cosine_similarity`: zero vectors get 0."""


@dataclass(frozen=True)
class Clip:
    """The tokens of a clip and what is known about them."""

    tokens: Tensor
    """Any floating type `[T, N, D]`, as the caller gave them."""
    grid: Grid
    attention: Tensor | None
    """float32 `[T, N]`: how much attention each token drew."""
    frame_features: Tensor
    """float32 `[T, G]`: one vector a frame; the mean of its tokens where the caller gave none."""
    query: Tensor | None
    """float32 `[Q, D]` in the space of the tokens."""
    frame_weights: Tensor | None
    """float32 `[T]`, 0 or more: how relevant each frame is to the question."""
    state: State
    generator: torch.Generator | None

    @cached_property
    def values(self) -> Tensor:
        """float32 `[T, N, D]`, contiguous; float64 stays as it is."""
        wide = self.tokens if self.tokens.dtype == torch.float64 else self.tokens.float()
        return wide.contiguous()

    @cached_property
    def norms(self) -> Tensor:
        """Euclidean length of each token `[T, N]`, never below what a cosine may divide by."""
        lengths: Tensor = torch.linalg.vector_norm(self.values, dim=-1)
        return lengths.clamp_min(_TINY)

    @cached_property
    def unit(self) -> Tensor:
        """Tokens of unit length `[T, N, D]`; zero vectors stay zero."""
        return self.values / self.norms.unsqueeze(-1)

    @cached_property
    def adjacent(self) -> Tensor:
        """Cosine of each token with the one at its place in the frame before `[T - 1, N]`."""
        dots = torch.einsum("tnd,tnd->tn", self.values[1:], self.values[:-1])
        return dots / (self.norms[1:] * self.norms[:-1])

    @cached_property
    def salience(self) -> Tensor:
        """Attention `[T, N]`; without attention scores, each token's cosine with the mean token of its frame."""
        if self.attention is not None:
            return self.attention
        mean = unit_rows(self.unit.mean(dim=1))
        return torch.einsum("tnd,td->tn", self.unit, mean)

    def frame(self, number: int) -> "Clip":
        """One frame by itself, with nothing remembered."""
        return Clip(
            self.tokens[number : number + 1],
            (1, self.grid[1], self.grid[2]),
            None if self.attention is None else self.attention[number : number + 1],
            self.frame_features[number : number + 1],
            self.query,
            None,
            {},
            self.generator,
        )


def unit_rows(rows: Tensor) -> Tensor:
    """Rows of unit length; zero rows stay zero."""
    lengths: Tensor = torch.linalg.vector_norm(rows, dim=-1, keepdim=True)
    return rows / lengths.clamp_min(_TINY)


def make_clip(
    tokens: Tensor,
    grid: Grid,
    attention: Tensor | None,
    frame_features: Tensor | None,
    query: Tensor | None,
    frame_weights: Tensor | None,
    state: State | None,
    generator: torch.Generator | None,
) -> Clip:
    """Check the inputs and bundle them.

    Raises:
        InputError: A shape does not fit, a value is not finite, or a weight is negative.
    """
    if tokens.dim() != 3 or not tokens.is_floating_point():
        raise InputError(f"tokens {tuple(tokens.shape)} of {tokens.dtype}; give floats of shape [T, N, D]")
    frames, places, width = tokens.shape
    if len(grid) != 3 or min(grid) < 1 or grid[0] != frames or grid[1] * grid[2] != places or width < 1:
        raise InputError(
            f"grid {tuple(grid)} does not fit tokens {tuple(tokens.shape)}; give (T, H, W), N = H*W"
        )
    weights = _checked("frame_weights", frame_weights, (frames,))
    if weights is not None and bool((weights < 0).any()):
        raise InputError("frame_weights has a negative weight; give 0 or more")
    asked = _checked("query", query, (1, width) if query is not None and query.dim() == 1 else (None, width))
    features = _checked("frame_features", frame_features, (frames, None))
    clip = Clip(
        tokens,
        (grid[0], grid[1], grid[2]),
        _checked("attention", attention, (frames, places)),
        features if features is not None else torch.empty(0),
        asked,
        weights,
        {} if state is None else state,
        generator,
    )
    if not bool(torch.isfinite(clip.norms).all()):
        raise InputError("tokens hold NaN or infinite values; a compressor cannot rank them")
    if features is None:
        object.__setattr__(clip, "frame_features", clip.values.mean(dim=1))
    return clip


def _checked(name: str, given: Tensor | None, shape: tuple[int | None, ...]) -> Tensor | None:
    if given is None:
        return None
    wide = given if given.dtype == torch.float64 else given.float()
    flat = wide.reshape(1, -1) if len(shape) == 2 and given.dim() == 1 else wide
    if flat.dim() != len(shape) or any(
        want not in (None, have) for want, have in zip(shape, flat.shape, strict=True)
    ):
        wanted = ", ".join("any" if size is None else str(size) for size in shape)
        raise InputError(f"{name} has shape {tuple(given.shape)}; give [{wanted}]")
    if not bool(torch.isfinite(flat).all()):
        raise InputError(f"{name} holds NaN or infinite values")
    return flat
