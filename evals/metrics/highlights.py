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
    tables = {query: saliency.table() for query, saliency in truth.items()}
    scores: dict[str, dict[str, float]] = {}
    for name, least in LEAST_RATINGS.items():
        precisions: list[float] = []
        hits: list[float] = []
        for query, table in tables.items():
            positive = table >= least
            given = np.asarray(predicted.get(query, ()), np.float64)
            if official or positive.any():
                hits.append(_hit(positive, given))
            precisions += [
                average_precision(positive[:, annotator], given)
                for annotator in range(_ANNOTATORS)
                if official or positive[:, annotator].any()
            ]
        values = {"HL-mAP": _mean(precisions), "HL-Hit1": _mean(hits)}
        scores[f"HL-min-{name}"] = {
            key: float(f"{100 * value:.2f}") if official else 100 * value for key, value in values.items()
        }
    return scores


def average_precision(positive: NDArray[np.bool_], scores: NDArray[np.float64]) -> float:
    """Interpolated average precision of scored clips: the mean, over the recalled positives' steps, of the best
    precision at that recall or a higher one. No positive gives 0, nothing but positives 1.

    Args:
        positive: bool `[clips]`.
        scores: float64 `[any]`; padded with zeros or cut to the clips.
    """
    if not positive.any() or positive.all():
        return float(positive.any())
    given = np.zeros(len(positive))
    given[: len(scores)] = scores[: len(positive)]
    order = np.argsort(given, kind="stable")[::-1]
    found = np.cumsum(positive[order])
    last_of_score = np.append(np.flatnonzero(np.diff(given[order])), len(given) - 1)
    precision = found[last_of_score] / (last_of_score + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]
    recalled = np.diff(found[last_of_score], prepend=0) > 0
    return float(best[recalled].mean())


def _hit(positive: NDArray[np.bool_], scores: NDArray[np.float64]) -> float:
    """Whether the clip scored highest is positive for any annotator; a clip past the end is not."""
    top = int(scores.argmax()) if len(scores) else len(positive)
    return float(top < len(positive) and positive[top].any())


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else 0.0
