"""Merging the rows of a result further: which of them become one, and where that one stands."""

from dataclasses import dataclass, replace
from typing import Any, Self

import torch
from torch import Tensor

from rewatch.tools.compress.compressed import Compressed, boxes_around, group_shares, weighted_sum


@dataclass(frozen=True, slots=True)
class Grouping:
    """R groups of the K rows of a result, in which each row counts by the number of tokens that it stands for."""

    chosen: Tensor
    """int64 `[R]`: the row that each group stands at, by position."""
    group: Tensor
    """int64 `[K]`: the group of each row."""
    shares: Tensor
    """`[K]`: the weight of each row in its group; those of one group sum to 1."""

    @classmethod
    def of(cls, whole: Compressed, chosen: Tensor, group: Tensor) -> Self:
        """Sort groups by where they stand, and weigh their rows.

        Args:
            whole: The result, K rows.
            chosen: int64 `[R]`: the row that each group stands at, in any order.
            group: int64 `[K]`: the group of each row, a number into `chosen`.
        """
        order = torch.argsort(whole.index[chosen])
        places = torch.arange(order.shape[0], device=order.device)
        group = torch.empty_like(order).scatter_(0, order, places)[group]
        shares = group_shares(group, whole.sizes.to(whole.weights.dtype), order.shape[0])
        return cls(chosen[order], group, shares)

    def apply(self, features: Tensor) -> Tensor:
        """Merge features of the rows `[K, F]` to those of the groups `[R, F]`, in the type of the features."""
        by_group = torch.argsort(self.group, stable=True)
        links = torch.stack([by_group, self.group[by_group]], dim=1)
        return weighted_sum(features, links, self.shares[by_group], self.chosen.shape[0])

    def merge(self, whole: Compressed, **notes: Any) -> Compressed:
        """The result of R rows, with the memberships of the tokens that `whole` was made of.

        Args:
            whole: The result that the groups were made for.
            notes: What its `stats` tell instead.
        """
        rows = self.chosen.shape[0]
        links = torch.stack([whole.links[:, 0], self.group[whole.links[:, 1]]], dim=1)
        weights = whole.weights * self.shares[whole.links[:, 1]]
        by_row = torch.argsort(links[:, 1] * whole.assign.shape[0] + links[:, 0])
        links, weights = links[by_row], weights[by_row]
        return replace(
            whole,
            tokens=self.apply(whole.tokens),
            index=whole.index[self.chosen],
            sizes=torch.zeros_like(self.chosen).index_add_(0, self.group, whole.sizes),
            links=links,
            weights=weights,
            assign=torch.where(whole.assign >= 0, self.group[whole.assign.clamp_min(0)], -1),
            boxes=boxes_around(links, whole.grid, rows),
            stats={**whole.stats, **notes},
        )
