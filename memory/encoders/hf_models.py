"""Dual encoders of the transformers package: CLIP, SigLIP, SigLIP2 and their like, by name or folder."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rewatch.memory.encoders.framing import Framing, Image
from rewatch.memory.encoders.torch_encoder import TorchEncoder, Towers, loading
from rewatch.memory.encoders.weights import digest

if TYPE_CHECKING:
    import torch

_BILINEAR, _BICUBIC = 2, 3
"""Pillow's numbers of its filters, as processors keep them."""


@dataclass(frozen=True, slots=True)
class HfFamily:
    """Opens a model by its name on the Hugging Face hub, or by the folder that it lies in."""

    def space_id(self, model: str) -> str:
        folder = Path(model).expanduser()
        is_local = folder.exists() or model.startswith(("/", "~", "."))
        return f"hf:{folder.name}@{digest(folder)}" if is_local else f"hf:{model}"

    def open(self, model: str, device: str, dtype: str) -> TorchEncoder:
        def load(place: "torch.device", precision: "torch.dtype") -> Towers:
            with loading(f"hf:{model}"):
                return _load(model, place, precision)

        return TorchEncoder(self.space_id(model), load, device, dtype)


def _load(name: str, device: "torch.device", dtype: "torch.dtype") -> Towers:
    import torch
    from transformers import AutoImageProcessor, AutoModel, AutoTokenizer
    from transformers.utils import logging

    if not sys.stderr.isatty():
        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    source = str(Path(name).expanduser()) if Path(name).expanduser().exists() else name
    model: Any = AutoModel.from_pretrained(source, dtype=dtype).to(device).eval()
    if not (hasattr(model, "get_image_features") and hasattr(model, "get_text_features")):
        raise ValueError(f"{type(model).__name__} does not encode both images and texts")
    tokenizer: Any = AutoTokenizer.from_pretrained(source)
    processor: Any = AutoImageProcessor.from_pretrained(source)  # type: ignore[no-untyped-call]
    config: Any = model.config
    longest = config.text_config.max_position_embeddings
    # SigLIP was trained on texts filled up to their full length.
    padding = "max_length" if config.model_type.startswith("siglip") else True

    def encode_texts(texts: Sequence[str]) -> "torch.Tensor":
        tokens = tokenizer(
            list(texts), padding=padding, truncation=True, max_length=longest, return_tensors="pt"
        )
        return _pooled(model.get_text_features(**tokens.to(device)))

    def encode_frames(images: Sequence[Image]) -> "torch.Tensor":
        inputs = processor(images=list(images), return_tensors="pt").to(device)
        inputs["pixel_values"] = inputs["pixel_values"].to(dtype)
        return _pooled(model.get_image_features(**inputs))

    with torch.inference_mode():
        dimensions = int(encode_texts(["a picture"]).shape[-1])
    framing = _framing(processor)
    return Towers(
        dimensions,
        lambda pixels: _pooled(model.get_image_features(pixel_values=pixels)),
        encode_texts,
        framing,
        tuple(processor.image_mean) if framing else (0.0, 0.0, 0.0),
        tuple(processor.image_std) if framing else (1.0, 1.0, 1.0),
        encode_frames,
    )


def _pooled(output: Any) -> "torch.Tensor":
    """The vectors of an output; transformers before 5 gave the tensor itself."""
    found: torch.Tensor = getattr(output, "pooler_output", output)
    return found


def _framing(processor: Any) -> Framing | None:
    """How the processor would resize; None for what only itself can do, such as patches of any shape."""

    def told(name: str) -> Any:
        return getattr(processor, name, None)

    plain = told("do_resize") and told("do_rescale") and told("do_normalize") and not told("do_pad")
    filters = {_BILINEAR: "bilinear", _BICUBIC: "bicubic"}
    if (
        not plain
        or told("resample") not in filters
        or told("rescale_factor") != 1 / 255
        or told("patch_size")
    ):
        return None
    size, crop = _sides(told("size")), _sides(told("crop_size"))
    interpolation: Any = filters[told("resample")]
    if size.keys() == {"height", "width"} and not told("do_center_crop"):
        return Framing(size["height"], size["width"], crops=False, interpolation=interpolation)
    edge = size.get("shortest_edge", 0)
    if (
        size.keys() == {"shortest_edge"}
        and told("do_center_crop")
        and crop == {"height": edge, "width": edge}
    ):
        return Framing(edge, edge, crops=True, interpolation=interpolation, odd_middle="down")
    return None


def _sides(size: Any) -> dict[str, int]:
    return {name: pixels for name, pixels in dict(size or {}).items() if pixels is not None}
