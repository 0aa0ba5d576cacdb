"""How many tokens a compressor may keep. Free of torch, so that settings can hold it."""

import math
from dataclasses import dataclass

from rewatch.memory.errors import SettingError


@dataclass(frozen=True, slots=True)
class TokenBudget:
    """What compression may keep: exactly one of `tokens`, `ratio` and `threshold`."""

    tokens: int | None = None
    """Hard maximum of tokens, at least 1."""
    ratio: float | None = None
    """Hard maximum as a share of all tokens, above 0 and at most 1; rounded down, so a tiny grid may keep none."""
    threshold: float | None = None
    """The method's own cosine threshold, -1 to 1, without a maximum; for methods that have one."""
    min_per_frame: int = 0
    """Tokens that every frame keeps, as far as the maximum allows."""

    def __post_init__(self) -> None:
        given = [value for value in (self.tokens, self.ratio, self.threshold) if value is not None]
        if len(given) != 1:
            raise SettingError(
                f"a token budget with {len(given)} of tokens, ratio and threshold; give exactly one of them"
            )
        if self.tokens is not None and self.tokens < 1:
            raise SettingError(f"a budget of {self.tokens} tokens; give at least 1")
        if self.ratio is not None and not 0 < self.ratio <= 1:
            raise SettingError(f"a budget of {self.ratio} of the tokens; give a ratio above 0 and at most 1")
        if self.threshold is not None and not -1 <= self.threshold <= 1:
            raise SettingError(f"a cosine threshold of {self.threshold}; give one from -1 to 1")
        if self.min_per_frame < 0:
            raise SettingError(f"at least {self.min_per_frame} tokens a frame; give 0 or more")

    def limit(self, total: int) -> int | None:
        """The most tokens that may be kept of `total`; None when only a threshold decides."""
        if self.tokens is not None:
            return min(self.tokens, total)
        return math.floor(total * self.ratio) if self.ratio is not None else None
