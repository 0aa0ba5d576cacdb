"""How far a likeness stands out, so that cosines of different spaces can be compared.

A cosine of 0.3 is much in one embedding space and nothing in another. What can be compared is how far the
best items of a video lie above its usual ones, for the same query:

- the usual is the median, and the deviation is taken from the lower side (median less 16th percentile, one
  standard deviation of a normal distribution): what the query really means lies on the upper side and must
  not hide itself, so long as it fills less than half of the video;
- the best of n items lies about `sqrt(2 ln n)` deviations above the usual by luck alone (the expected maximum
  of n normal numbers, to first order); a standing is what is left above that.

The estimated probability asks how surprising that is. That luck alone brings any of n items above z deviations
has the chance `p = 1 - Phi(z) ** n`, and the odds against luck are at most `1 / (-e p ln p)` (Sellke, Bayarri and
Berger 2001, Calibration of p values for testing precise null hypotheses), times the odds beforehand. It is not
fitted on labelled footage, takes cosines for normal numbers, and is bounded by CERTAINTY: that something in the
picture goes with the query does not make the query true of it.
"""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

CERTAINTY = 0.9
"""The largest probability that likeness alone gives: alike is not the same."""
_BEFOREHAND = 0.25
"""How likely it is, before looking, that a video shows what a query names."""
_WIDER = 1.5
"""Of N items the deviation is known to about 1.5 / sqrt(N) of itself, and is taken that much larger."""
_LEAST_DEVIATION = 0.005
"""Cosines closer than this are not told apart."""


@dataclass(frozen=True, slots=True)
class Usual:
    """What cosines with a query are usual among the items of a video."""

    cosine: float
    """The median."""
    deviation: float
    """How far below it the lower items lie, as one standard deviation."""
    count: int
    """Items that differ from one another."""

    @classmethod
    def of(cls, cosines: NDArray[np.float32], count: int) -> Self:
        """Measure it.

        Args:
            cosines: float32 `[N]`, of all items or of an even sample of them, at least one.
            count: How many items differ from one another, such as the shots that frames lie in.
        """
        middle, low = np.percentile(cosines, [50, 16])
        deviation = float(middle - low) * (1 + _WIDER / math.sqrt(len(cosines)))
        return cls(float(middle), max(deviation, _LEAST_DEVIATION), max(count, 1))

    def standing(self, cosine: float) -> float:
        """Deviations above the usual, less those that the best item has by luck."""
        return (cosine - self.cosine) / self.deviation - math.sqrt(2 * math.log(self.count))

    def probability(self, cosine: float) -> float:
        """Estimated probability, up to CERTAINTY, that more than luck brings an item so near."""
        above = 0.5 * math.erfc((cosine - self.cosine) / (self.deviation * math.sqrt(2)))
        luck = -math.expm1(self.count * math.log1p(-above)) if above < 1 else 1.0
        against = -math.e * luck * math.log(luck) if 0 < luck < 1 / math.e else float(luck > 0)
        return min(1 / (1 + against * (1 - _BEFOREHAND) / _BEFOREHAND), CERTAINTY)
