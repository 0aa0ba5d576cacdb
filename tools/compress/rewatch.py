"""Our own method: cover what is new, shot by shot, weighted by the question, without what was shown before.

`docs/compression.md` explains it.
"""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import torch
from torch import Tensor

from rewatch.memory.errors import InputError, SettingError
from rewatch.tools.compress.clip import Clip, unit_rows
from rewatch.tools.compress.compressed import Compressed, Draft, Links, weighted_sum
from rewatch.tools.compress.fastvid import cut_after
from rewatch.tools.compress.method import Method

SHOWN = "shown"
"""Key of the state: unit vectors of the tokens that the model was shown in this run `[M, D]`."""
MOST_SHOWN = 8192
"""So many of them are remembered, the latest."""
_GOLDEN = (math.sqrt(5) - 1) / 2
_BLOCK_ROWS = 4096


@dataclass(frozen=True, slots=True)
class Rewatch(Method):
    """Spread some tokens over every shot, put the others where the clip is worst covered, then average.

    A token's need is one minus its largest cosine with a chosen token (or one that was shown before), times the
    weight of its frame. In each round the tokens of greatest need are chosen, but none that another of the same
    round covers as well. In the end each token joins the chosen one that it resembles most, and each chosen
    token becomes the mean of those that joined it.
    """

    name: ClassVar[str] = "rewatch"
    uses_question: ClassVar[bool] = True
    shot_starts: tuple[int, ...] | None = None
    """First frames of the shots, where they are known; otherwise cuts are where adjacent frames differ."""
    cut_similarity: float = 0.9
    """Cosine of adjacent frames below which a cut is assumed."""
    spread: float = 0.6
    """Share of the budget that is spread over the shots; half of it equally, half by their lengths."""
    rounds: int = 10
    """In how many steps the rest is chosen."""
    sweeps: int = 8
    """How often tokens join and means are taken; less often where much is kept: half a Gram product in all."""

    def __post_init__(self) -> None:
        if not 0 <= self.spread <= 1 or self.rounds < 1 or self.sweeps < 1:
            raise SettingError("rewatch needs a spread from 0 to 1, and rounds and sweeps of at least 1")

    def draft(self, clip: Clip, limit: int) -> Draft:
        unit = clip.unit.reshape(clip.norms.numel(), -1)
        shots = self._shots(clip)
        places = clip.norms.shape[1]
        weight = _token_weights(clip)
        chosen = spread_over(shots, places, int(limit * self.spread)).to(unit.device)
        best = _largest_cosine(unit, _shown(clip))
        best = torch.maximum(best, _largest_cosine(unit, unit[chosen]))
        best[chosen] = 1.0
        for number in range(self.rounds):
            want = -(-(limit - chosen.shape[0]) // (self.rounds - number))
            picked = _neediest(unit, (1 - best) * weight, chosen, want)
            chosen = torch.cat([chosen, picked])
            best = torch.maximum(best, _largest_cosine(unit, unit[picked]))
            best[picked] = 1.0
        links, size = self._merge(unit, chosen)
        return Draft(chosen, size, links, {"shots": len(shots)})

    def remember(self, clip: Clip, compressed: Compressed) -> None:
        shown = unit_rows(compressed.tokens.to(clip.values.dtype))
        clip.state[SHOWN] = torch.cat([_shown(clip), shown])[-MOST_SHOWN:]

    def _shots(self, clip: Clip) -> list[tuple[int, int]]:
        frames = clip.norms.shape[0]
        if self.shot_starts is None:
            starts = [cut + 1 for cut in cut_after(clip.frame_features, 1, self.cut_similarity)]
        else:
            starts = [start for start in sorted(set(self.shot_starts)) if 0 < start < frames]
        return list(pairwise([0, *starts, frames]))

    def _merge(self, unit: Tensor, chosen: Tensor) -> tuple[Links, Tensor]:
        rows, means = chosen.shape[0], unit[chosen]
        token = torch.arange(unit.shape[0], device=unit.device)
        own = torch.arange(rows, device=unit.device)
        sweeps = max(min(self.sweeps, unit.shape[0] // (2 * rows)), 1)
        for sweep in range(sweeps):
            group = torch.cat([(block @ means.T).argmax(dim=1) for block in torch.split(unit, _BLOCK_ROWS)])
            group[chosen] = own
            size = torch.bincount(group, minlength=rows)
            weight = (1 / size.to(unit.dtype))[group]
            if sweep + 1 < sweeps:
                order = torch.argsort(group, stable=True)
                links = torch.stack([order, group[order]], dim=1)
                means = unit_rows(weighted_sum(unit, links, weight[order], rows))
        return Links(token, group, weight), size.to(unit.dtype)


def spread_over(shots: list[tuple[int, int]], places: int, count: int) -> Tensor:
    """Flat positions spread evenly over time and place of each shot (steps of the golden section), no two the same."""
    frames = shots[-1][1]
    picked = []
    for start, end in shots:
        share = round(count * (0.5 / len(shots) + 0.5 * (end - start) / frames))
        size = (end - start) * places
        steps = (torch.arange(min(share, size), dtype=torch.float64) + 0.5) * _GOLDEN
        picked.append(start * places + ((steps % 1) * size).long())
    different: Tensor = torch.unique(torch.cat(picked))
    return different[:count]


def _neediest(unit: Tensor, need: Tensor, chosen: Tensor, want: int) -> Tensor:
    """The `want` tokens of greatest need, after what the needier ones among them cover."""
    need = need.clone()
    need[chosen] = -1.0
    pool = torch.argsort(need, descending=True, stable=True)[: 2 * want]
    pool = pool[need[pool] >= 0]
    candidates = unit[pool]
    covered = (candidates @ candidates.T).tril(-1).amax(dim=1) if pool.numel() else need[:0]
    left = torch.minimum(need[pool], 1 - covered)
    return pool[torch.argsort(left, descending=True, stable=True)[:want]]


def _largest_cosine(unit: Tensor, others: Tensor) -> Tensor:
    if others.shape[0] == 0:
        return unit.new_full((unit.shape[0],), -1.0)
    return torch.cat([(block @ others.T).amax(dim=1) for block in torch.split(unit, _BLOCK_ROWS)])


def _token_weights(clip: Clip) -> Tensor:
    """Weight of each token, from its frame's; between half and one and a half of the average, so nothing is lost."""
    frames, places = clip.norms.shape
    weights = clip.frame_weights
    if weights is None or float(weights.sum()) == 0:
        return clip.norms.new_ones(frames * places)
    relative = (weights / weights.mean()).to(clip.norms)
    of_frames: Tensor = 0.5 + 0.5 * relative.clamp_max(2.0)
    return of_frames.repeat_interleave(places)


def _shown(clip: Clip) -> Tensor:
    width = clip.values.shape[-1]
    shown = clip.state.get(SHOWN)
    if shown is None:
        return clip.values.new_zeros(0, width)
    if shown.shape[1] != width:
        raise InputError(
            f"state of tokens of width {shown.shape[1]} for tokens of width {width}; start another"
        )
    return torch.as_tensor(shown, dtype=clip.values.dtype, device=clip.values.device)
