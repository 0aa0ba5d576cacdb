"""Connected components of a graph given as edges, and numbering of groups. Vectorised: no loop over nodes."""

import torch
from torch import Tensor


def connected_components(first: Tensor, second: Tensor, nodes: int) -> Tensor:
    """Label every node with the smallest node of its component.

    Args:
        first: int64 `[E]`: one end of each edge.
        second: int64 `[E]`: the other end.
        nodes: Number of nodes.

    Returns:
        int64 `[nodes]`.
    """
    label = torch.arange(nodes, device=first.device)
    while True:
        one, other = label[first], label[second]
        apart = one != other
        if not bool(apart.any()):
            return label
        first, second, one, other = first[apart], second[apart], one[apart], other[apart]
        smaller = torch.minimum(one, other)
        label = label.scatter_reduce(0, torch.maximum(one, other), smaller, "amin")
        label = _roots(label)


def _roots(label: Tensor) -> Tensor:
    """Follow the labels to their ends."""
    while True:
        further = label[label]
        if bool((further == label).all()):
            return label
        label = further


def numbered(label: Tensor) -> tuple[Tensor, Tensor]:
    """Number groups in order of their labels: (labels of the groups `[G]`, group of each entry)."""
    groups, group = torch.unique(label, return_inverse=True)
    return groups, group
