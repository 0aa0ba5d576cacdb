"""Highlight detection as QVHighlights scores it: average precision and HIT@1 of saliency, clip by clip.

Source: Lei et al., "QVHighlights", NeurIPS 2021, with moment_detr's `standalone_eval`. A video is cut into clips of two
seconds; three annotators rate the relevant ones 0 to 4, all others count 0. For each least rating (Fair 2, Good 3,
VeryGood 4) clips at or above it are positive.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rewatch.evals.metrics import Convention

CLIP_SECONDS = 2
LEAST_RATINGS = {"Fair": 2, "Good": 3, "VeryGood": 4}
_ANNOTATORS = 3


@dataclass(frozen=True, slots=True)
class Saliency:
    """The annotation of one query."""

    duration_seconds: float
    clip_ids: tuple[int, ...]
    ratings: tuple[tuple[int, ...], ...]
    """One triple, 0 to 4, for each of the clips."""

    def table(self) -> NDArray[np.float64]:
        """Ratings of every clip of the video.

        Returns:
            float64 `[clips, 3]`.

        Raises:
            ValueError: A clip lies past the end of the video.
        """
        num_clips = int(self.duration_seconds / CLIP_SECONDS)
        if self.clip_ids and max(self.clip_ids) >= num_clips:
            raise ValueError(f"clip {max(self.clip_ids)} is past the last of {num_clips} clips")
        table = np.zeros((num_clips, _ANNOTATORS))
        if self.clip_ids:
            table[list(self.clip_ids)] = self.ratings
        return table


def highlights(
    truth: Mapping[Any, Saliency],
    predicted: Mapping[Any, Sequence[float]],
    *,
    convention: Convention = "corrected",
) -> dict[str, dict[str, float]]:
    """Mean average precision and HIT@1 at each least rating.

    Args:
        truth: The annotation of each query.
        predicted: A score for each clip of each query; missing clips score 0, surplus ones are cut off.
        convention: "official" repeats the script: an annotator who rates no clip that high gives every method an
            average precision of 0, so that 100 % cannot be reached, and results are rounded to two digits.
            "corrected" leaves such annotators out, and from HIT@1 the queries without any positive clip.

    Returns:
        For "HL-min-Fair", "HL-min-Good" and "HL-min-VeryGood": "HL-mAP" and "HL-Hit1" in percent.
    """
    official = convention == "official"
    least = np.array(list(LEAST_RATINGS.values()))[:, None, None]
    precisions: list[list[float]] = [[] for _ in LEAST_RATINGS]
    hits: list[list[float]] = [[] for _ in LEAST_RATINGS]
    for query in [name for name in predicted if name in truth] + [n for n in truth if n not in predicted]:
        positive = truth[query].table()[None] >= least
        given = np.asarray(predicted.get(query, ()), np.float64)
        top, ranking = (
            int(given.argmax()) if len(given) else positive.shape[1],
            _Ranking(given, positive.shape[1]),
        )
        for at, rated in enumerate(positive):
            if official or rated.any():
                hits[at].append(float(top < len(rated) and rated[top].any()))
            precisions[at] += [
                ranking.average_precision(rated[:, annotator])
                for annotator in range(_ANNOTATORS)
                if official or rated[:, annotator].any()
            ]
    return {
        f"HL-min-{name}": {
            "HL-mAP": _percent(precisions[at], official),
            "HL-Hit1": _percent(hits[at], official),
        }
        for at, name in enumerate(LEAST_RATINGS)
    }


def average_precision(positive: NDArray[np.bool_], scores: NDArray[np.float64]) -> float:
    """Interpolated average precision of scored clips: the mean, over the recalled positives' steps, of the best
    precision at that recall or a higher one. No positive gives 0, nothing but positives 1.

    Args:
        positive: bool `[clips]`.
        scores: float64 `[any]`; padded with zeros or cut to the clips.
    """
    return _Ranking(scores, len(positive)).average_precision(positive)


class _Ranking:
    """Clips by falling score; those of one score are taken together."""

    def __init__(self, scores: NDArray[np.float64], num_clips: int) -> None:
        given = np.zeros(num_clips)
        given[: len(scores)] = scores[:num_clips]
        self._order = given.argsort(kind="stable")[::-1]
        ranked = given[self._order]
        self._last_of_score = np.append(np.flatnonzero(ranked[1:] != ranked[:-1]), num_clips - 1)

    def average_precision(self, positive: NDArray[np.bool_]) -> float:
        """See `average_precision`."""
        total = int(np.count_nonzero(positive))
        if total in (0, len(positive)):
            return float(total > 0)
        found = positive[self._order].cumsum()[self._last_of_score]
        precision = found / (self._last_of_score + 1)
        best = np.maximum.accumulate(precision[::-1])
        recalled = (found[1:] != found[:-1])[::-1]
        kept = best[np.append(recalled, found[0] > 0)]
        return float(np.add.reduce(kept) / len(kept))


def _percent(values: Sequence[float], official: bool) -> float:
    value = 100 * float(np.mean(values)) if values else 0.0
    return float(f"{value:.2f}") if official else value
