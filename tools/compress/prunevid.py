"""PruneVid, stage 1 (2024): static places averaged over scene windows, then clusters in space.

Its second stage works inside the language model and is no part of this.
"""

from dataclasses import dataclass
from itertools import groupby
from typing import ClassVar

import torch
from torch import Tensor

from rewatch.memory.errors import SettingError
from rewatch.tools.compress.clip import Clip
from rewatch.tools.compress.compressed import Draft, Links
from rewatch.tools.compress.density import density_peaks
from rewatch.tools.compress.method import Method
from rewatch.tools.compress.threshold import smallest_reaching

LARGEST_UNCLUSTERED = 14
"""Sets of so many tokens or fewer are kept as they are."""
SEARCH_STEPS = 24


@dataclass(frozen=True, slots=True)
class PruneVid(Method):
    """Cluster frames into scenes, average the places that stay alike in a scene, cluster what is left to half.

    A budget is met by the similarity above which a place counts as static; what is still too much is cut, the rows
    that represent fewest tokens first. Everything is clustered, so no threshold keeps much more than half.
    """

    name: ClassVar[str] = "prunevid"
    static_similarity: float = 0.8
    """tau, where the budget itself gives none."""
    segment_ratio: float = 0.25
    cluster_ratio: float = 0.5
    neighbours: int = 7

    def __post_init__(self) -> None:
        if not (0 < self.segment_ratio <= 1 and 0 < self.cluster_ratio <= 1 and self.neighbours >= 1):
            raise SettingError("prunevid needs ratios above 0 and at most 1, and at least 1 neighbour")

    def draft(self, clip: Clip, limit: int) -> Draft:
        windows = self._windows(clip)
        alike = [mean_pairwise(clip.unit[start:end]) for start, end in windows]
        lengths = [end - start for start, end in windows]

        def count(threshold: float) -> int:
            static = [int((similarity > threshold).sum()) for similarity in alike]
            places = clip.norms.shape[1]
            return sum(
                self._clusters(still) + length * self._clusters(places - still)
                for still, length in zip(static, lengths, strict=True)
            )

        levels = torch.unique(torch.cat(alike)).clamp(-1, 1).tolist()
        threshold = smallest_reaching(count, limit, [-1.0, *levels, 1.0], SEARCH_STEPS)
        return self._merge(clip, windows, alike, threshold)

    def draft_at(self, clip: Clip, threshold: float) -> Draft:
        windows = self._windows(clip)
        return self._merge(
            clip, windows, [mean_pairwise(clip.unit[start:end]) for start, end in windows], threshold
        )

    def _windows(self, clip: Clip) -> list[tuple[int, int]]:
        """Half-open runs of frames of one scene, from clusters of the frames' mean tokens."""
        means = clip.values.mean(dim=1, keepdim=True).transpose(0, 1)
        peaks = density_peaks(means, self.neighbours, clip.generator)
        scenes = max(int(means.shape[1] * self.segment_ratio), 1)
        return runs_of(contiguous(peaks.assign(peaks.centres(scenes))[0].tolist()))

    def _clusters(self, members: int) -> int:
        return members if members <= LARGEST_UNCLUSTERED else max(int(members * self.cluster_ratio), 1)

    def _merge(
        self, clip: Clip, windows: list[tuple[int, int]], alike: list[Tensor], threshold: float
    ) -> Draft:
        pieces, rows = [], 0
        index, sizes = [], []
        places = clip.norms.shape[1]
        for (start, end), similarity in zip(windows, alike, strict=True):
            still = similarity > threshold
            frames = torch.arange(start, end, device=still.device)
            sets = [
                (
                    clip.values[start:end].mean(dim=0, keepdim=True),
                    torch.nonzero(still).squeeze(1),
                    frames[:1],
                ),
                (clip.values[start:end], torch.nonzero(~still).squeeze(1), frames),
            ]
            for values, place, standing in sets:
                if place.numel() == 0:
                    continue
                group, centres = self._cluster(values[:, place], clip.generator)
                count = centres.shape[1]
                offset = torch.arange(standing.shape[0], device=still.device).unsqueeze(1) * count + rows
                row = (group + offset).reshape(-1)
                size = torch.bincount(row - rows, minlength=count * standing.shape[0])
                weight = (1 / size.to(clip.norms.dtype))[row - rows]
                spread = frames.unsqueeze(0) if standing.shape[0] == 1 else frames.unsqueeze(1)
                token = spread.unsqueeze(1) * places + place.view(1, -1, 1)
                copies = token.shape[2]
                pieces.append(
                    (
                        token.reshape(-1),
                        row.repeat_interleave(copies),
                        weight.repeat_interleave(copies) / copies,
                    )
                )
                index.append((standing.unsqueeze(1) * places + place[centres]).reshape(-1))
                sizes.append(size * copies)
                rows += count * standing.shape[0]
        token, row, weight = (torch.cat(parts) for parts in zip(*pieces, strict=True))
        notes = {"windows": len(windows), "threshold": threshold}
        return Draft(torch.cat(index), torch.cat(sizes).to(weight.dtype), Links(token, row, weight), notes)

    def _cluster(self, sets: Tensor, generator: torch.Generator | None) -> tuple[Tensor, Tensor]:
        """Group of each member and centres of each set; small sets are not clustered."""
        batch, members = sets.shape[:2]
        if members <= LARGEST_UNCLUSTERED:
            alone = torch.arange(members, device=sets.device).expand(batch, members)
            return alone, alone
        peaks = density_peaks(sets, self.neighbours, generator)
        centres = peaks.centres(self._clusters(members))
        return peaks.assign(centres), centres


