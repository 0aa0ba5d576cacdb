"""From a processor's inputs to what `generate` is called with: encode, compress, cut the sequence.

Positions are those of the whole sequence, so that a kept token stands where it stood, and text keeps its distance.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from rewatch.memory.errors import InputError
from rewatch.tools.compress.budget import TokenBudget
from rewatch.tools.compress.clip import State
from rewatch.tools.compress.compressed import Compressed
from rewatch.tools.compress.hooks.hook import Encoded, Hook, Modality, Part
from rewatch.tools.compress.interface import compress
from rewatch.tools.compress.method import Method
from rewatch.tools.compress.methods import find_method


@dataclass(frozen=True, slots=True)
class Question:
    """What is known beside the pictures."""

    frame_weights: Tensor | None = None
    """`[T]`: relevance of each frame, where all pictures are frames of one clip."""
    state: State | None = None
    generator: torch.Generator | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """One modality after compression."""

    features: Tensor
    """`[K, D]`."""
    levels: tuple[Tensor, ...]
    keep: Tensor
    """bool `[P]`: which placeholders stay."""


@dataclass(frozen=True, slots=True)
class Pictures:
    """All pictures of a batch after compression: what a later question about the same ones can use again."""

    outputs: dict[str, Any]
    """Output object of each modality, with the features that were kept."""
    keep: dict[Modality, Tensor]
    """bool `[P]` of each modality: which placeholders stay."""
    clips: tuple[Compressed, ...]
    before: int
    """Visual tokens in."""
    after: int
    """Visual tokens out."""
    vision_seconds: float
    compress_seconds: float


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the language model is given instead of the pictures."""

    inputs: dict[str, Any]
    """Arguments of the model's `forward` and `generate`: ids, mask, positions and the encoded features."""
    keep: Tensor
    """bool `[B, L]`: which tokens of the original sequence stay."""
    pictures: Pictures


def compress_pictures(
    hook: Hook,
    model: Any,
    inputs: Mapping[str, Any],
    method: str | Method,
    budget: TokenBudget,
    question: Question | None = None,
) -> Pictures:
    """Encode and compress the pictures of a batch.

    Args:
        hook: The hook of the model's family.
        model: The model, in evaluation mode.
        inputs: What its processor made, on the model's device, padded on the left.
        method: How to compress.
        budget: Tokens that each sample of the batch may keep; its clips share it by their size.
        question: What else is known.

    Raises:
        InputError: The inputs are not what the processor makes, or hold no pictures.
    """
    chosen, ids = find_method(method), inputs["input_ids"]
    outputs: dict[str, Any] = {}
    keep: dict[Modality, Tensor] = {}
    clips: list[Compressed] = []
    before, vision_seconds, compress_seconds = 0, 0.0, 0.0
    for modality, pixels in hook.modalities.items():
        if inputs.get(pixels) is None:
            continue
        started = _now(ids)
        encoded = hook.encode(model, inputs, modality, chosen.wants_attention)
        encoded_at = _now(ids)
        placeholders = ids == hook.token_id(model, modality)
        if int(placeholders.sum()) != encoded.features.shape[0]:
            raise InputError(
                f"{int(placeholders.sum())} {modality} placeholders for {encoded.features.shape[0]} features; "
                "give the inputs as the model's own processor makes them"
            )
        sample = torch.nonzero(placeholders)[:, 0]
        kept, made = _compressed(encoded, sample, chosen, budget, question or Question())
        outputs[modality] = hook.replaced(encoded.output, kept.features, kept.levels)
        keep[modality] = kept.keep
        clips += made
        before += encoded.features.shape[0]
        vision_seconds += encoded_at - started
        compress_seconds += _now(ids) - encoded_at
    if not outputs:
        raise InputError("no pictures to compress; give the processor images or videos")
    after = sum(int(mask.sum()) for mask in keep.values())
    return Pictures(outputs, keep, tuple(clips), before, after, vision_seconds, compress_seconds)


def with_text(hook: Hook, model: Any, inputs: Mapping[str, Any], pictures: Pictures) -> Prepared:
    """Cut the sequence to the pictures' kept tokens, at their original positions."""
    ids = inputs["input_ids"]
    keep = torch.ones_like(ids, dtype=torch.bool)
    for modality, kept in pictures.keep.items():
        keep[ids == hook.token_id(model, modality)] = kept
    shortened = _shortened(inputs, hook.positions(model, inputs), keep)
    shortened["mm_encoder_outputs"] = dict(pictures.outputs)
    return Prepared(shortened, keep, pictures)


