"""FastVID (2025): salient tokens, and density peaks that gather the rest of their segment."""

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import torch
from torch import Tensor

from rewatch.memory.errors import SettingError
from rewatch.tools.compress.clip import Clip, unit_rows
from rewatch.tools.compress.compressed import Draft, Links
from rewatch.tools.compress.density import density_peaks
from rewatch.tools.compress.method import Method


@dataclass(frozen=True, slots=True)
class FastVid(Method):
    """Cut the clip where frames change, keep what draws attention, merge what is left into a few anchors.

    Each of the R tokens that a frame may keep is salient (by attention) or context: anchors stand in every
    `anchor_step`-th frame of a segment, counted from its end, and every other token of the segment that is not
    salient joins its most similar anchor in each anchor frame.
    Clamped where the published code fails: a clip has at most T segments, a frame at most as many anchors as tokens
    that are not salient, and a frame keeps at least one token before the budget cuts.
    """

    name: ClassVar[str] = "fastvid"
    segments: int = 8
    """c: the c - 1 smallest similarities of adjacent frames are cuts."""
    cut_similarity: float = 0.9
    """tau: every similarity below is a cut too."""
    context_share: float = 0.4
    """d: the share of a frame's tokens that goes to anchors."""
    anchor_step: int = 4
    """p."""
    anchor_weight: float = 0.6
    """beta: least weight of an anchor itself against the mean of its members."""
    neighbours: int = 4

    def __post_init__(self) -> None:
        if self.segments < 1 or self.anchor_step < 1 or self.neighbours < 1:
            raise SettingError("fastvid needs segments, anchor_step and neighbours of at least 1")
        if not (0 <= self.context_share <= 1 and 0 <= self.anchor_weight <= 1):
            raise SettingError("fastvid needs context_share and anchor_weight from 0 to 1")

    def draft(self, clip: Clip, limit: int) -> Draft:
        frames, places = clip.norms.shape
        kept = max(limit // frames, 1)
        context = int(kept * self.context_share)
        salient = kept - context
        order = torch.argsort(clip.salience, dim=1, descending=True, stable=True)
        top, rest = order[:, :salient], order[:, salient:].sort(dim=1).values
        base = torch.arange(frames, device=top.device).unsqueeze(1) * places
        index, rows = [(base + top).reshape(-1)], _Rows(frames * salient)
        cuts = cut_after(clip.frame_features, self.segments, self.cut_similarity)
        edges = [0, *(cut + 1 for cut in cuts), frames]
        for start, end in pairwise(edges):
            self._gather(clip, start, end, context, base + rest, index, rows)
        links = rows.links(index[0], clip.norms)
        flat = torch.cat(index)
        notes = {"segments": len(edges) - 1, "salient_per_frame": salient, "context_per_frame": context}
        return Draft(flat, clip.salience.reshape(-1)[flat], links, notes)

    def _gather(
        self, clip: Clip, start: int, end: int, context: int, rest: Tensor, index: list[Tensor], rows: "_Rows"
    ) -> None:
        """Add the anchors of one segment and the memberships of its tokens."""
        length, width = end - start, clip.values.shape[-1]
        anchor_frames = list(range(start, end))[:: -self.anchor_step]
        count = min(length * context // len(anchor_frames), rest.shape[1])
        if count == 0:
            return
        values = clip.values.reshape(-1, width)
        peaks = density_peaks(values[rest[anchor_frames]], self.neighbours, clip.generator)
        chosen = peaks.centres(count)
        anchors = rest[anchor_frames].gather(1, chosen)
        members = rest[start:end].reshape(-1)
        units = clip.unit.reshape(-1, width)
        similarity = units[members] @ units[anchors.reshape(-1)].T
        nearest = similarity.view(members.shape[0], len(anchor_frames), count).argmax(dim=-1)
        for number in range(len(anchor_frames)):
            others = ~torch.isin(members, anchors[number])
            rows.add(anchors[number], members[others], nearest[others, number], self.anchor_weight)
            index.append(anchors[number])


class _Rows:
    """Memberships of anchors, gathered piece by piece."""

    def __init__(self, first_row: int) -> None:
        self.next_row = first_row
        self.pieces: list[tuple[Tensor, Tensor, Tensor]] = []

    def add(self, anchors: Tensor, members: Tensor, nearest: Tensor, least_weight: float) -> None:
        counts = torch.bincount(nearest, minlength=anchors.shape[0])
        own = (1 / (counts + 1.0)).clamp_min(least_weight)
        own = torch.where(counts == 0, 1.0, own)
        shared = (1 - own) / counts.clamp_min(1)
        row = torch.arange(anchors.shape[0], device=anchors.device) + self.next_row
        token = torch.cat([anchors, members])
        self.pieces.append((token, torch.cat([row, row[nearest]]), torch.cat([own, shared[nearest]])))
        self.next_row += anchors.shape[0]

    def links(self, salient: Tensor, like: Tensor) -> Links:
        alone = torch.arange(salient.shape[0], device=salient.device)
        pieces = [(salient, alone, torch.ones(salient.shape[0], device=salient.device)), *self.pieces]
        token, row, weight = (torch.cat(parts) for parts in zip(*pieces, strict=True))
        present = weight > 0
        return Links(token[present], row[present], weight[present].to(like.dtype))


def cut_after(features: Tensor, segments: int, similarity: float) -> list[int]:
    """Frames after which a segment ends: the `segments - 1` smallest adjacent cosines and all below `similarity`."""
    if features.shape[0] < 2:
        return []
    unit = unit_rows(features)
    cosines = (unit[1:] * unit[:-1]).sum(dim=-1)
    smallest = torch.argsort(cosines, stable=True)[: segments - 1]
    below = torch.nonzero(cosines < similarity).squeeze(1)
    cuts: list[int] = torch.unique(torch.cat([smallest, below])).tolist()
    return cuts
