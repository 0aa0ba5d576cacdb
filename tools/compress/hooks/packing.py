"""Outlines as bytes in the safetensors format, and back: what the memory keeps of pictures for later questions."""

import json
from dataclasses import fields
from typing import Any, cast

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from rewatch.tools.compress.compressed import Compressed
from rewatch.tools.compress.hooks.flow import Outlines
from rewatch.tools.compress.hooks.hook import Modality
from rewatch.tools.compress.hooks.outlined import Outlined, OutlinedClip

_PLAIN = ("grid", "stats", "boxes")
_TENSORS = tuple(field.name for field in fields(Compressed) if field.name not in _PLAIN)


def packed(outlines: Outlines) -> bytes:
    """The outlines as bytes; the time that they took is left out."""
    tensors: dict[str, Tensor] = {}
    told: dict[str, Any] = {}
    for modality, outlined in outlines.modalities.items():
        tensors[f"{modality}.rest"] = outlined.rest
        tensors[f"{modality}.rest_features"] = outlined.rest_features
        _put_levels(tensors, f"{modality}.rest", outlined.rest_levels)
        told[modality] = {"levels": len(outlined.rest_levels), "clips": []}
        for number, clip in enumerate(outlined.clips):
            name, kept = f"{modality}.{number}", clip.compressed
            tensors[f"{name}.places"] = clip.places
            tensors |= {f"{name}.{field}": getattr(kept, field) for field in _TENSORS}
            if kept.boxes is not None:
                tensors[f"{name}.boxes"] = kept.boxes
            _put_levels(tensors, name, clip.levels)
            told[modality]["clips"].append({"sample": clip.sample, "grid": kept.grid, "stats": kept.stats})
    whole = {name: tensor.contiguous() for name, tensor in tensors.items()}
    data: bytes = save(whole, {"told": json.dumps(told)})
    return data


def unpacked(data: bytes, device: torch.device) -> Outlines | None:
    """The outlines that the bytes were made of, on a device; None where they are of another layout."""
    try:
        tensors = {name: tensor.to(device) for name, tensor in load(data).items()}
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
        told = json.loads(header["__metadata__"]["told"])
        modalities = {
            cast(Modality, modality): _modality(tensors, modality, described)
            for modality, described in told.items()
        }
    except (SafetensorError, ValueError, KeyError, TypeError):
        return None
    return Outlines(modalities, 0.0, 0.0)


def _modality(tensors: dict[str, Tensor], modality: str, told: dict[str, Any]) -> Outlined:
    clips = []
    for number, clip in enumerate(told["clips"]):
        name = f"{modality}.{number}"
        kept = Compressed(
            **{field: tensors[f"{name}.{field}"] for field in _TENSORS},
            grid=tuple(clip["grid"]),
            boxes=tensors.get(f"{name}.boxes"),
            stats=clip["stats"],
        )
        levels = _levels(tensors, name, told["levels"])
        clips.append(OutlinedClip(tensors[f"{name}.places"], clip["sample"], kept, levels))
    rest = f"{modality}.rest"
    features = tensors[f"{modality}.rest_features"]
    return Outlined(tuple(clips), tensors[rest], features, _levels(tensors, rest, told["levels"]))


def _put_levels(tensors: dict[str, Tensor], name: str, levels: tuple[Tensor, ...]) -> None:
    tensors |= {f"{name}.level.{number}": level for number, level in enumerate(levels)}


def _levels(tensors: dict[str, Tensor], name: str, count: int) -> tuple[Tensor, ...]:
    return tuple(tensors[f"{name}.level.{number}"] for number in range(count))
