"""LLaVA-Scissor (2025): connected components of similar tokens, in each frame and then over the clip.

The published code samples the components; these are exact.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from rewatch.tools.compress.clip import Clip, unit_rows
from rewatch.tools.compress.components import connected_components, numbered
from rewatch.tools.compress.compressed import Draft, Links, weighted_sum
from rewatch.tools.compress.method import Method
from rewatch.tools.compress.threshold import smallest_reaching

FRAME_SEARCH_STEPS = 7
CLIP_SEARCH_STEPS = 3
BLOCK_ROWS = 512
"""Rows of a similarity matrix held at a time."""


@dataclass(frozen=True, slots=True)
class Scissor(Method):
    """Replace components by their means twice, then average each survivor with the tokens most similar to it.

    A budget is met by the similarity that makes an edge; what is still too much is cut before the last step, the
    components of fewest tokens first, so that every token still joins a survivor. A survivor stands at the earliest
    token of its component and counts once in the average, beside the tokens that joined it, as published.
    The paper's similarity is 0.9: `TokenBudget(threshold=0.9)`.
    """

    name: ClassVar[str] = "scissor"

    def draft(self, clip: Clip, limit: int) -> Draft:
        within = torch.matmul(clip.unit, clip.unit.transpose(1, 2))
        found: dict[float, _Survivors] = {}

        def in_frames(similarity: float) -> int:
            return int(torch.unique(components_in_frames(within, similarity)).shape[0])

        def in_clip(similarity: float) -> int:
            if similarity not in found:
                found[similarity] = survivors(clip, within, similarity)
            return found[similarity].means.shape[0]

        # There are never fewer components in the frames than in the clip, and they are cheap to count.
        nearest = within.diagonal_scatter(within.new_full(within.shape[:2], -1.0), dim1=1, dim2=2).amax(dim=2)
        levels = nearest.flatten().sort().values.tolist()
        low = smallest_reaching(in_frames, limit, [-1.0, *levels], FRAME_SEARCH_STEPS)
        later = [value for value in clip.adjacent.flatten().sort().values.tolist() if value > low]
        similarity = smallest_reaching(in_clip, limit, [low, *later], CLIP_SEARCH_STEPS)
        in_clip(similarity)
        return join(clip, found[similarity], limit, similarity)

    def draft_at(self, clip: Clip, threshold: float) -> Draft:
        within = torch.matmul(clip.unit, clip.unit.transpose(1, 2))
        every = survivors(clip, within, threshold)
        return join(clip, every, every.means.shape[0], threshold)


@dataclass(frozen=True, slots=True)
class _Survivors:
    """Components of the clip."""

    means: Tensor
    """`[R, D]`: the mean of the means of a component's components in the frames."""
    component: Tensor
    """int64 `[T*N]`: the component of each token."""
    weight: Tensor
    """`[T*N]`: its weight in the mean."""
    first: Tensor
    """int64 `[R]`: the earliest token of each component."""


def components_in_frames(within: Tensor, similarity: float) -> Tensor:
    """Label the tokens `[T*N]` with the first token of their component in their frame.

    Args:
        within: Cosines of the tokens of each frame `[T, N, N]`.
        similarity: Cosines above make an edge.
    """
    frames, places, _ = within.shape
    frame, one, other = torch.nonzero((within > similarity).triu(1), as_tuple=True)
    return connected_components(frame * places + one, frame * places + other, frames * places)


def survivors(clip: Clip, within: Tensor, similarity: float) -> _Survivors:
    """Components in the frames, then components of their means over the clip."""
    _, inner = numbered(components_in_frames(within, similarity))
    inner_size = torch.bincount(inner).to(clip.norms.dtype)
    flat = clip.values.reshape(inner.shape[0], -1)
    means = _sums(flat, inner, (1 / inner_size)[inner])
    unit = unit_rows(means)
    edges = [
        torch.nonzero((unit[start : start + BLOCK_ROWS] @ unit[start:].T > similarity).triu(1)) + start
        for start in range(0, unit.shape[0], BLOCK_ROWS)
    ]
    one, other = torch.cat(edges).unbind(dim=1)
    _, outer = numbered(connected_components(one, other, unit.shape[0]))
    outer_size = torch.bincount(outer).to(means.dtype)
    component = outer[inner]
    weight = 1 / (inner_size[inner] * outer_size[component])
    everything = torch.arange(component.shape[0], device=component.device)
    first = everything.new_zeros(outer_size.shape[0])
    first = first.scatter_reduce(0, component, everything, "amin", include_self=False)
    return _Survivors(_sums(means, outer, (1 / outer_size)[outer]), component, weight, first)


def join(clip: Clip, every: _Survivors, limit: int, similarity: float) -> Draft:
    """Cut to the limit, let every token join its most similar survivor, and average."""
    total = every.component.shape[0]
    size = torch.bincount(every.component)
    kept = torch.argsort(size, descending=True, stable=True)[:limit].sort().values
    rows = torch.arange(kept.shape[0], device=kept.device)
    unit, means = clip.unit.reshape(total, -1), unit_rows(every.means[kept])
    joined = torch.cat([(block @ means.T).argmax(dim=1) for block in torch.split(unit, BLOCK_ROWS)])
    share = 1 / (torch.bincount(joined, minlength=kept.shape[0]) + 1).to(means.dtype)
    row_of = torch.full_like(size, -1).scatter_(0, kept, rows)[every.component]
    inside = torch.nonzero(row_of >= 0).squeeze(1)
    everything = torch.arange(total, device=kept.device)
    key = torch.cat([joined * total + everything, row_of[inside] * total + inside])
    weight = torch.cat([share[joined], every.weight[inside] * share[row_of[inside]]])
    pairs, place = torch.unique(key, return_inverse=True)
    summed = torch.zeros(pairs.shape[0], dtype=weight.dtype, device=weight.device).index_add_(
        0, place, weight
    )
    links = Links(pairs % total, pairs // total, summed)
    notes = {"threshold": similarity, "components": every.means.shape[0]}
    return Draft(every.first[kept], size[kept].to(means.dtype), links, notes)


def _sums(rows: Tensor, group: Tensor, weight: Tensor) -> Tensor:
    order = torch.argsort(group, stable=True)
    return weighted_sum(rows, torch.stack([order, group[order]], dim=1), weight[order], int(group.max()) + 1)
