"""LLaVA-OneVision: pooled frames, one line end after a video; pictures with tiles and line ends."""

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
)


class LlavaOnevisionHook(Hook):
    """Line ends (`image_newline`) are never compressed."""

    modalities: ClassVar[dict[Modality, str]] = {"image": "pixel_values", "video": "pixel_values_videos"}

    def encode(self, model: Any, inputs: Mapping[str, Any], modality: Modality, attention: bool) -> Encoded:
        return (
            self._encode_video(model, inputs, attention)
            if modality == "video"
            else self._encode_images(model, inputs)
        )

    def output(self, modality: Modality, features: Tensor, levels: tuple[Tensor, ...]) -> Any:
        return TowerOutput(pooler_output=features.unsqueeze(0) if modality == "video" else (features,))

    def _encode_video(self, model: Any, inputs: Mapping[str, Any], attention: bool) -> Encoded:
        pixels = inputs["pixel_values_videos"]
        last = _last_attention(model)
        with input_of(last, attention) as seen:
            output = model.model.get_video_features(pixels, return_dict=True)
        videos, length, _ = output.pooler_output.shape
        frames = pixels.shape[1]
        side = round(((length - 1) // frames) ** 0.5)
        device = pixels.device
        parts = tuple(
            Part(
                torch.arange(number * length, (number + 1) * length - 1, device=device),
                (frames, side, side),
                False,
            )
            for number in range(videos)
        )
        drawn = None
        if attention:
            pooled = model.model.apply_pooling(pooled_attention(last, seen[0]).unsqueeze(-1))
            rows = pooled.reshape(videos, frames * side * side)
            drawn = torch.cat([rows, rows.new_zeros(videos, 1)], dim=1).reshape(-1)
        return Encoded(output.pooler_output.flatten(0, 1), (), parts, drawn)

    def _encode_images(self, model: Any, inputs: Mapping[str, Any]) -> Encoded:
        """Base views of consecutive pictures are frames; the tiles of each are a strip of their own."""
        given = {"batch_num_images": inputs.get("batch_num_images")}
        output = model.model.get_image_features(
            inputs["pixel_values"], inputs["image_sizes"], return_dict=True, **given
        )
        vision = model.config.vision_config
        side = vision.image_size // vision.patch_size
        newline = model.model.image_newline
        base_parts, tile_parts, start = [], [], 0
        for image in output.pooler_output:
            places = torch.arange(start, start + image.shape[0], device=image.device)
            base_parts.append(Part(places[: side * side], (1, side, side)))
            tiles = places[side * side :][(image[side * side :] != newline.to(image)).any(dim=1)]
            if tiles.numel():
                tile_parts.append(Part(tiles, (1, 1, tiles.shape[0]), frames=False))
            start += image.shape[0]
        return Encoded(torch.cat(list(output.pooler_output)), (), (*base_parts, *tile_parts), None)


def _last_attention(model: Any) -> Any:
    tower = model.model.vision_tower
    layers = getattr(tower, "vision_model", tower).encoder.layers
    layer = model.config.vision_feature_layer
    return layers[layer if layer < 0 else layer - 1].self_attn
