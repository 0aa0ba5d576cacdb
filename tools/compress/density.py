"""Density-peak clustering with k nearest neighbours (Du et al., 2016), as three of the methods use it."""

from dataclasses import dataclass

import torch
from torch import Tensor

NOISE = 1e-6
"""Size of the noise that decides between equal densities where a generator is given."""


@dataclass(frozen=True, slots=True)
class Peaks:
    """Distances and peak scores of a batch of sets."""

    distances: Tensor
    """`[B, n, n]`: Euclidean, divided by the square root of the width."""
    scores: Tensor
    """`[B, n]`: density times the distance to the nearest denser member."""

    def centres(self, count: int) -> Tensor:
        """The members with the highest scores `[B, count]`, in order of position; equal scores by position."""
        order = torch.argsort(self.scores, dim=-1, descending=True, stable=True)
        return order[:, :count].sort(dim=-1).values

    def assign(self, centres: Tensor) -> Tensor:
        """The centre that each member is nearest to `[B, n]`, as a number into `centres`; centres go to themselves."""
        batch, count = centres.shape
        wide = centres.unsqueeze(-1).expand(batch, count, self.distances.shape[-1])
        nearest = self.distances.gather(1, wide).argmin(dim=1)
        own = torch.arange(count, device=centres.device).expand(batch, count)
        return nearest.scatter(1, centres, own)


def density_peaks(members: Tensor, neighbours: int, generator: torch.Generator | None) -> Peaks:
    """Score the members of each set as cluster centres.

    Args:
        members: `[B, n, D]`.
        neighbours: How many nearest members, the member itself included, make its density; at most n are used.
        generator: Where given, equal densities are decided by noise, as published; otherwise the earlier is denser.

    Returns:
        Distances and scores.
    """
    width = members.shape[-1]
    distances = torch.cdist(members, members) / width**0.5
    nearest = distances.topk(min(neighbours, members.shape[1]), dim=-1, largest=False).values
    density = (-(nearest**2).mean(dim=-1)).exp()
    if generator is not None:
        noise = torch.rand(density.shape, generator=generator, device=generator.device)
        density = density + noise.to(density) * NOISE
    mine, others = density.unsqueeze(-1), density.unsqueeze(-2)
    place = torch.arange(members.shape[1], device=members.device)
    denser = (others > mine) | ((others == mine) & (place.unsqueeze(0) < place.unsqueeze(1)))
    largest = distances.flatten(1).amax(dim=-1)[:, None, None]
    delta = torch.where(denser, distances, largest).amin(dim=-1)
    return Peaks(distances, delta * density)
