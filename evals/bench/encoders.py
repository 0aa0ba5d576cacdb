"""Vision towers for the benchmark: plain ones with random weights, or any that is named.

Random weights say nothing of meaning, but near patches stay near: enough to compare what compressors keep, offline.
The one of a real tower's shape is for times.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rewatch.evals.bench.clips import GRID_SIDE, PATCH_PIXELS, SIDE_PIXELS
from rewatch.evals.bench.random_weights import made_on
from rewatch.memory.errors import SettingError

_BATCH = 8


@dataclass(frozen=True, slots=True)
class TowerShape:
    """A vision transformer, and what brings its patches to the language model."""

    pixels: int
    """Side of the square picture that it sees."""
    patch: int
    width: int
    heads: int
    inner: int
    blocks: int
    projected: bool
    """Whether patches are projected to the language model's width, as in LLaVA-OneVision."""


SHAPES = {
    "random": TowerShape(SIDE_PIXELS, PATCH_PIXELS, 384, 6, 1536, 8, projected=False),
    "so400m": TowerShape(384, 14, 1152, 16, 4304, 26, projected=True),
}
"""A small one, and the tower of LLaVA-OneVision: SigLIP SO400M up to its last block but one, whose 27 x 27 patches are
projected and pooled to 14 x 14 (`apply_pooling` of transformers)."""


def encode(frames: NDArray[np.uint8], name: str, device: str, width: int) -> tuple[Tensor, float]:
    """Patch features of all frames, and how long the tower took.

    Args:
        frames: uint8 `[T, 224, 224, 3]`.
        name: One of `SHAPES`, or the name or folder of a vision model of transformers with 16-pixel patches.
        device: torch's name of a device.
        width: Of the language model, which a tower of a real shape projects to.

    Returns:
        `[T, N, D]`, of the tower's own number type, and seconds.
    """
    model, tokens_of = _tower(name, device, width)
    dtype = next(model.parameters()).dtype
    pixels = (torch.from_numpy(frames).permute(0, 3, 1, 2).to(device).float() / 127.5 - 1).to(dtype)
    places = (SIDE_PIXELS // PATCH_PIXELS) ** 2
    with torch.inference_mode():
        model(pixels[:1])
        started = _now(device)
        made = [tokens_of(model(batch))[:, -places:] for batch in torch.split(pixels, _BATCH)]
        tokens = torch.cat(made)
        seconds = _now(device) - started
    if tokens.shape[1] != places:
        raise SettingError(
            f"encoder {name!r} makes {tokens.shape[1]} tokens of a frame, not {places}; "
            f"name one with {PATCH_PIXELS}-pixel patches at {SIDE_PIXELS} pixels"
        )
    return tokens.clone(), seconds


class RandomTower(torch.nn.Module):
    """A vision transformer as plain as they come: patches, learned places, blocks."""

    def __init__(self, shape: TowerShape, width: int) -> None:
        super().__init__()
        self.pixels, self.side = shape.pixels, shape.pixels // shape.patch
        self.patches = torch.nn.Conv2d(3, shape.width, shape.patch, stride=shape.patch)
        self.places = torch.nn.Parameter(0.02 * torch.randn(self.side**2, shape.width))
        block = torch.nn.TransformerEncoderLayer(
            shape.width,
            shape.heads,
            shape.inner,
            dropout=0.0,
            activation="gelu",
            batch_first=True,
            norm_first=True,
        )
        self.blocks = torch.nn.TransformerEncoder(block, shape.blocks, enable_nested_tensor=False)
        self.projector = torch.nn.Sequential()
        if shape.projected:
            self.projector.extend(
                [torch.nn.Linear(shape.width, width), torch.nn.GELU(), torch.nn.Linear(width, width)]
            )

    def forward(self, pixels: Tensor) -> Tensor:
        """Tokens `[T, N, D]` of pixels `[T, 3, 224, 224]`."""
        if pixels.shape[-1] != self.pixels:
            pixels = torch.nn.functional.interpolate(pixels, size=self.pixels, mode="bilinear")
        embedded = self.patches(pixels).flatten(2).transpose(1, 2) + self.places
        tokens: Tensor = self.projector(self.blocks(embedded))
        if self.side == GRID_SIDE:
            return tokens
        square = tokens.transpose(1, 2).reshape(len(tokens), -1, self.side, self.side)
        return torch.nn.functional.interpolate(square, size=GRID_SIDE, mode="bilinear").flatten(2).mT


def _tower(name: str, device: str, width: int) -> tuple[torch.nn.Module, Callable[[Any], Tensor]]:
    """A vision tower, and how its patch tokens are read from what it returns."""
    if name in SHAPES:
        shape = SHAPES[name]
        kind = torch.bfloat16 if shape.projected and device.startswith("cuda") else torch.float32
        torch.manual_seed(0)
        return made_on(device, kind, lambda: RandomTower(shape, width)), torch.as_tensor
    import transformers

    model: Any = transformers.AutoModel.from_pretrained(name)
    tower = getattr(model, "vision_model", model).to(device).eval()
    return tower, lambda out: torch.as_tensor(out.last_hidden_state)


def _now(device: str) -> float:
    if device.startswith("cuda"):
        torch.cuda.synchronize()
    return time.perf_counter()
