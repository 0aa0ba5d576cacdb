"""Our own method: cover what is new, shot by shot, weighted by the question, without what was shown before."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from rewatch.tools.compress.clip import Clip, unit_rows
from rewatch.tools.compress.compressed import Draft, Links, weighted_sum
from rewatch.tools.compress.method import Method

SHOWN = "shown"
"""Key of the state: unit vectors of what the model was shown in this run `[M, D]`."""


@dataclass(frozen=True, slots=True)
class Rewatch(Method):
    """Farthest points first, then means."""

    name: ClassVar[str] = "rewatch"
    uses_question: ClassVar[bool] = True
    rounds: int = 12
    sweeps: int = 1

    def draft(self, clip: Clip, limit: int) -> Draft:
        total = clip.norms.numel()
        unit = clip.unit.reshape(total, -1)
        best = unit.new_full((total,), -1.0)
        chosen: list[Tensor] = []
        count = 0
        for number in range(self.rounds):
            want = -(-(limit - count) // (self.rounds - number))
            if want <= 0:
                break
            need = 1 - best
            pool = torch.argsort(need, descending=True, stable=True)[: 2 * want]
            gram = unit[pool] @ unit[pool].T
            earlier = gram.tril(-1).amax(dim=1)
            order = torch.argsort(torch.minimum(need[pool], 1 - earlier), descending=True, stable=True)
            picked = pool[order[:want]]
            chosen.append(picked)
            count += picked.shape[0]
            best = torch.maximum(best, (unit @ unit[picked].T).amax(dim=1))
            best[picked] = 2
        index = torch.cat(chosen)
        means = unit[index]
        for _ in range(self.sweeps):
            group = (unit @ means.T).argmax(dim=1)
            size = torch.bincount(group, minlength=limit)
            weight = (1 / size.clamp_min(1).to(unit.dtype))[group]
            order = torch.argsort(group, stable=True)
            means = unit_rows(weighted_sum(unit, torch.stack([order, group[order]], 1), weight[order], limit))
        return Draft(index, size.to(unit.dtype), Links(torch.arange(total), group, weight))
