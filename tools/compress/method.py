"""The contract of a compression method: a frozen dataclass of its parameters that drafts a selection."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from rewatch.memory.errors import SettingError
from rewatch.tools.compress.clip import Clip, State
from rewatch.tools.compress.compressed import Compressed, Draft
from rewatch.tools.compress.grouping import Grouping


class Method(ABC):
    """One compression method. Sub-classes are frozen dataclasses whose fields are the paper's parameters."""

    name: ClassVar[str]
    uses_question: ClassVar[bool] = False
    """Whether the result depends on the question; otherwise it can be kept and used for every question."""

    @property
    def wants_attention(self) -> bool:
        """Whether it ranks tokens by the attention they drew; without it, by the cosine with their frame's mean."""
        return False

    @abstractmethod
    def draft(self, clip: Clip, limit: int) -> Draft:
        """Propose about `limit` rows; what is above is cut by their scores afterwards."""

    def draft_at(self, clip: Clip, threshold: float) -> Draft:
        """Propose what the method keeps at a threshold of its own.

        Raises:
            SettingError: The method has no threshold.
        """
        raise SettingError(
            f"a threshold of {threshold} for {self.name}, which has none; give the budget as tokens or ratio"
        )

    def with_shots(self, shots: Sequence[int]) -> "Method":
        """The method, told the shot of each frame; the same where it has no use for it."""
        return self

    def before_question(self, limit: int, total: int) -> tuple["Method", int]:
        """What can be done before the question is known, and how many of all tokens that keeps.

        All of it where the method does not use the question, and nothing where it does, unless it says otherwise.
        """
        return self, total if self.uses_question else limit

    def narrow(
        self, outlined: Compressed, limit: int, frame_weights: Tensor | None, state: State | None
    ) -> tuple[Compressed, Grouping | None]:
        """Finish for a question what `before_question` began.

        Args:
            outlined: What it kept.
            limit: Tokens that may be kept.
            frame_weights: `[T]`, 0 or more: relevance of each frame to the question.
            state: What the method remembers.

        Returns:
            What is kept, and how the outline's rows were merged to it; None where nothing was left to do.
        """
        return outlined, None

    def remember(self, clip: Clip, compressed: Compressed) -> None:  # noqa: B027 - most methods remember nothing
        """Put into `clip.state` what the next call on the same video needs."""


class ScoredMethod(Method):
    """A method that keeps the tokens with the highest scores, unchanged."""

    @abstractmethod
    def scores(self, clip: Clip) -> Tensor:
        """Score every token `[T, N]`; equal scores are decided by position."""

    def draft(self, clip: Clip, limit: int) -> Draft:
        del limit
        return whole(self.scores(clip))


def whole(scores: Tensor, **notes: Any) -> Draft:
    """A draft of all tokens with their scores `[T, N]`."""
    flat = scores.reshape(-1)
    return Draft(torch.arange(flat.shape[0], device=flat.device), flat, None, notes)
