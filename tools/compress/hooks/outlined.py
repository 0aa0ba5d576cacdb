"""Pictures encoded, and compressed as far as that goes before the question is known; then narrowed for the question.

Owns the two steps and what is passed between them, which a memory may keep. Encoding is the hooks' work, choosing
tokens the methods'.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import torch
from torch import Tensor

from rewatch.memory.errors import InputError
from rewatch.tools.compress.budget import TokenBudget
from rewatch.tools.compress.clip import State
from rewatch.tools.compress.compressed import Compressed
from rewatch.tools.compress.hooks.hook import Encoded, Part
from rewatch.tools.compress.interface import compress
from rewatch.tools.compress.method import Method

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Question:
    """What is known beside the pictures. Pictures are those of one sample: its images, or the frames of its video."""

    frame_weights: Tensor | None = None
    """`[P]`, 0 or more: relevance of each picture to the question."""
    shots: tuple[int, ...] | None = None
    """The shot of each picture, where shots are known."""
    state: State | None = None
    """What the method remembers from call to call."""
    generator: torch.Generator | None = None


@dataclass(frozen=True, slots=True)
class OutlinedClip:
    """A clip before the question is known."""

    places: Tensor
    """int64 `[T*H*W]`: which of the modality's features its tokens are."""
    sample: int
    """The sample of the batch that it belongs to."""
    compressed: Compressed
    """What the first step kept, K rows."""
    levels: tuple[Tensor, ...]
    """Further features of the rows `[K, D]` (DeepStack)."""


@dataclass(frozen=True, slots=True)
class Outlined:
    """All pictures of one modality before the question is known."""

    clips: tuple[OutlinedClip, ...]
    rest: Tensor
    """int64 `[R]`: features that belong to no clip (line ends) and always stay."""
    rest_features: Tensor
    """`[R, D]`."""
    rest_levels: tuple[Tensor, ...]

    @property
    def total(self) -> int:
        """Features of the modality."""
        return int(self.rest.shape[0]) + sum(int(clip.places.shape[0]) for clip in self.clips)


@dataclass(frozen=True, slots=True)
class Kept:
    """One modality after compression."""

    features: Tensor
    """`[K, D]`."""
    levels: tuple[Tensor, ...]
    keep: Tensor
    """bool `[P]`: which placeholders stay."""
    clips: tuple[Compressed, ...]


def outline(
    encoded: Encoded, sample: Tensor, method: Method, budget: TokenBudget, question: Question
) -> Outlined:
    """Do what can be done before the question is known; of a question, its shots and generator are used.

    Args:
        encoded: The pictures of one modality.
        sample: int64 `[P]`: the sample of the batch that each feature belongs to.
        method: How to compress.
        budget: Tokens that each sample may keep; its clips share it by their size.
        question: What else is known.
    """
    clips, rest = joined(encoded.parts, sample), torch.ones(encoded.features.shape[0], dtype=torch.bool)
    samples = [int(sample[clip.places[0]]) for clip in clips]
    sizes = [clip.places.shape[0] for clip in clips]
    made = []
    for clip, number in zip(clips, samples, strict=True):
        of_sample = sum(size for size, other in zip(sizes, samples, strict=True) if other == number)
        share = _share(budget, clip.places.shape[0], of_sample)
        result = _begun(encoded, clip, method, share, question)
        levels = tuple(result.apply(level[clip.places]) for level in encoded.levels)
        made.append(OutlinedClip(clip.places, number, result, levels))
        rest[clip.places.cpu()] = False
    places = torch.nonzero(rest).squeeze(1).to(encoded.features.device)
    return Outlined(
        tuple(made), places, encoded.features[places], tuple(level[places] for level in encoded.levels)
    )


