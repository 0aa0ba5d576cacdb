"""Qwen2.5-VL and Qwen3-VL: positions in time and space, window order in the tower, DeepStack levels."""

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


class Qwen25Hook(Hook):
    """Qwen2.5-VL: one run of placeholders a video, times inside the positions."""

    modalities: ClassVar[dict[Modality, str]] = {"image": "pixel_values", "video": "pixel_values_videos"}

    def encode(self, model: Any, inputs: Mapping[str, Any], modality: Modality, attention: bool) -> Encoded:
        visual = model.model.visual
        grids = inputs[f"{modality}_grid_thw"]
        features_of = getattr(model.model, f"get_{modality}_features")
        last = visual.blocks[-1].attn
        with input_of(last, attention) as seen:
            output = features_of(inputs[self.modalities[modality]], grids, return_dict=True)
        merge = visual.spatial_merge_size
        sizes = [(t, h // merge, w // merge) for t, h, w in grids.tolist()]
        starts, parts = 0, []
        for frames, height, width in sizes:
            count = frames * height * width
            places = torch.arange(starts, starts + count, device=grids.device)
            parts.append(Part(places, (frames, height, width), frames=modality == "image"))
            starts += count
        drawn = self._attention(visual, last, seen[0], grids, sizes) if attention else None
        levels = tuple(torch.cat(level) for level in getattr(output, "deepstack_features", None) or ())
        return Encoded(torch.cat(output.pooler_output), levels, tuple(parts), drawn)

    def output(self, modality: Modality, features: Tensor, levels: tuple[Tensor, ...]) -> Any:
        return TowerOutput(pooler_output=(features,))

    def positions(self, model: Any, inputs: Mapping[str, Any]) -> Tensor:
        names = ("image_grid_thw", "video_grid_thw", "second_per_grid_ts", "attention_mask")
        given = {name: inputs[name] for name in names if inputs.get(name) is not None}
        positions, _ = model.model.get_rope_index(
            inputs["input_ids"], mm_token_type_ids=inputs["mm_token_type_ids"], **given
        )
        return torch.as_tensor(positions)

    def _order(self, visual: Any, grids: Tensor) -> Tensor | None:
        """The order of merged tokens inside the tower, where it is not the natural one."""
        from transformers.vision_utils import get_vision_window_index

        window = visual.config.window_size
        index, _ = get_vision_window_index(grids, visual.spatial_merge_size, window, visual.config.patch_size)
        return torch.as_tensor(index)

    def _attention(
        self, visual: Any, last: Any, hidden: Tensor, grids: Tensor, sizes: list[tuple[int, int, int]]
    ) -> Tensor:
        """Attention of the pooled query of each frame, averaged over the patches that are merged."""
        unit = visual.spatial_merge_size**2
        blocks = hidden.view(-1, unit, hidden.shape[-1])
        order = self._order(visual, grids)
        if order is not None:
            blocks = blocks[torch.argsort(order.to(blocks.device))]
        drawn = []
        for (frames, height, width), piece in zip(
            sizes, torch.split(blocks, [t * h * w for t, h, w in sizes]), strict=True
        ):
            rows = piece.reshape(frames, height * width * unit, -1)
            drawn.append(pooled_attention(last, rows).view(-1, unit).mean(dim=1))
        return torch.cat(drawn)


class Qwen3Hook(Qwen25Hook):
    """Qwen3-VL: a run of placeholders for each frame, times written before it, levels added in the first layers."""

    def output(self, modality: Modality, features: Tensor, levels: tuple[Tensor, ...]) -> Any:
        from transformers.models.qwen3_vl import modeling_qwen3_vl as modeling

        kind: Any = modeling.BaseModelOutputWithDeepstackFeatures
        return kind(pooler_output=(features,), deepstack_features=[(level,) for level in levels])

    def _order(self, visual: Any, grids: Tensor) -> Tensor | None:
        return None
