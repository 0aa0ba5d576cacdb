"""STTM (2025): quad-trees of similar patches in each frame, then tubes of similar nodes through time."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from rewatch.memory.errors import SettingError
from rewatch.tools.compress.clip import Clip, unit_rows
from rewatch.tools.compress.components import connected_components, numbered
from rewatch.tools.compress.compressed import Draft, Links
from rewatch.tools.compress.method import Method
from rewatch.tools.compress.threshold import smallest_reaching

SHIFTS = 129
"""Shifts of both thresholds that a budget chooses from, evenly from -1 to 1."""


@dataclass(frozen=True, slots=True)
class Sttm(Method):
    """Keep a node of the pyramid of 2x2 means whole where all its children resemble it, and merge nodes over time.

    Nodes of adjacent frames, one box within the other, merge when they are similar, and so on transitively; the
    merged token is the mean of its nodes and stands at the earliest. The pyramid ends at two rows or columns, and an
    odd side keeps its first row or column apart, as published.
    A budget moves both thresholds together, keeping their distance; what is still too much is cut, the rows of
    fewest tokens first. A budget given as a threshold is the spatial one.
    """

    name: ClassVar[str] = "sttm"
    spatial_similarity: float = 0.80
    """theta_s; the paper uses 0.80 to 0.85."""
    temporal_similarity: float = 0.50
    """theta_t; the paper uses 0.50 to 0.65."""

    def __post_init__(self) -> None:
        for value in (self.spatial_similarity, self.temporal_similarity):
            if not -1 <= value <= 1:
                raise SettingError(f"a similarity of {value} for sttm; give a cosine from -1 to 1")

    def draft(self, clip: Clip, limit: int) -> Draft:
        pyramid = grow(clip)

        def at(shift: float) -> tuple[Nodes, Tensor]:
            nodes = cut(clip, pyramid, self.spatial_similarity + shift)
            return nodes, tubes(clip, pyramid, nodes, self.temporal_similarity + shift)

        def count(shift: float) -> int:
            return int(torch.unique(at(shift)[1]).shape[0])

        shift = smallest_reaching(
            count, limit, torch.linspace(-1, 1, SHIFTS).tolist(), SHIFTS.bit_length() - 1
        )
        return _merge(*at(shift), shift)

    def draft_at(self, clip: Clip, threshold: float) -> Draft:
        pyramid = grow(clip)
        nodes = cut(clip, pyramid, threshold)
        return _merge(nodes, tubes(clip, pyramid, nodes, self.temporal_similarity), 0.0)


@dataclass(frozen=True, slots=True)
class Level:
    """One level of the pyramid, and how the patches of the frame map to it."""

    means: Tensor
    """`[T, h, w, D]`."""
    row: Tensor
    """int64 `[H]`: the row of this level that each row of patches lies in."""
    column: Tensor
    """int64 `[W]`."""
    row_weight: Tensor
    """`[H]`: weight of a patch in its node is row weight times column weight."""
    column_weight: Tensor
    least: Tensor
    """`[T, h, w]`: smallest cosine of a node with its children; infinite at the finest level."""

    def corner(self) -> Tensor:
        """First patch of the node of every patch `[H*W]`."""
        first_row = torch.searchsorted(self.row, self.row)
        first_column = torch.searchsorted(self.column, self.column)
        return (first_row.unsqueeze(1) * self.column.shape[0] + first_column).reshape(-1)

    def spread(self, values: Tensor) -> Tensor:
        """Values of nodes `[T, h, w]` at the patches `[T, H*W]`."""
        return values[:, self.row][:, :, self.column].flatten(1)


@dataclass(frozen=True, slots=True)
class Nodes:
    """The leaves of all quad-trees."""

    owner: Tensor
    """int64 `[T, N]`: flat position of the first patch of the node that each patch belongs to."""
    weight: Tensor
    """`[T, N]`: weight of each patch in its node."""
    level: Tensor
    """int64 `[T, N]`: level of that node in the pyramid; 0 is a single patch."""


def grow(clip: Clip) -> list[Level]:
    """All levels of the pyramid, finest first."""
    frames, height, width = clip.grid
    values = clip.values.view(frames, height, width, -1)
    device = values.device
    ones = [torch.ones(size, dtype=values.dtype, device=device) for size in (height, width)]
    level = Level(
        values,
        torch.arange(height, device=device),
        torch.arange(width, device=device),
        ones[0],
        ones[1],
        torch.full((frames, height, width), torch.inf, dtype=values.dtype, device=device),
    )
    levels = [level]
    while min(level.means.shape[1:3]) > 2:
        level = _coarser(level)
        levels.append(level)
    return levels


def _coarser(level: Level) -> Level:
    """Means over 2x2 nodes; where a side is odd, its first row or column stays by itself."""
    _, height, width, _ = level.means.shape
    device = level.means.device
    row = (torch.arange(height, device=device) + height % 2) // 2
    column = (torch.arange(width, device=device) + width % 2) // 2
    means = _halve(_halve(level.means, 1), 2)
    above = means[:, row][:, :, column]
    cosine = (unit_rows(level.means) * unit_rows(above)).sum(dim=-1)
    cell = (row.unsqueeze(1) * means.shape[2] + column).reshape(1, -1).expand(cosine.shape[0], -1)
    least = cosine.new_zeros(means.shape[0], means.shape[1] * means.shape[2])
    least = least.scatter_reduce(1, cell, cosine.flatten(1), "amin", include_self=False)
    members = [torch.bincount(side).to(means.dtype)[side] for side in (row, column)]
    return Level(
        means,
        row[level.row],
        column[level.column],
        level.row_weight / members[0][level.row],
        level.column_weight / members[1][level.column],
        least.view(means.shape[:3]),
    )


def _halve(values: Tensor, axis: int) -> Tensor:
    size = values.shape[axis]
    odd = size % 2
    first = values.narrow(axis, 0, odd)
    rest = values.narrow(axis, odd, size - odd)
    even, uneven = (
        rest.index_select(axis, torch.arange(start, size - odd, 2, device=rest.device)) for start in (0, 1)
    )
    rest = (even + uneven) / 2
    return torch.cat([first, rest], dim=axis) if odd else rest


def cut(clip: Clip, pyramid: list[Level], similarity: float) -> Nodes:
    """Cut each tree where all children are at least so similar to their node, from the coarsest level down."""
    frames, places = clip.norms.shape
    base = torch.arange(frames, device=clip.norms.device).unsqueeze(1) * places
    flat = torch.arange(places, device=clip.norms.device)
    owner, weight = base + flat, torch.ones_like(clip.norms)
    depth = torch.zeros_like(owner)
    for number in reversed(range(1, len(pyramid))):
        level = pyramid[number]
        leaf = (depth == 0) & (level.spread(level.least) >= similarity)
        owner = torch.where(leaf, base + level.corner(), owner)
        patch_weight = (level.row_weight.unsqueeze(1) * level.column_weight).reshape(-1)
        weight = torch.where(leaf, patch_weight, weight)
        depth[leaf] = number
    return Nodes(owner, weight, depth)


def tubes(clip: Clip, pyramid: list[Level], nodes: Nodes, similarity: float) -> Tensor:
    """Label each patch `[T*N]` with the earliest node that its node merges with.

    Nodes of adjacent frames that share a patch lie one within the other, since all trees are cut from one grid.
    """
    before, after = nodes.owner[:-1].reshape(-1), nodes.owner[1:].reshape(-1)
    total = nodes.owner.numel()
    single = ((nodes.level[:-1] == 0) & (nodes.level[1:] == 0)).reshape(-1)
    alike = single & (clip.adjacent.reshape(-1) >= similarity)
    pairs = torch.unique(before[~single] * total + after[~single])
    one, other = pairs // total, pairs % total
    owners, place = torch.unique(torch.cat([one, other]), return_inverse=True)
    unit = _node_means(clip, pyramid, nodes, owners)
    cosine = torch.einsum("pd,pd->p", unit[place[: one.shape[0]]], unit[place[one.shape[0] :]])
    close = cosine >= similarity
    edges = torch.cat([before[alike], one[close]]), torch.cat([after[alike], other[close]])
    return connected_components(*edges, total)[nodes.owner.reshape(-1)]


def _node_means(clip: Clip, pyramid: list[Level], nodes: Nodes, owners: Tensor) -> Tensor:
    """Means of the nodes at these first patches `[n, D]`, unit length."""
    places, width = clip.norms.shape[1], clip.grid[2]
    frame, place = owners // places, owners % places
    depth = nodes.level.reshape(-1)[owners]
    means = clip.values.new_empty(owners.shape[0], clip.values.shape[-1])
    for number, level in enumerate(pyramid):
        here = depth == number
        row, column = level.row[place[here] // width], level.column[place[here] % width]
        means[here] = level.means[frame[here], row, column]
    return unit_rows(means)


def _merge(nodes: Nodes, tube: Tensor, shift: float) -> Draft:
    first, row = numbered(tube)
    owner = nodes.owner.reshape(-1)
    token = torch.arange(owner.shape[0], device=owner.device)
    nodes_in_row = torch.bincount(row[owner == token], minlength=first.shape[0])
    weight = nodes.weight.reshape(-1) / nodes_in_row[row]
    size = torch.bincount(row)
    notes = {"nodes": int(nodes_in_row.sum()), "threshold_shift": shift}
    return Draft(first, size.to(weight.dtype), Links(token, row, weight), notes)
