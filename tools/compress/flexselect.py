"""FlexSelect (2025): keep what the language model itself attends to, frame group by frame group.

The scores (the largest attention over heads and question tokens at a reference layer of the model) are given as
`attention`; running the model for them is the caller's work.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch

from rewatch.memory.errors import InputError, SettingError
from rewatch.tools.compress.clip import Clip
from rewatch.tools.compress.compressed import Draft
from rewatch.tools.compress.method import Method


@dataclass(frozen=True, slots=True)
class FlexSelect(Method):
    """Keep the top tokens by score within each group of strided frames."""

    name: ClassVar[str] = "flexselect"
    uses_question: ClassVar[bool] = True
    groups: int = 1
    """Frame `t` belongs to group `t % groups`; every group keeps an equal share, the first ones what is left over."""

    def __post_init__(self) -> None:
        if self.groups < 1:
            raise SettingError(f"{self.groups} groups of frames; give at least 1")

    def draft(self, clip: Clip, limit: int) -> Draft:
        if clip.attention is None:
            raise InputError("flexselect without scores; give attention [T, N] from the language model")
        frames, places = clip.attention.shape
        groups = min(self.groups, frames)
        chosen = []
        for group in range(groups):
            index = torch.arange(frames * places, device=clip.attention.device).view(frames, places)
            mine = index[group::groups].reshape(-1)
            share = limit // groups + (group < limit % groups)
            order = torch.argsort(clip.attention.reshape(-1)[mine], descending=True, stable=True)
            chosen.append(mine[order[:share]])
        index = torch.cat(chosen)
        return Draft(index, clip.attention.reshape(-1)[index])
