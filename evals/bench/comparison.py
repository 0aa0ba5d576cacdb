"""Running every method on every clip at every ratio, and a language model on what is left.

Owns what is measured together. Clips, encoders and measures are their own modules' work.
"""

import resource
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean
from typing import Any

import torch

from rewatch.evals.bench.clips import GRID_SIDE, TruthClip, synthetic_clip, video_clip
from rewatch.evals.bench.encoders import encode
from rewatch.evals.bench.information import measure, pixel_space
from rewatch.evals.bench.prefill import SHAPES, Prefill, make_model, measure_prefill
from rewatch.memory.errors import InputError
from rewatch.tools.compress import TokenBudget, compress


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run."""

    methods: tuple[str, ...]
    ratios: tuple[float, ...]
    clips: int
    seed: int
    """Of the first drawn clip; the videos' planted things are drawn from it too."""
    frames: int
    videos: tuple[Path, ...]
    encoder: str
    device: str
    shape: str
    """Of the language model; "none" leaves it out."""
    layers: int | None
    rounds: int


@dataclass(frozen=True, slots=True)
class Result:
    """One method at one ratio, averaged over the clips."""

    method: str
    ratio: float
    kept: float
    """Tokens, mean over the clips."""
    seconds: float
    vision_share: float
    """Its time as a share of the vision tower's."""
    mean_loss: float
    worst_loss: float
    object_recall: float
    scene_coverage: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything measured in one run."""

    plan: dict[str, Any]
    clip_names: list[str]
    vision_seconds: float
    results: list[Result]
    prefill: list[Prefill]
    peak_megabytes: float
    """Largest resident memory of the process."""


def compare(plan: Plan) -> Comparison:
    """Run the plan."""
    clips = [synthetic_clip(plan.seed + number, plan.frames) for number in range(plan.clips)]
    clips += [video_clip(path, plan.frames, plan.seed) for path in plan.videos]
    if not clips:
        raise InputError("nothing to compress; give videos, or at least one drawn clip with --clips")
    width = SHAPES[plan.shape if plan.shape != "none" else "0.5b"]["hidden_size"]
    encoded = [encode(clip.frames, plan.encoder, plan.device, width) for clip in clips]
    tower = mean(seconds for _, seconds in encoded)
    results = []
    for ratio in plan.ratios:
        for name in plan.methods:
            rows = [
                _judge(clip, tokens, name, ratio, plan.rounds)
                for clip, (tokens, _) in zip(clips, encoded, strict=True)
            ]
            kept, seconds, *information = (mean(column) for column in zip(*rows, strict=True))
            results.append(Result(name, ratio, kept, seconds, seconds / tower, *information))
    prefill = _prefill(plan, plan.frames * GRID_SIDE**2) if plan.shape != "none" else []
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    described = {**asdict(plan), "videos": [path.name for path in plan.videos]}
    return Comparison(described, [clip.name for clip in clips], tower, results, prefill, peak)


def _judge(clip: TruthClip, tokens: torch.Tensor, name: str, ratio: float, rounds: int) -> list[float]:
    """Tokens kept, seconds, and the measures of information."""
    space = pixel_space(clip).to(tokens.device)
    grid = (tokens.shape[0], GRID_SIDE, GRID_SIDE)
    seconds = float("inf")
    for _ in range(rounds):
        if tokens.is_cuda:
            torch.cuda.synchronize()
        started = time.perf_counter()
        found = compress(tokens, grid, method=name, budget=TokenBudget(ratio=ratio))
        if tokens.is_cuda:
            torch.cuda.synchronize()
        seconds = min(seconds, time.perf_counter() - started)
    return [found.index.shape[0], seconds, *measure(clip, found, space).as_dict().values()]


def _prefill(plan: Plan, total: int) -> list[Prefill]:
    model = make_model(plan.shape, plan.device, plan.layers)
    all_layers = SHAPES[plan.shape]["num_hidden_layers"]
    counts = [total, *(int(total * ratio) for ratio in plan.ratios)]
    measure_prefill(model, counts[-1], 1, all_layers)
    return [measure_prefill(model, count, plan.rounds, all_layers) for count in counts]
