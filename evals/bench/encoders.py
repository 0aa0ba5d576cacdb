"""Vision towers for the benchmark: a plain one with random weights, or any that is named.

Random weights say nothing of meaning, but near patches stay near: enough to compare what compressors keep, offline.
"""

import time
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
    model = _model(name).to(device).eval()
    pixels = torch.from_numpy(frames).permute(0, 3, 1, 2).to(device).float() / 127.5 - 1
    places = (SIDE_PIXELS // PATCH_PIXELS) ** 2
    with torch.inference_mode():
        model(pixels[:1])
        started = _now(device)
        made = [model(batch).last_hidden_state[:, -places:] for batch in torch.split(pixels, _BATCH)]
        tokens = torch.cat(made)
        seconds = _now(device) - started
    if tokens.shape[1] != places:
        raise SettingError(
            f"encoder {name!r} makes {tokens.shape[1]} tokens of a frame, not {places}; "
            f"name one with {PATCH_PIXELS}-pixel patches at {SIDE_PIXELS} pixels"
        )
    return tokens.clone(), seconds


def _model(name: str) -> Any:
    import transformers

    if name != RANDOM:
        model = transformers.AutoModel.from_pretrained(name)
        return getattr(model, "vision_model", model)
    torch.manual_seed(0)
    config = transformers.ViTConfig(
        hidden_size=384, num_hidden_layers=8, num_attention_heads=6, intermediate_size=1536
    )
    return transformers.ViTModel(config, add_pooling_layer=False)


def _now(device: str) -> float:
    if device.startswith("cuda"):
        torch.cuda.synchronize()
    return time.perf_counter()
