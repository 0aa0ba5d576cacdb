"""The mean of adaptations that were trained apart.

Of networks that start from the same base and are adapted with other draws, the mean of the weights is often right where
either is (model soups, Wortsman et al. 2022, arXiv:2203.05482), and costs at run time what one costs.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor


def mean(adaptations: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Average what adaptations of the same matrices add.

    Args:
        adaptations: By name: `NAME.down` `[inputs, rank]` and `NAME.up` `[rank, outputs]` whose product is added, or
            values that stand by themselves.

    Returns:
        An adaptation whose ranks are the sums of theirs, so that its products are the means of their products.
    """
    return {name: _mean(name, [each[name].float() for each in adaptations]) for name in adaptations[0]}


def _mean(name: str, values: Sequence[Tensor]) -> Tensor:
    if name.endswith(".down"):
        return torch.cat(list(values), dim=1)
    if name.endswith(".up"):
        return torch.cat(list(values)) / len(values)
    return torch.stack(list(values)).mean(0)
