"""SmolVLM2 and InternVL: a video is a row of pictures, each a square of merged patches."""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor

from rewatch.tools.compress.hooks.hook import (
    Encoded,
    Hook,
    Modality,
    Part,
    TowerOutput,
    input_of,
    pooled_attention,
    pooled_blocks,
)


class SmolVlmHook(Hook):
    """SmolVLM2; the tiles of one picture count as frames."""

    modalities: ClassVar[dict[Modality, str]] = {"image": "pixel_values"}

    def encode(self, model: Any, inputs: Mapping[str, Any], modality: Modality, attention: bool) -> Encoded:
        last = self._last_attention(model)
        with input_of(last, attention) as seen:
            features, side = self._features(model, inputs)
        count = side * side
        parts = tuple(
            Part(torch.arange(start, start + count, device=features.device), (1, side, side))
            for start in range(0, features.shape[0], count)
        )
        drawn = None
        if attention:
            patches = pooled_attention(last, seen[0])
            patch_side = int(patches.shape[1] ** 0.5)
            square = patches[:, -(patch_side**2) :]
            drawn = pooled_blocks(square, patch_side, patch_side // side).reshape(-1)
        return Encoded(features, (), parts, drawn)

    def output(self, modality: Modality, features: Tensor, levels: tuple[Tensor, ...]) -> Any:
        return TowerOutput(pooler_output=[features])

    def _last_attention(self, model: Any) -> Any:
        return model.model.vision_model.encoder.layers[-1].self_attn

    def _features(self, model: Any, inputs: Mapping[str, Any]) -> tuple[Tensor, int]:
        """Features `[P, D]`, and tokens along one side of a picture."""
        output = model.model.get_image_features(
            inputs["pixel_values"], inputs.get("pixel_attention_mask"), return_dict=True
        )
        return torch.cat(output.pooler_output), round(model.model.image_seq_len**0.5)


class InternVlHook(SmolVlmHook):
    """InternVL; its tower has a class token before the patches."""

    def output(self, modality: Modality, features: Tensor, levels: tuple[Tensor, ...]) -> Any:
        return TowerOutput(pooler_output=features.unsqueeze(0))

    def _last_attention(self, model: Any) -> Any:
        return model.model.vision_tower.encoder.layer[-1].attention

    def _features(self, model: Any, inputs: Mapping[str, Any]) -> tuple[Tensor, int]:
        output = model.model.get_image_features(inputs["pixel_values"], return_dict=True)
        return output.pooler_output.flatten(0, 1), round(output.pooler_output.shape[1] ** 0.5)
