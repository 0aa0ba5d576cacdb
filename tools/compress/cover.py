"""Choosing the vectors that cover a set best, and gathering the others around them.

Owns the search of our own method, free of video: `choose` draws in proportion to what is not covered yet, `settle`
moves the means, `exchange` gives rows that do little to what is covered worst. Nothing is drawn by chance.
"""

import torch
from torch import Tensor

from rewatch.tools.compress.clip import unit_rows
from rewatch.tools.compress.compressed import group_shares, weighted_sum

NEEDIEST_SHARE = 0.25
"""Share of each round that goes to the worst covered; a mass of more than 1 makes no difference there."""
EXCHANGED_SHARE = 0.15
_POWER = 3.0
"""Of one minus the cosine with the nearest chosen row; with the mass it makes the need."""
_EXCHANGE_POWER = 2.0
_BLOCK_ROWS = 4096


def choose(unit: Tensor, mass: Tensor, order: Tensor, limit: int, rounds: int) -> tuple[Tensor, Tensor]:
    """Choose rows that cover all, in rounds.

    Args:
        unit: `[n, D]`, unit length.
        mass: `[n]`, 0 or more: how much each counts.
        order: int64 `[n]`: the rows in an order in which neighbours are alike.
        limit: How many to choose, at most n.
        rounds: In how many steps.

    Returns:
        int64 `[limit]`, no two the same, and for each row int64 `[n]` the nearest of them, by place; a chosen one is
        its own.
    """
    best, group, chosen = torch.full_like(mass, -1.0), torch.zeros_like(order), order[:0]
    for number in range(rounds):
        want = -(-(limit - chosen.shape[0]) // (rounds - number))
        neediest = int(want * NEEDIEST_SHARE)
        for worst in (False, True):
            uncovered = (1 - best).clamp(0, 1)
            need = mass.clamp_max(1) * uncovered if worst else mass * uncovered**_POWER
            drawn = _neediest(unit, need, chosen, want) if worst else spaced(need, order, want - neediest)
            if drawn.shape[0]:
                cosine, place = nearest(unit, unit[drawn])
                group = torch.where(cosine > best, place + chosen.shape[0], group)
                best = torch.maximum(best, cosine)
                chosen = torch.cat([chosen, drawn])
                best[chosen] = 1.0
                group[chosen] = torch.arange(chosen.shape[0], device=group.device)
            want -= drawn.shape[0]
    return chosen, group


def spaced(need: Tensor, order: Tensor, count: int) -> Tensor:
    """At most `count` different rows, at even steps of the need summed along the order (systematic sampling)."""
    summed = need[order].double().cumsum(0)
    if count == 0 or float(summed[-1]) <= 0:
        return order[:0]
    steps = (torch.arange(count, dtype=torch.float64, device=need.device) + 0.5) / count * summed[-1]
    different: Tensor = torch.unique(order[torch.searchsorted(summed, steps).clamp_max(order.shape[0] - 1)])
    return different


def settle(unit: Tensor, mass: Tensor, chosen: Tensor, sweeps: int) -> tuple[Tensor, Tensor]:
    """Let every row join the nearest mean and take the means anew, so many times; a chosen row keeps its own.

    Returns:
        The group of each row int64 `[n]`, and the means of the groups `[K, D]`, unit length.
    """
    own = torch.arange(chosen.shape[0], device=chosen.device)
    means, group = unit[chosen], own[:0]
    for _ in range(sweeps):
        group = torch.cat([(block @ means.T).argmax(dim=1) for block in torch.split(unit, _BLOCK_ROWS)])
        group[chosen] = own
        means = unit_rows(group_means(unit, group, mass, own.shape[0]))
    return group, means


def exchange(unit: Tensor, mass: Tensor, order: Tensor, chosen: Tensor) -> Tensor:
    """Give up the chosen rows that would be missed least, and choose as many where most is uncovered."""
    _, means = settle(unit, mass, chosen, 2)
    cosines = unit @ means.T
    best, group = cosines.max(dim=1)
    second = cosines.scatter_(1, group.unsqueeze(1), -1.0).amax(dim=1)
    missed = torch.zeros_like(mass[: chosen.shape[0]]).index_add_(0, group, mass * (best - second))
    given = max(int(chosen.shape[0] * EXCHANGED_SHARE), 1)
    stays = torch.argsort(missed, stable=True)[given:].sort().values
    uncovered = (1 - best).clamp_min(0)
    uncovered[chosen] = 0
    drawn = spaced(mass * uncovered**_EXCHANGE_POWER, order, given)
    if drawn.shape[0] == given:
        return torch.cat([chosen[stays], drawn])
    kept = torch.argsort(missed, stable=True)[drawn.shape[0] :].sort().values
    return torch.cat([chosen[kept], drawn])


def hand_over(
    unit: Tensor, mass: Tensor, chosen: Tensor, group: Tensor, free: Tensor, part: Tensor, empty: Tensor
) -> tuple[Tensor, Tensor]:
    """Give rows that would be missed least to parts without a row: to what is covered worst in each.

    Args:
        unit: `[n, D]`, unit length.
        mass: `[n]`.
        chosen: int64 `[K]`.
        group: int64 `[n]`.
        free: bool `[K]`: which of the chosen may be given up.
        part: int64 `[n]`: the part that each row lies in.
        empty: int64 `[E]`: parts in which none is chosen.

    Returns:
        The chosen `[K]`, no two the same, and the group of each row; who lost its group joins the nearest, and who
        is nearer to a new one than to its own mean joins that.
    """
    own = torch.arange(chosen.shape[0], device=chosen.device)
    means = unit_rows(group_means(unit, group, mass, own.shape[0]))
    missed = 1 - (means @ means.T).fill_diagonal_(-1.0).amax(dim=1)
    missed = missed * torch.zeros_like(missed).index_add_(0, group, mass)
    given = torch.argsort(torch.where(free, missed, torch.inf), stable=True)
    given = given[: min(int(free.sum()), empty.shape[0])]
    best = (unit * means[group]).sum(dim=1)
    need = mass * (1 - best)
    members = [torch.nonzero(part == one).squeeze(1) for one in empty[: given.shape[0]].tolist()]
    chosen = chosen.index_copy(0, given, torch.stack([one[need[one].argmax()] for one in members]))
    means[given] = unit[chosen[given]]
    lost = torch.isin(group, given)
    nearer, new = (unit @ means[given].T).max(dim=1)
    group = torch.where(nearer > best, given[new], group)
    group[lost] = (unit[lost] @ means.T).argmax(dim=1)
    group[chosen] = own
    return chosen, group


def group_means(rows: Tensor, group: Tensor, mass: Tensor, groups: int) -> Tensor:
    """Means of the rows of each group, weighted by mass `[groups, D]`."""
    order = torch.argsort(group, stable=True)
    links = torch.stack([order, group[order]], dim=1)
    return weighted_sum(rows, links, group_shares(group, mass, groups)[order], groups)


def nearest(unit: Tensor, others: Tensor) -> tuple[Tensor, Tensor]:
    """The largest cosine of each row with any of the others `[n]`, and which one it is int64 `[n]`."""
    found = [(block @ others.T).max(dim=1) for block in torch.split(unit, _BLOCK_ROWS)]
    return torch.cat([one.values for one in found]), torch.cat([one.indices for one in found])


def _neediest(unit: Tensor, need: Tensor, chosen: Tensor, want: int) -> Tensor:
    """The `want` rows of greatest need, after what the needier ones among them cover."""
    need = need.clone()
    need[chosen] = -1.0
    pool = torch.argsort(need, descending=True, stable=True)[: 2 * want]
    pool = pool[need[pool] >= 0]
    if pool.shape[0] == 0:
        return pool
    candidates = unit[pool]
    covered = (candidates @ candidates.T).tril(-1).amax(dim=1)
    left = torch.minimum(need[pool], 1 - covered)
    return pool[torch.argsort(left, descending=True, stable=True)[:want]]
