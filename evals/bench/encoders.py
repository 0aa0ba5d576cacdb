"""Vision towers for the benchmark: a plain one with random weights, or any that is named.

Random weights say nothing of meaning, but near patches stay near: enough to compare what compressors keep, offline.
"""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rewatch.evals.bench.clips import PATCH_PIXELS, SIDE_PIXELS
from rewatch.memory.errors import SettingError

RANDOM = "random"
_BATCH = 8


def encode(frames: NDArray[np.uint8], name: str, device: str) -> tuple[Tensor, float]:
    """Patch features of all frames, and how long the tower took.

    Args:
        frames: uint8 `[T, 224, 224, 3]`.
        name: "random", or the name or folder of a vision model of transformers with 16-pixel patches.
        device: torch's name of a device.

    Returns:
        float32 `[T, N, D]` and seconds.
    """
    model, tokens_of = _tower(name)
    model = model.to(device).eval()
    pixels = torch.from_numpy(frames).permute(0, 3, 1, 2).to(device).float() / 127.5 - 1
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
    """A vision transformer as plain as they come: patches, learned places, eight blocks."""

    def __init__(self, width: int = 384, heads: int = 6, blocks: int = 8) -> None:
        super().__init__()
        places = (SIDE_PIXELS // PATCH_PIXELS) ** 2
        self.patches = torch.nn.Conv2d(3, width, PATCH_PIXELS, stride=PATCH_PIXELS)
        self.places = torch.nn.Parameter(0.02 * torch.randn(places, width))
        block = torch.nn.TransformerEncoderLayer(
            width, heads, 4 * width, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.blocks = torch.nn.TransformerEncoder(block, blocks, enable_nested_tensor=False)

    def forward(self, pixels: Tensor) -> Tensor:
        """Tokens `[T, N, D]` of pixels `[T, 3, 224, 224]`."""
        embedded = self.patches(pixels).flatten(2).transpose(1, 2) + self.places
        return torch.as_tensor(self.blocks(embedded))


def _tower(name: str) -> tuple[Any, Callable[[Any], Tensor]]:
    """A vision tower, and how its patch tokens are read from what it returns."""
    if name == RANDOM:
        torch.manual_seed(0)
        return RandomTower(), torch.as_tensor
    import transformers

    model: Any = transformers.AutoModel.from_pretrained(name)
    return getattr(model, "vision_model", model), lambda out: torch.as_tensor(out.last_hidden_state)


def _now(device: str) -> float:
    if device.startswith("cuda"):
        torch.cuda.synchronize()
    return time.perf_counter()
