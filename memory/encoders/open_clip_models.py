"""Dual encoders of the open_clip package: any of its architectures with a tag or a local checkpoint."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rewatch.memory.encoders.framing import Framing, Image
from rewatch.memory.encoders.torch_encoder import TorchEncoder, Towers, loading
from rewatch.memory.encoders.weights import digest
from rewatch.memory.errors import SettingError

if TYPE_CHECKING:
    import torch

_FOLDER = "local-dir:"
_SCHEMAS = ("hf-hub:", _FOLDER)
"""Beginnings of names that carry architecture and weights in one."""


@dataclass(frozen=True, slots=True)
class OpenClipFamily:
    """Opens `ARCHITECTURE/PRETRAINED`, `hf-hub:REPOSITORY` and `local-dir:FOLDER`."""

    def space_id(self, model: str) -> str:
        architecture, weights = _split(model)
        if architecture.startswith(_FOLDER):
            return f"open_clip:{_FOLDER}@{digest(Path(architecture.removeprefix(_FOLDER)))}"
        checkpoint = Path(weights)
        if weights and ("/" in weights or checkpoint.exists()):
            return f"open_clip:{architecture}@{digest(checkpoint)}"
        return f"open_clip:{model}"

    def open(self, model: str, device: str, dtype: str) -> TorchEncoder:
        def load(place: "torch.device", precision: "torch.dtype") -> Towers:
            with loading(f"open_clip:{model}"):
                return _load(*_split(model), place, precision)

        return TorchEncoder(self.space_id(model), load, device, dtype)


def _split(model: str) -> tuple[str, str]:
    """Architecture and weights; the weights are "" where the architecture's name carries them."""
    if model.startswith(_SCHEMAS):
        return model, ""
    architecture, _, weights = model.partition("/")
    if not weights:
        raise SettingError(
            f"encoder 'open_clip:{model}' names no weights; write open_clip:ARCHITECTURE/TAG, such as "
            "open_clip:ViT-B-32/laion2b_s34b_b79k, or a checkpoint's path in place of the tag"
        )
    return architecture, weights


def _load(architecture: str, weights: str, device: "torch.device", dtype: "torch.dtype") -> Towers:
    import open_clip
    import torch

    if not architecture.startswith(_SCHEMAS) and open_clip.get_model_config(architecture) is None:
        alike = get_close_matches(architecture, open_clip.list_models(), n=3, cutoff=0.0)
        raise ValueError(f"open_clip has no architecture {architecture!r}; it has {', '.join(alike)}, ...")
    model: Any = open_clip.create_model(architecture, weights or None, require_pretrained=True)
    model = model.to(device=device, dtype=dtype).eval()
    tokenizer: Any = open_clip.get_tokenizer(architecture)
    config = model.visual.preprocess_cfg
    how = {key: config[key] for key in ("mean", "std", "resize_mode", "interpolation", "fill_color")}
    preprocess: Any = open_clip.image_transform(config["size"], is_train=False, **how)

    def encode_texts(texts: Sequence[str]) -> "torch.Tensor":
        found: torch.Tensor = model.encode_text(tokenizer(list(texts)).to(device))
        return found

    def encode_frames(images: Sequence[Image]) -> "torch.Tensor":
        from PIL import Image as Pillow

        pixels = torch.stack([preprocess(Pillow.fromarray(image)) for image in images])
        found: torch.Tensor = model.encode_image(pixels.to(device=device, dtype=dtype))
        return found

    with torch.inference_mode():
        dimensions = int(encode_texts(["a picture"]).shape[-1])
    return Towers(
        dimensions,
        model.encode_image,
        encode_texts,
        _framing(config),
        tuple(config["mean"]),
        tuple(config["std"]),
        encode_frames,
    )


def _framing(config: dict[str, Any]) -> Framing | None:
    """How the library would resize; None for what only itself can do."""
    size = config["size"]
    height, width = (size, size) if isinstance(size, int) else size
    crops = config["resize_mode"] == "shortest"
    if config["resize_mode"] == "longest" or (crops and height != width):
        return None
    return Framing(height, width, crops, "bilinear" if config["interpolation"] == "bilinear" else "bicubic")
