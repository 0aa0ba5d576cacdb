"""DTD (TimeChat-Online, 2025): drop what repeats the frame before, over a stream."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from rewatch.memory.errors import InputError
from rewatch.tools.compress.clip import Clip
from rewatch.tools.compress.compressed import Compressed, Draft
from rewatch.tools.compress.evs import FIRST_FRAME_SCORE
from rewatch.tools.compress.method import ScoredMethod
from rewatch.tools.compress.trimming import keep_rows

LAST_FRAME = "last_frame"
"""Key of the state: the full last frame of the call before `[N, D]`."""


@dataclass(frozen=True, slots=True)
class Dtd(ScoredMethod):
    """Drop a token whose cosine with its place in the immediately previous full frame is above the threshold.

    The first frame of a stream is kept. A call with the state of the one before goes on where that ended: its
    first frame is compared with the last frame then seen. The paper's thresholds are 0.25 to 0.5.
    """

    name: ClassVar[str] = "dtd"

    def scores(self, clip: Clip) -> Tensor:
        before = clip.state.get(LAST_FRAME)
        if before is None:
            first = clip.norms.new_full((1, clip.norms.shape[1]), FIRST_FRAME_SCORE)
            return torch.cat([first, 1 - clip.adjacent])
        if before.shape != clip.values[0].shape:
            raise InputError(
                f"state of a stream with frames {tuple(before.shape)} for frames {tuple(clip.values[0].shape)}; "
                "start another state"
            )
        cosine = torch.nn.functional.cosine_similarity(clip.values[0], before, dim=-1)
        return 1 - torch.cat([cosine.unsqueeze(0), clip.adjacent])

    def draft_at(self, clip: Clip, threshold: float) -> Draft:
        everything = self.draft(clip, clip.tokens.shape[0] * clip.tokens.shape[1])
        return keep_rows(everything, torch.nonzero(1 - everything.score <= threshold).squeeze(1))

    def remember(self, clip: Clip, compressed: Compressed) -> None:
        clip.state[LAST_FRAME] = clip.values[-1].clone()
