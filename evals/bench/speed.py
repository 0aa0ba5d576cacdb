"""What each compressor costs on a CPU, as ratios to two plain operations on the same tokens in the same run."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from rewatch.tools.compress import METHODS, TokenBudget, compress

FRAMES, SIDE, WIDTH = 32, 14, 896
THREADS = 2
LIMITS = {"evs": ("adjacent", 3.0), "dtd": ("adjacent", 3.0), "scissor": ("gram", 4.0)}
"""What a method is compared with, and how many times as long it may take; two Gram products where not named."""


@dataclass(frozen=True, slots=True)
class Speed:
    """One method at one ratio."""

    method: str
    ratio: float
    seconds: float
    reference: str
    """adjacent: one pass of adjacent cosines. gram: one Gram product of all tokens."""
    times_reference: float
    limit: float


def speeds(rounds: int, ratios: tuple[float, ...]) -> list[Speed]:
    """Time every method, in turns with what it is compared with; the best of the rounds counts."""
    torch.set_num_threads(THREADS)
    tokens = drifting_tokens(FRAMES, SIDE * SIDE, WIDTH)
    attention = torch.rand(tokens.shape[:2], generator=torch.Generator().manual_seed(1))
    flat = tokens.reshape(-1, WIDTH)
    references: dict[str, Callable[[], object]] = {
        "adjacent": lambda: _adjacent(tokens),
        "gram": lambda: flat @ flat.T,
    }
    best: dict[tuple[str, float], float] = {}
    for _ in range(rounds):
        for name, task in references.items():
            best[name, 0.0] = min(best.get((name, 0.0), float("inf")), _seconds(task))
        for name in METHODS:
            for ratio in ratios:
                took = _seconds(lambda name=name, ratio=ratio: _run(tokens, attention, name, ratio))  # type: ignore[misc]
                best[name, ratio] = min(best.get((name, ratio), float("inf")), took)
    results = []
    for name in METHODS:
        reference, limit = LIMITS.get(name, ("gram", 2.0))
        for ratio in ratios:
            times = best[name, ratio] / best[reference, 0.0]
            results.append(Speed(name, ratio, best[name, ratio], reference, times, limit))
    return results


def drifting_tokens(frames: int, places: int, width: int) -> Tensor:
    """Four scenes of tokens that drift from frame to frame, some places more than others."""
    generator = torch.Generator().manual_seed(0)
    scenes = torch.randn(4, places, width, generator=generator)
    drift = torch.randn(frames, places, width, generator=generator)
    strength = 0.1 + 0.6 * torch.rand(places, 1, generator=generator)
    return scenes[torch.arange(frames) * 4 // frames] + strength * drift


def _run(tokens: Tensor, attention: Tensor, name: str, ratio: float) -> object:
    grid = (FRAMES, SIDE, SIDE)
    return compress(tokens, grid, method=name, budget=TokenBudget(ratio=ratio), attention=attention)


def _adjacent(tokens: Tensor) -> Tensor:
    norms: Tensor = torch.linalg.vector_norm(tokens, dim=-1)
    dots: Tensor = torch.einsum("tnd,tnd->tn", tokens[1:], tokens[:-1])
    return dots / (norms[1:] * norms[:-1])


def _seconds(task: Callable[[], object]) -> float:
    started = time.perf_counter()
    task()
    return time.perf_counter() - started