def mean_pairwise(unit: Tensor) -> Tensor:
    """Mean cosine over the pairs of different frames, for each place; of a single frame nothing is static.

    Args:
        unit: `[L, N, D]`, unit length.

    Returns:
        `[N]`; minus infinity for a single frame.
    """
    length = unit.shape[0]
    if length == 1:
        return unit.new_full((unit.shape[1],), -torch.inf)
    together = unit.sum(dim=0).square().sum(dim=-1) - unit.square().sum(dim=(0, 2))
    return together / (length * (length - 1))


def contiguous(labels: list[int]) -> list[int]:
    """Make every scene one run of frames.

    A label keeps its longest run (all of them, when several are equally long, and none of a single frame); the
    frames between go to the longer of the runs beside them, of equals to the earlier. With no run left, all frames
    are one scene.
    """
    runs = [(label, len(list(run))) for label, run in groupby(labels)]
    longest: dict[int, int] = {}
    for label, length in runs:
        longest[label] = max(longest.get(label, 0), length)
    kept = [
        label if length == longest[label] and length > 1 else None
        for label, length in runs
        for _ in range(length)
    ]
    frame = 0
    while frame < len(kept):
        end = frame
        while end < len(kept) and kept[end] is None:
            end += 1
        if end > frame:
            left, right = _run_length(kept, frame - 1, -1), _run_length(kept, end, 1)
            beside = kept[frame - 1] if left >= right and left else kept[end] if right else 0
            kept[frame:end] = [beside] * (end - frame)
        frame = end + 1
    return [label for label in kept if label is not None]


def _run_length(labels: list[int | None], frame: int, step: int) -> int:
    if not 0 <= frame < len(labels):
        return 0
    label, length = labels[frame], 0
    while 0 <= frame < len(labels) and labels[frame] == label:
        length, frame = length + 1, frame + step
    return length


def runs_of(labels: list[int]) -> list[tuple[int, int]]:
    """Half-open runs of equal labels."""
    starts = [frame for frame in range(len(labels)) if frame == 0 or labels[frame] != labels[frame - 1]]
    return list(zip(starts, [*starts[1:], len(labels)], strict=True))
