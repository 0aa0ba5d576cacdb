"""From a processor's inputs to what `generate` is called with: encode, compress, cut the sequence.

Positions are those of the whole sequence, so that a kept token stands where it stood, and text keeps its distance.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from rewatch.memory.errors import InputError
from rewatch.tools.compress.budget import TokenBudget
from rewatch.tools.compress.compressed import Compressed
from rewatch.tools.compress.hooks.hook import Hook, Modality
from rewatch.tools.compress.hooks.outlined import Outlined, Question, narrow, outline
from rewatch.tools.compress.method import Method


@dataclass(frozen=True, slots=True)
class Outlines:
    """All pictures of a batch before the question is known: what a later question about the same ones uses again."""

    modalities: dict[Modality, Outlined]
    vision_seconds: float
    compress_seconds: float


@dataclass(frozen=True, slots=True)
class Pictures:
    """All pictures of a batch after compression."""

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


@torch.no_grad()
def outline_pictures(
    hook: Hook, model: Any, inputs: Mapping[str, Any], method: Method, budget: TokenBudget, question: Question
) -> Outlines:
    """Encode the pictures of a batch, and compress them as far as that goes before the question is known.

    Args:
        hook: The hook of the model's family.
        model: The model, in evaluation mode.
        inputs: What its processor made, on the model's device, padded on the left.
        method: How to compress.
        budget: Tokens that each sample of the batch may keep; its clips share it by their size.
        question: What else is known; of it only shots, generator, and the state of a method that uses no question.

    Raises:
        InputError: The inputs are not what the processor makes, or hold no pictures.
    """
    ids = inputs["input_ids"]
    made: dict[Modality, Outlined] = {}
    vision_seconds, compress_seconds = 0.0, 0.0
    for modality, pixels in hook.modalities.items():
        if inputs.get(pixels) is None:
            continue
        started = _now(ids)
        encoded = hook.encode(model, inputs, modality, method.wants_attention)
        encoded_at = _now(ids)
        placeholders = ids == hook.token_id(model, modality)
        if int(placeholders.sum()) != encoded.features.shape[0]:
            raise InputError(
                f"{int(placeholders.sum())} {modality} placeholders for {encoded.features.shape[0]} features; "
                "give the inputs as the model's own processor makes them"
            )
        sample = torch.nonzero(placeholders)[:, 0]
        made[modality] = outline(encoded, sample, method, budget, question)
        vision_seconds += encoded_at - started
        compress_seconds += _now(ids) - encoded_at
    if not made:
        raise InputError("no pictures to compress; give the processor images or videos")
    return Outlines(made, vision_seconds, compress_seconds)


@torch.no_grad()
def narrow_pictures(
    hook: Hook, outlines: Outlines, method: Method, budget: TokenBudget, question: Question
) -> Pictures:
    """Finish for a question; method and budget are those that the outlines were made for."""
    outputs: dict[str, Any] = {}
    keep: dict[Modality, Tensor] = {}
    clips: list[Compressed] = []
    started = _now(next(iter(outlines.modalities.values())).rest)
    for modality, outlined in outlines.modalities.items():
        kept = narrow(outlined, method, budget, question)
        outputs[modality] = hook.output(modality, kept.features, kept.levels)
        keep[modality] = kept.keep
        clips += kept.clips
    before = sum(outlined.total for outlined in outlines.modalities.values())
    after = sum(int(mask.sum()) for mask in keep.values())
    spent = outlines.compress_seconds + _now(next(iter(keep.values()))) - started
    return Pictures(outputs, keep, tuple(clips), before, after, outlines.vision_seconds, spent)


@torch.no_grad()
def with_text(hook: Hook, model: Any, inputs: Mapping[str, Any], pictures: Pictures) -> Prepared:
    """Cut the sequence to the pictures' kept tokens, at their original positions."""
    ids = inputs["input_ids"]
    keep = torch.ones_like(ids, dtype=torch.bool)
    for modality, kept in pictures.keep.items():
        keep[ids == hook.token_id(model, modality)] = kept
    shortened = _shortened(inputs, hook.positions(model, inputs), keep)
    shortened["mm_encoder_outputs"] = dict(pictures.outputs)
    return Prepared(shortened, keep, pictures)


def _now(on: Tensor) -> float:
    if on.is_cuda:
        torch.cuda.synchronize(on.device)
    return time.perf_counter()


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
