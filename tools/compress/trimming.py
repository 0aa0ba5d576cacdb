"""Cutting what a method proposes to the hard maximum, and giving every frame its least share."""

import torch
from torch import Tensor

from rewatch.tools.compress.compressed import Draft, Links


def keep_rows(draft: Draft, rows: Tensor) -> Draft:
    """The draft with these rows only; the members of the others are dropped."""
    if draft.links is None:
        return Draft(draft.index[rows], draft.score[rows], None, draft.notes)
    renamed = torch.full_like(draft.index, -1)
    renamed[rows] = torch.arange(rows.shape[0], device=rows.device)
    row = renamed[draft.links.row]
    stays = row >= 0
    links = Links(draft.links.token[stays], row[stays], draft.links.weight[stays])
    return Draft(draft.index[rows], draft.score[rows], links, draft.notes)


def trim(draft: Draft, limit: int, frames: int, places: int, min_per_frame: int = 0) -> Draft:
    """Keep the best rows by the method's own score.

    Each frame first keeps its best `min_per_frame` rows, or as many as the limit allows to every frame. Equal
    scores are decided by position, the earlier first.
    """
    if draft.index.shape[0] <= limit:
        return draft
    by_position = torch.argsort(draft.index)
    order = by_position[torch.argsort(draft.score[by_position], descending=True, stable=True)]
    floor = min(min_per_frame, limit // frames)
    if floor:
        protected = rank_in_groups(draft.index[order] // places) < floor
        order = torch.cat([order[protected], order[~protected]])
    return keep_rows(draft, order[:limit])


def top_up(draft: Draft, frames: int, places: int, min_per_frame: int, limit: int | None) -> Draft:
    """Give frames with fewer than `min_per_frame` rows further tokens of their own, evenly spread over the frame.

    A token that another row counts among its members gets a row of its own beside it.
    """
    floor = min(min_per_frame, places, limit // frames if limit is not None else places)
    held = torch.bincount(draft.index // places, minlength=frames)
    lacking = (floor - held).clamp_min(0)
    if not bool(lacking.any()):
        return draft
    spread = _bit_reversed(places).to(draft.index.device).repeat(frames)
    flat = torch.arange(frames * places, device=draft.index.device)
    candidates = (flat // places) * places + spread
    free = torch.ones(frames * places, dtype=torch.bool, device=flat.device)
    free[draft.index] = False
    candidates = candidates[free[candidates]]
    frame = candidates // places
    added = candidates[rank_in_groups(frame) < lacking[frame]]
    index = torch.cat([draft.index, added])
    least = draft.score.min() - 1 if draft.score.numel() else draft.score.new_zeros(())
    score = torch.cat([draft.score, least.expand(added.shape[0])])
    if draft.links is None:
        return Draft(index, score, None, draft.notes)
    new_rows = torch.arange(draft.index.shape[0], index.shape[0], device=index.device)
    ones = draft.links.weight.new_ones(added.shape[0])
    links = Links(
        torch.cat([draft.links.token, added]),
        torch.cat([draft.links.row, new_rows]),
        torch.cat([draft.links.weight, ones]),
    )
    return Draft(index, score, links, draft.notes)


def rank_in_groups(group: Tensor) -> Tensor:
    """How many earlier entries are of the same group, for each entry."""
    by_group = torch.argsort(group, stable=True)
    counts = torch.bincount(group)
    starts = counts.cumsum(0) - counts
    ranks = torch.arange(group.shape[0], device=group.device) - starts[group[by_group]]
    return torch.empty_like(ranks).scatter_(0, by_group, ranks)


def _bit_reversed(places: int) -> Tensor:
    """An order of the places whose every beginning is spread over the frame (van der Corput's sequence)."""
    bits = max(places - 1, 1).bit_length()
    numbers = torch.arange(2**bits)
    reversed_numbers = sum(((numbers >> bit) & 1) << (bits - 1 - bit) for bit in range(bits))
    assert isinstance(reversed_numbers, Tensor)
    return reversed_numbers[reversed_numbers < places]
