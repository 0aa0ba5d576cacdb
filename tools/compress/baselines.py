"""What every method has to beat: evenly chosen frames, random tokens, average pooling."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from rewatch.tools.compress.clip import Clip, Grid
from rewatch.tools.compress.compressed import Draft, Links
from rewatch.tools.compress.method import Method, ScoredMethod


@dataclass(frozen=True, slots=True)
class Uniform(Method):
    """Frames at the middles of equal intervals, whole where the budget is a multiple of a frame.

    As many frames are taken as the budget needs; they share it evenly, each keeping tokens at even strides.
    """

    name: ClassVar[str] = "uniform"

    def draft(self, clip: Clip, limit: int) -> Draft:
        frames, places = clip.tokens.shape[:2]
        taken = -(-limit // places)
        device = clip.tokens.device
        counts = torch.full((taken,), limit // max(taken, 1), device=device)
        counts[: limit - int(counts.sum())] += 1
        middles = (2 * torch.arange(taken, device=device) + 1) * frames // (2 * max(taken, 1))
        rank = torch.arange(places, device=device).expand(taken, places)
        place = (2 * rank + 1) * places // (2 * counts.unsqueeze(1).clamp_min(1))
        index = (middles.unsqueeze(1) * places + place)[rank < counts.unsqueeze(1)]
        return Draft(index, clip.norms.new_zeros(index.shape[0]))


@dataclass(frozen=True, slots=True)
class Random(ScoredMethod):
    """Tokens drawn without replacement; the same with the same generator, and with none."""

    name: ClassVar[str] = "random"

    def scores(self, clip: Clip) -> Tensor:
        device = clip.tokens.device
        generator = clip.generator or torch.Generator(device=device).manual_seed(0)
        drawn = torch.rand(clip.tokens.shape[:2], generator=generator, device=generator.device)
        return drawn.to(device)


@dataclass(frozen=True, slots=True)
class AvgPool(Method):
    """Average pooling to the finest grid of cells that the budget allows, in space first, then in time.

    The cells are those of `torch.nn.functional.adaptive_avg_pool2d` where they do not overlap; a token stands at the
    middle of its cell.
    """

    name: ClassVar[str] = "avgpool"

    def draft(self, clip: Clip, limit: int) -> Draft:
        frames, height, width = clip.grid
        periods = min(frames, limit)
        rows, columns = pooled_grid(height, width, limit // max(periods, 1))
        return pooled(clip.grid, (periods, rows, columns), clip.norms)


def pooled_grid(height: int, width: int, cells: int) -> tuple[int, int]:
    """Rows and columns of the finest grid with at most `cells` cells; of equals the one nearest the frame's shape."""
    options = [(rows, min(width, cells // rows)) for rows in range(1, min(height, cells) + 1)]
    return max(
        options,
        key=lambda option: (option[0] * option[1], -abs(option[0] * width - option[1] * height)),
        default=(0, 0),
    )


def pooled(grid: Grid, cells: Grid, like: Tensor) -> Draft:
    """Means over the cells of a coarser grid; token `i` of `n` lies in cell `i * cells // n` of each axis."""
    device = like.device
    axes = [
        torch.arange(size, device=device) * count // size for size, count in zip(grid, cells, strict=True)
    ]
    row = (axes[0][:, None, None] * cells[1] + axes[1][None, :, None]) * cells[2] + axes[2][None, None, :]
    row = row.reshape(-1)
    total = cells[0] * cells[1] * cells[2]
    if not total:
        empty = torch.zeros(0, dtype=torch.int64, device=device)
        return Draft(empty, like.new_zeros(0))
    middles = [
        (
            -(-torch.arange(count, device=device) * size // count)
            + -(-torch.arange(1, count + 1, device=device) * size // count)
            - 1
        )
        // 2
        for size, count in zip(grid, cells, strict=True)
    ]
    index = (middles[0][:, None, None] * grid[1] + middles[1][None, :, None]) * grid[2] + middles[2][
        None, None, :
    ]
    counts = torch.bincount(row, minlength=total)
    weight = (1 / counts.to(like.dtype))[row]
    links = Links(torch.arange(row.shape[0], device=device), row, weight)
    return Draft(index.reshape(-1), counts.to(like.dtype), links)
