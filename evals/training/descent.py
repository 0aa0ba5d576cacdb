"""How networks learn: AdamW, its rate rising at first and then falling to the end."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

_DECAY, _LONGEST_STEP = 0.01, 1.0
_TOLD = 20
"""Steps between two lines that tell the loss."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast something learns."""

    rate: float
    """Once it has risen, before it falls."""
    warm_up: int
    """Steps in which it rises."""
    lowest: float
    """Share of the rate at which it stops falling."""

    def share(self, step: int, num_steps: int) -> float:
        """What of the rate is used in a step."""
        return min((step + 1) / self.warm_up, 1) * max(self.lowest, 1 - step / num_steps)


def descend(learnt: Sequence[Tensor], losses: Iterable[Tensor], num_steps: int, pace: Pace) -> None:
    """Step down each loss in turn, telling how it goes.

    Args:
        learnt: What changes.
        losses: One a step; the next is computed once the step has been made.
        num_steps: How many there will be.
        pace: How fast.
    """
    optimiser = torch.optim.AdamW(learnt, lr=pace.rate, weight_decay=_DECAY)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: pace.share(step, num_steps))
    seen: list[float] = []
    for loss in losses:
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(learnt, _LONGEST_STEP)
        optimiser.step()
        schedule.step()
        seen.append(loss.item())
        if len(seen) % _TOLD == 0:
            print(f"step {len(seen)} of {num_steps}: loss {np.mean(seen[-_TOLD:]):.3f}", flush=True)
