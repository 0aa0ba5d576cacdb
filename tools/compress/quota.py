"""QuoTA (2025): give every frame tokens in proportion to its relevance, and spend them by any other method."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from torch import Tensor

from rewatch.tools.compress.baselines import AvgPool
from rewatch.tools.compress.clip import Clip
from rewatch.tools.compress.compressed import Compressed, Draft, Links
from rewatch.tools.compress.method import Method, ScoredMethod
from rewatch.tools.compress.trimming import rank_in_groups, trim


@dataclass(frozen=True, slots=True)
class Quota(Method):
    """Frame `f` gets `int(total * w_f / sum w)` tokens, at most all of its own.

    The paper resizes each frame's grid to its quota, which is pooling. A method that scores tokens keeps the best of
    each frame; any other compresses each frame by itself. Weights that are all zero, or not given, are equal.
    """

    name: ClassVar[str] = "quota"
    uses_question: ClassVar[bool] = True
    inner: Method = field(default_factory=AvgPool)

    @property
    def wants_attention(self) -> bool:
        """Whether the inner method does."""
        return self.inner.wants_attention

    def draft(self, clip: Clip, limit: int) -> Draft:
        frames, places = clip.norms.shape
        shares = quotas(clip.frame_weights, frames, limit).clamp_max(places).to(clip.norms.device)
        notes: dict[str, Any] = {"quotas": shares.tolist(), "inner": self.inner.name}
        if isinstance(self.inner, ScoredMethod):
            scores = self.inner.scores(clip).reshape(-1)
            order = torch.argsort(scores, descending=True, stable=True)
            frame = order // places
            kept = order[rank_in_groups(frame) < shares[frame]]
            return Draft(kept, scores[kept], None, notes)
        drafts = [_alone(self.inner, clip, frame, int(share)) for frame, share in enumerate(shares)]
        return _stacked([draft for draft in drafts if draft is not None], clip, notes)

    def remember(self, clip: Clip, compressed: Compressed) -> None:
        self.inner.remember(clip, compressed)


def quotas(weights: Tensor | None, frames: int, total: int) -> Tensor:
    """Tokens of each frame `[T]`, rounded down."""
    if weights is None or float(weights.sum()) == 0:
        weights = torch.ones(frames)
    wide = weights.double()
    return (total * wide / wide.sum()).long()


def _alone(inner: Method, clip: Clip, frame: int, share: int) -> Draft | None:
    """What the inner method keeps of one frame, with positions in the clip."""
    if share == 0:
        return None
    places = clip.norms.shape[1]
    single = clip.frame(frame)
    draft = trim(inner.draft(single, share), share, 1, places)
    shift = frame * places
    links = draft.links and Links(draft.links.token + shift, draft.links.row, draft.links.weight)
    return Draft(draft.index + shift, draft.score, links)


def _stacked(drafts: list[Draft], clip: Clip, notes: dict[str, Any]) -> Draft:
    """One draft of several, row after row."""
    if not drafts:
        empty = torch.zeros(0, dtype=torch.int64, device=clip.norms.device)
        return Draft(empty, clip.norms.new_zeros(0), None, notes)
    index, score = torch.cat([d.index for d in drafts]), torch.cat([d.score for d in drafts])
    if all(draft.links is None for draft in drafts):
        return Draft(index, score, None, notes)
    token, row, weight, rows = [], [], [], 0
    for draft in drafts:
        links = draft.links or Links(
            draft.index, torch.arange(draft.index.shape[0], device=index.device), torch.ones_like(draft.score)
        )
        token.append(links.token)
        row.append(links.row + rows)
        weight.append(links.weight)
        rows += draft.index.shape[0]
    return Draft(index, score, Links(torch.cat(token), torch.cat(row), torch.cat(weight)), notes)