def narrow(outlined: Outlined, method: Method, budget: TokenBudget, question: Question) -> Kept:
    """Finish for the question at hand, within the budget that the outline was made for."""
    places, features = [outlined.rest], [outlined.rest_features]
    levels = [[level] for level in outlined.rest_levels]
    made = []
    for clip in outlined.clips:
        of_sample = sum(other.places.shape[0] for other in outlined.clips if other.sample == clip.sample)
        result, apply = _finished(clip, method, _share(budget, clip.places.shape[0], of_sample), question)
        places.append(clip.places[result.index])
        features.append(result.tokens)
        for level, rows in zip(levels, clip.levels, strict=True):
            level.append(apply(rows))
        made.append(result)
    every = torch.cat(places)
    order = torch.argsort(every)
    keep = torch.zeros(outlined.total, dtype=torch.bool, device=every.device)
    keep[every] = True
    return Kept(
        torch.cat(features)[order], tuple(torch.cat(level)[order] for level in levels), keep, tuple(made)
    )


def _begun(
    encoded: Encoded, clip: Part, method: Method, budget: TokenBudget, question: Question
) -> Compressed:
    frames, height, width = clip.grid
    total = frames * height * width
    state = None if method.uses_question else question.state
    method = _with_shots(method, question, frames)
    limit = budget.limit(total)
    if limit is not None and method.uses_question and budget.min_per_frame:
        budget = TokenBudget(ratio=1.0)
    elif limit:
        method, most = method.before_question(limit, total)
        budget = TokenBudget(tokens=most, min_per_frame=budget.min_per_frame)
    return compress(
        encoded.features[clip.places].view(frames, height * width, -1),
        clip.grid,
        method=method,
        budget=budget,
        attention=None if encoded.attention is None else encoded.attention[clip.places].view(frames, -1),
        state=state,
        generator=question.generator,
    )


def _finished(
    clip: OutlinedClip, method: Method, budget: TokenBudget, question: Question
) -> tuple[Compressed, Callable[[Tensor], Tensor]]:
    """What is kept of a clip, and how further features of its rows get there."""
    outlined = clip.compressed
    if not method.uses_question:
        return outlined, lambda rows: rows
    frames, total = outlined.grid[0], clip.places.shape[0]
    weights = None
    if question.frame_weights is not None:
        of_frames = _of_frames(question.frame_weights.tolist(), frames)
        weights = None if of_frames is None else torch.tensor(of_frames, device=outlined.tokens.device)
    if outlined.index.shape[0] == total:
        result = compress(
            outlined.tokens.view(frames, total // frames, -1),
            outlined.grid,
            method=_with_shots(method, question, frames),
            budget=budget,
            frame_weights=weights,
            state=question.state,
            generator=question.generator,
        )
        return result, result.apply
    limit = budget.limit(total)
    if limit is None:
        return outlined, lambda rows: rows
    result, grouping = method.narrow(outlined, limit, weights, question.state)
    return result, grouping.apply if grouping else lambda rows: rows


def _with_shots(method: Method, question: Question, frames: int) -> Method:
    shots = None if question.shots is None else _of_frames(question.shots, frames)
    return method if shots is None else method.with_shots(shots)


def _of_frames(values: Sequence[T], frames: int) -> list[T] | None:
    """Values of pictures as values of the frames of a clip: each picture may be several frames (its tiles).

    Returns:
        One value a frame; None for the tiles of a single picture.

    Raises:
        InputError: The pictures are not those of the clip.
    """
    if values and frames % len(values) == 0:
        return [value for value in values for _ in range(frames // len(values))]
    if frames == 1:
        return None
    raise InputError(f"{len(values)} pictures are told of and a clip has {frames} frames; tell one of each")


def _share(budget: TokenBudget, size: int, total: int) -> TokenBudget:
    """The part of a sample's tokens that goes to one of its clips; ratios and thresholds hold for each."""
    if budget.tokens is None or total <= budget.tokens:
        return budget
    return replace(budget, tokens=max(budget.tokens * size // total, 1))


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