def _now(ids: Tensor) -> float:
    if ids.is_cuda:
        torch.cuda.synchronize(ids.device)
    return time.perf_counter()


def _compressed(
    encoded: Encoded, sample: Tensor, method: Method, budget: TokenBudget, question: Question
) -> tuple[Kept, list[Compressed]]:
    """Compress every clip of one modality."""
    features, levels = encoded.features.clone(), [level.clone() for level in encoded.levels]
    keep = torch.ones(features.shape[0], dtype=torch.bool, device=features.device)
    clips = joined(encoded.parts, sample)
    sizes = torch.zeros(int(sample.max()) + 1, dtype=torch.int64)
    for clip in clips:
        sizes[sample[clip.places[0]]] += clip.places.shape[0]
    made = []
    for clip in clips:
        frames, height, width = clip.grid
        result = compress(
            encoded.features[clip.places].view(frames, height * width, -1),
            clip.grid,
            method=method,
            budget=_share(budget, clip, int(sizes[sample[clip.places[0]]])),
            attention=None if encoded.attention is None else encoded.attention[clip.places].view(frames, -1),
            frame_weights=_weights(question.frame_weights, frames, len(clips)),
            state=question.state,
            generator=question.generator,
        )
        kept = clip.places[result.index]
        features[kept] = result.tokens
        for level, original in zip(levels, encoded.levels, strict=True):
            level[kept] = result.apply(original[clip.places])
        keep[clip.places] = False
        keep[kept] = True
        made.append(result)
    return Kept(features[keep], tuple(level[keep] for level in levels), keep), made


def _weights(weights: Tensor | None, frames: int, clips: int) -> Tensor | None:
    if weights is None:
        return None
    if clips != 1 or weights.shape[0] != frames:
        raise InputError(
            f"{weights.shape[0]} frame weights for {clips} clips, one of {frames} frames; "
            "give one clip its weights"
        )
    return weights


def _share(budget: TokenBudget, clip: Part, total: int) -> TokenBudget:
    """The part of a sample's tokens that goes to one of its clips; ratios and thresholds hold for each."""
    if budget.tokens is None or total <= budget.tokens:
        return budget
    return replace(budget, tokens=max(budget.tokens * clip.places.shape[0] // total, 1))


def joined(parts: tuple[Part, ...], sample: Tensor) -> list[Part]:
    """Join neighbouring frames of one sample and one size to clips."""
    clips: list[list[Part]] = []
    for part in parts:
        last = clips[-1][-1] if clips else None
        fits = (
            last is not None
            and last.frames
            and part.frames
            and last.grid[1:] == part.grid[1:]
            and bool(sample[last.places[0]] == sample[part.places[0]])
        )
        if fits:
            clips[-1].append(part)
        else:
            clips.append([part])
    return [
        Part(
            torch.cat([part.places for part in clip]),
            (sum(part.grid[0] for part in clip), *clip[0].grid[1:]),
            clip[0].frames,
        )
        for clip in clips
    ]


def _shortened(inputs: Mapping[str, Any], positions: Tensor, keep: Tensor) -> dict[str, Any]:
    """Cut ids, mask and positions alike and pad the shorter samples on the left.

    A column of padding is added where positions are one row with gaps: `generate` drops a mask of ones, and without
    a mask transformers takes gaps for the seams of packed sequences.
    """
    ids, mask = inputs["input_ids"], inputs["attention_mask"]
    counts = keep.sum(dim=1)
    gaps = positions.dim() == 2 and not bool(keep.all())
    length = int(counts.max()) + int(gaps)
    pieces = positions if positions.dim() == 3 else positions.unsqueeze(0)
    new_ids = ids.new_full((ids.shape[0], length), 0)
    new_mask = mask.new_zeros(new_ids.shape)
    new_positions = pieces.new_zeros(pieces.shape[0], *new_ids.shape)
    column = torch.arange(length, device=ids.device)
    inside = column >= length - counts.unsqueeze(1)
    new_ids[inside], new_mask[inside] = ids[keep], mask[keep]
    new_positions[:, inside] = pieces[:, keep]
    return {
        "input_ids": new_ids,
        "attention_mask": new_mask,
        "position_ids": new_positions if positions.dim() == 3 else new_positions[0],
    }
