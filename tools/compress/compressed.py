"""What a compressor returns: kept and merged tokens, where they stand and whom they stand for.

Every method is a sparse linear map of the tokens: row `k` of the result is the sum over its links of weight times
token. The map is kept, so that further features of the same tokens (the DeepStack levels of Qwen3-VL, another
encoder's patches) are merged the same way.
"""

import warnings
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from rewatch.tools.compress.clip import Clip, Grid


@dataclass(frozen=True, slots=True)
class Links:
    """Memberships of a draft: token `token[m]` joins row `row[m]` with weight `weight[m]`."""

    token: Tensor
    row: Tensor
    weight: Tensor


@dataclass(frozen=True, slots=True)
class Draft:
    """What a method proposes, before it is cut to the budget; rows in any order."""

    index: Tensor
    """int64 `[R]`, unique: flat position `t*N + n` of each row."""
    score: Tensor
    """`[R]`: what the method itself would give up last has the highest."""
    links: Links | None = None
    """Memberships; None where each row is the token at its position, unchanged."""
    notes: dict[str, Any] = field(default_factory=dict)
    """What the caller may want to know, for `Compressed.stats`."""


@dataclass(frozen=True, slots=True)
class Compressed:
    """The tokens that a language model is given instead of all."""

    tokens: Tensor
    """`[K, D]` in the type of the input."""
    index: Tensor
    """int64 `[K]`, strictly increasing: flat position `t*N + n` that each token stands at."""
    sizes: Tensor
    """int64 `[K]`: how many source tokens each represents; a token that joined several counts where it weighs most,
    so that the sizes sum to the number of tokens represented."""
    links: Tensor
    """int64 `[M, 2]`: every membership, (source token, row); `tokens[row]` is the weighted sum of its sources."""
    weights: Tensor
    """float `[M]`: the weight of each membership; those of one row sum to 1."""
    assign: Tensor
    """int64 `[T*N]`: the row that each source token weighs most in, -1 when it was dropped."""
    grid: Grid
    boxes: Tensor | None
    """float `[K, 4]`: `(x0, y0, x1, y1)`, 0 to 1 of the frame, around the sources of each token; None where every
    token is one patch."""
    stats: dict[str, Any]
    """Method, counts before and after, and what else the method notes."""

    def apply(self, features: Tensor) -> Tensor:
        """Select and merge further features of the same tokens.

        Args:
            features: `[T*N, F]` or `[T, N, F]`.

        Returns:
            `[K, F]` in the type of the features.
        """
        flat = features.reshape(self.assign.shape[0], -1)
        if self.boxes is None:
            return flat[self.index]
        return weighted_sum(flat, self.links, self.weights, self.index.shape[0])


def build(clip: Clip, draft: Draft, stats: dict[str, Any]) -> Compressed:
    """Bring a draft that fits the budget into its final form: sorted by position, with sizes and boxes."""
    order = torch.argsort(draft.index)
    index = draft.index[order]
    total = clip.tokens.shape[0] * clip.tokens.shape[1]
    flat = clip.tokens.reshape(total, -1)
    kept = index.shape[0]
    rows = torch.arange(kept, device=index.device)
    if draft.links is None:
        links, weights = torch.stack([index, rows], dim=1), clip.norms.new_ones(kept)
        assign = torch.full((total,), -1, dtype=torch.int64, device=index.device).scatter_(0, index, rows)
        return Compressed(
            flat[index], index, torch.ones_like(index), links, weights, assign, clip.grid, None, stats
        )
    new_row = torch.empty_like(order).scatter_(0, order, rows)
    member, row, weight = draft.links.token, new_row[draft.links.row], draft.links.weight
    by_row = torch.argsort(row * total + member)
    links, weights = torch.stack([member[by_row], row[by_row]], dim=1), weight[by_row]
    assign = _heaviest(links, weights, total)
    sizes = torch.bincount(assign[assign >= 0], minlength=kept)
    boxes = boxes_around(links, clip.grid, kept)
    merged = weighted_sum(flat, links, weights, kept)
    return Compressed(merged, index, sizes, links, weights, assign, clip.grid, boxes, stats)


def group_shares(group: Tensor, mass: Tensor, groups: int) -> Tensor:
    """The share of each row in its group, by mass `[n]`; equal shares where a group has none."""
    total = mass.new_zeros(groups).index_add_(0, group, mass)
    count = torch.bincount(group, minlength=groups).to(mass.dtype)
    return torch.where(total[group] > 0, mass / total[group].clamp_min(1e-30), 1 / count[group])


def weighted_sum(flat: Tensor, links: Tensor, weights: Tensor, rows: int) -> Tensor:
    """Rows of the sparse map times the features; rows of one whole source are copied, not computed."""
    wide = flat if flat.dtype == torch.float64 else flat.float()
    counts = torch.bincount(links[:, 1], minlength=rows)
    starts = torch.cat([counts.new_zeros(1), counts.cumsum(0)])
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse")
        matrix = torch.sparse_csr_tensor(
            starts, links[:, 0], weights.to(wide.dtype), (rows, flat.shape[0]), check_invariants=False
        )
        merged = (matrix @ wide).to(flat.dtype)
    alone = counts == 1
    merged[alone] = flat[links[starts[:-1][alone], 0]]
    return merged


def _heaviest(links: Tensor, weights: Tensor, total: int) -> Tensor:
    """The row in which each token weighs most, the first of equals; -1 for tokens without a row."""
    order = torch.argsort(weights, descending=True, stable=True)
    tokens, rows = links[order, 0], links[order, 1]
    by_token = torch.argsort(tokens, stable=True)
    tokens, rows = tokens[by_token], rows[by_token]
    first = torch.ones_like(tokens, dtype=torch.bool)
    first[1:] = tokens[1:] != tokens[:-1]
    assign = torch.full((total,), -1, dtype=torch.int64, device=links.device)
    return assign.scatter_(0, tokens[first], rows[first])


def boxes_around(links: Tensor, grid: Grid, rows: int) -> Tensor:
    """Smallest box around the sources of each row, over all their frames."""
    _, height, width = grid
    place = links[:, 0] % (height * width)
    x, y, row = place % width, place // width, links[:, 1]
    empty = torch.zeros(rows, dtype=torch.int64, device=links.device)

    def extreme(values: Tensor, reduce: str) -> Tensor:
        return empty.scatter_reduce(0, row, values, reduce, include_self=False)

    corners = (extreme(x, "amin"), extreme(y, "amin"), extreme(x, "amax") + 1, extreme(y, "amax") + 1)
    return torch.stack(corners, dim=1) / torch.tensor([width, height, width, height], device=links.device)
