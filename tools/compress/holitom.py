"""HoliTom, outer stage (2025): windows that repeat most are found for the whole clip, then merged and thinned."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rewatch.memory.errors import SettingError
from rewatch.tools.compress.clip import Clip
from rewatch.tools.compress.compressed import Draft, Links
from rewatch.tools.compress.density import density_peaks
from rewatch.tools.compress.method import Method


@dataclass(frozen=True, slots=True)
class HoliTom(Method):
    """Split the clip into windows by dynamic programming; static places of a window become one token each.

    What is left after that is thinned by one ratio: the static tokens of a window are clustered, the others of each
    frame kept by attention. A budget below what rounding up leaves is met by dropping the rows of least attention.
    """

    name: ClassVar[str] = "holitom"
    static_similarity: float = 0.8
    """tau: a place is static while its adjacent cosines are above."""
    centre_weight: float | None = 0.6
    """Weight of a cluster's centre against the mean of the others; None takes the plain mean."""
    neighbours: int = 7

    def __post_init__(self) -> None:
        if not -1 <= self.static_similarity <= 1 or not 0 <= (self.centre_weight or 0) <= 1:
            raise SettingError("holitom needs static_similarity from -1 to 1 and centre_weight from 0 to 1")

    def draft(self, clip: Clip, limit: int) -> Draft:
        frames, places = clip.norms.shape
        total = frames * places
        still = clip.adjacent > self.static_similarity
        windows, gain = best_windows(still.cpu().numpy(), frames, places)
        ratio = min(limit / max(total - gain, 1), 1.0)
        index: list[Tensor] = []
        scores: list[Tensor] = []
        links = _Pieces()
        for start, end in windows:
            static = still[start : end - 1].all(dim=0) if end - start > 1 else still.new_zeros(places)
            self._merge_static(clip, start, end, static, ratio, index, scores, links)
            moving = torch.nonzero(~static).squeeze(1)
            keep = math.ceil(moving.shape[0] * ratio)
            attention = clip.salience[start:end, moving]
            top = torch.argsort(attention, dim=1, descending=True, stable=True)[:, :keep]
            base = torch.arange(start, end, device=moving.device).unsqueeze(1) * places
            kept = (base + moving[top]).reshape(-1)
            index.append(kept)
            scores.append(clip.salience.reshape(-1)[kept])
            links.add(
                kept,
                torch.arange(keep * (end - start), device=kept.device),
                torch.ones_like(scores[-1]),
                keep * (end - start),
            )
        notes = {"windows": len(windows), "static_gain": gain}
        return Draft(torch.cat(index), torch.cat(scores), links.joined(), notes)

    def _merge_static(
        self,
        clip: Clip,
        start: int,
        end: int,
        static: Tensor,
        ratio: float,
        index: list[Tensor],
        scores: list[Tensor],
        links: "_Pieces",
    ) -> None:
        """Average the static places over the window and cluster the averages; they stand in its first frame."""
        place = torch.nonzero(static).squeeze(1)
        clusters = round(place.shape[0] * ratio)
        if clusters == 0:
            return
        means = clip.values[start:end, place].mean(dim=0, keepdim=True)
        peaks = density_peaks(means, min(self.neighbours, clusters), clip.generator)
        centres = peaks.centres(clusters)
        group = peaks.assign(centres)[0]
        share = cluster_weights(group, centres[0], self.centre_weight, means.dtype) / (end - start)
        frames = torch.arange(start, end, device=place.device).unsqueeze(1) * clip.norms.shape[1]
        token = (frames + place).reshape(-1)
        repeat = end - start
        links.add(token, group.repeat(repeat), share.repeat(repeat), clusters)
        index.append(start * clip.norms.shape[1] + place[centres[0]])
        best = clip.salience[start:end, place].mean(dim=0)
        scores.append(best[centres[0]])


class _Pieces:
    """Memberships gathered window by window."""

    def __init__(self) -> None:
        self.rows = 0
        self.pieces: list[tuple[Tensor, Tensor, Tensor]] = []

    def add(self, token: Tensor, row: Tensor, weight: Tensor, rows: int) -> None:
        self.pieces.append((token, row + self.rows, weight))
        self.rows += rows

    def joined(self) -> Links:
        token, row, weight = (torch.cat(parts) for parts in zip(*self.pieces, strict=True))
        return Links(token, row, weight)


def cluster_weights(
    group: Tensor, centres: Tensor, centre_weight: float | None, dtype: torch.dtype
) -> Tensor:
    """Weight of each member in its cluster: the centre's own, the rest shared by the others; None for equal shares."""
    counts = torch.bincount(group, minlength=centres.shape[0]).to(dtype)
    if centre_weight is None:
        return (1 / counts)[group]
    own = torch.where(counts > 1, centre_weight, 1.0).to(dtype)
    weight = ((1 - own) / (counts - 1).clamp_min(1))[group]
    weight[centres] = own
    return weight


def best_windows(still: NDArray[np.bool_], frames: int, places: int) -> tuple[list[tuple[int, int]], int]:
    """Half-open windows whose summed gain is largest, and that gain.

    A window of frames `s..e` saves, for every place that stays above the threshold throughout, `e - s` tokens;
    a single frame saves none. Of equal sums the one found first counts: the single frame, then growing windows.
    """
    run = np.zeros((frames + 1, places), dtype=np.int64)
    for frame in range(frames - 2, -1, -1):
        run[frame] = np.where(still[frame], run[frame + 1] + 1, 0)
    lasting = np.zeros((frames, frames + 1), dtype=np.int64)
    for frame in range(frames):
        counts = np.bincount(run[frame], minlength=frames + 1)
        lasting[frame] = counts[::-1].cumsum()[::-1]
    best, first = np.zeros(frames + 1, dtype=np.int64), np.zeros(frames, dtype=np.int64)
    for end in range(frames):
        starts = np.arange(end, -1, -1)
        totals = best[starts] + lasting[starts, end - starts] * (end - starts)
        chosen = int(totals.argmax())
        best[end + 1], first[end] = totals[chosen], starts[chosen]
    windows: list[tuple[int, int]] = []
    end = frames
    while end > 0:
        windows.append((int(first[end - 1]), end))
        end = int(first[end - 1])
    return windows[::-1], int(best[frames])
