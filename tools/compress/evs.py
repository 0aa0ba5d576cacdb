"""EVS (Efficient Video Sampling, 2025): keep the tokens that differ most from the frame before."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from rewatch.tools.compress.clip import Clip
from rewatch.tools.compress.compressed import Draft
from rewatch.tools.compress.method import ScoredMethod, whole

FIRST_FRAME_SCORE = 255.0
"""Above every dissimilarity (at most 2): the first frame is kept whole, as far as the budget allows."""


@dataclass(frozen=True, slots=True)
class Evs(ScoredMethod):
    """Rank tokens by one minus the cosine with their place in the frame before.

    The paper keeps at least one frame's tokens; a smaller budget cuts that to the first of them.
    """

    name: ClassVar[str] = "evs"

    def scores(self, clip: Clip) -> Tensor:
        first = clip.norms.new_full((1, clip.norms.shape[1]), FIRST_FRAME_SCORE)
        return torch.cat([first, 1 - clip.adjacent])

    def draft(self, clip: Clip, limit: int) -> Draft:
        places = clip.tokens.shape[1]
        notes = {"paper_minimum": places} if limit < places else {}
        return whole(self.scores(clip), **notes)
