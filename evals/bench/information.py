"""How much of a clip is still there after compression, judged in another feature space than the compressor's.

Owns the measures and the spaces. A merged token is merged in the second space too, by the same weights.
"""

from dataclasses import asdict, dataclass

import torch
from torch import Tensor

from rewatch.evals.bench.clips import GRID_SIDE, PATCH_PIXELS, TruthClip
from rewatch.tools.compress import Compressed

RECALL_COSINE = 0.9
"""A planted thing counts as kept when some kept token is so similar to one of its patches."""
WORST_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Information:
    """What was kept of a clip."""

    mean_loss: float
    """Mean over all tokens of one minus the largest cosine with a kept token."""
    worst_loss: float
    """The same over the worst twentieth of the tokens."""
    object_recall: float
    """Share of the planted things that are kept."""
    scene_coverage: float
    """Share of the regions of all scenes in which a kept token stands."""

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


def measure(clip: TruthClip, compressed: Compressed, space: Tensor) -> Information:
    """Judge one result.

    Args:
        clip: What was shown.
        compressed: What was kept of its tokens.
        space: Features of the same patches in the judging space `[T*N, F]`.
    """
    original = torch.nn.functional.normalize(space.float(), dim=1)
    if compressed.index.numel() == 0:
        return Information(1.0, 1.0, 0.0, 0.0)
    kept = torch.nn.functional.normalize(compressed.apply(space.float()), dim=1)
    best = torch.cat([(block @ kept.T).amax(dim=1) for block in torch.split(original, 4096)])
    loss = (1 - best).clamp_min(0)
    worst = loss.sort(descending=True).values[: max(int(loss.shape[0] * WORST_SHARE), 1)]
    objects = torch.from_numpy(clip.objects).to(best.device)
    place = torch.from_numpy(clip.scene[:, None] * (clip.region.max() + 1) + clip.region).reshape(-1)
    covered = torch.unique(place.to(best.device)[compressed.index]).numel() / torch.unique(place).numel()
    recall = (best[objects].amax(dim=1) >= RECALL_COSINE).float().mean()
    return Information(float(loss.mean()), float(worst.mean()), float(recall), covered)


def pixel_space(clip: TruthClip) -> Tensor:
    """Colours of each patch on a 4x4 grid, less the clip's mean colour `[T*N, 48]`: what the eye compares."""
    frames = torch.from_numpy(clip.frames).float().permute(0, 3, 1, 2)
    small = torch.nn.functional.avg_pool2d(frames, PATCH_PIXELS // 4)
    patches = torch.nn.functional.unfold(small, kernel_size=4, stride=4)
    flat = patches.transpose(1, 2).reshape(-1, patches.shape[1])
    assert flat.shape[0] == len(clip.frames) * GRID_SIDE**2
    return flat - flat.mean()
