"""Highlight detection as QVHighlights scores it: average precision and HIT@1 of saliency, clip by clip.

Source: Lei et al., "QVHighlights", NeurIPS 2021, with moment_detr's `standalone_eval`. A video is cut into clips of two
seconds; three annotators rate the relevant ones 0 to 4, all others count 0. For each least rating (Fair 2, Good 3,
VeryGood 4) clips at or above it are positive.
"""

from collections import defaultdict
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
    queries = [name for name in predicted if name in truth] + [
        name for name in truth if name not in predicted
    ]
    found = _scored([(truth[query].table(), predicted.get(query, ())) for query in queries])
    scores: dict[str, dict[str, float]] = {}
    for at, name in enumerate(LEAST_RATINGS):
        positive, precisions, hits = found.positive[:, at], found.precisions[:, at], found.hits[:, at]
        kept = np.full_like(positive, True) if official else positive
        scores[f"HL-min-{name}"] = {
            "HL-mAP": _percent(precisions[kept], official),
            "HL-Hit1": _percent(hits[kept.any(axis=1)], official),
        }
    return scores


def average_precision(positive: NDArray[np.bool_], scores: NDArray[np.float64]) -> float:
    """Interpolated average precision of scored clips: the mean, over the recalled positives' steps, of the best
    precision at that recall or a higher one. No positive gives 0, nothing but positives 1.

    Args:
        positive: bool `[clips]`.
        scores: float64 `[any]`; padded with zeros or cut to the clips.
    """
    return float(_average_precisions(positive[None, None], _fitted(scores, len(positive))[None])[0, 0])


@dataclass(frozen=True, slots=True)
class _Found:
    """Of each query, at each least rating."""

    positive: NDArray[np.bool_]
    """`[queries, ratings, annotators]`: whether the annotator rates any clip that high."""
    precisions: NDArray[np.float64]
    """Average precision, likewise."""
    hits: NDArray[np.float64]
    """`[queries, ratings]`: whether the clip scored highest is positive for any annotator."""


def _scored(queries: Sequence[tuple[NDArray[np.float64], Sequence[float]]]) -> _Found:
    """Score queries; those with as many clips are taken together."""
    shape = len(queries), len(LEAST_RATINGS), _ANNOTATORS
    found = _Found(np.zeros(shape, bool), np.zeros(shape), np.zeros(shape[:2]))
    groups: dict[int, list[int]] = defaultdict(list)
    for at, (table, _) in enumerate(queries):
        groups[len(table)].append(at)
    for clips, members in groups.items():
        tables = np.array([queries[at][0].T for at in members])
        positive = tables[:, None] >= np.array(list(LEAST_RATINGS.values()))[:, None, None]
        given = [np.asarray(queries[at][1], np.float64) for at in members]
        rows = positive.reshape(len(members), -1, clips)
        precisions = _average_precisions(rows, np.array([_fitted(scores, clips) for scores in given]))
        found.precisions[members] = precisions.reshape(positive.shape[:3])
        found.positive[members] = positive.any(axis=3)
        rated_by_any: NDArray[np.bool_] = np.any(positive, axis=2)
        for at, rated, scores in zip(members, rated_by_any, given, strict=True):
            top = int(scores.argmax()) if len(scores) else clips
            found.hits[at] = rated[:, top] if top < clips else 0.0
    return found


def _fitted(scores: NDArray[np.float64], num_clips: int) -> NDArray[np.float64]:
    """A score for each clip: padded with zeros, or cut."""
    given = np.zeros(num_clips)
    given[: len(scores)] = scores[:num_clips]
    return given


def _average_precisions(positive: NDArray[np.bool_], scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Average precision `[queries, rows]` of bool `[queries, rows, clips]` by scores `[queries, clips]`.

    Clips of one score are taken together: precision and recall are those after the last of them.
    """
    order = scores.argsort(axis=1, kind="stable")[:, ::-1]
    ranked = np.take_along_axis(scores, order, axis=1)
    last = np.ones(ranked.shape, bool)
    last[:, :-1] = ranked[:, 1:] != ranked[:, :-1]
    found = np.take_along_axis(positive, order[:, None], axis=2).cumsum(axis=2) * last[:, None]
    before = np.zeros_like(found)
    before[:, :, 1:] = np.maximum.accumulate(found, axis=2)[:, :, :-1]
    precision = found / np.arange(1, ranked.shape[1] + 1)
    best = np.maximum.accumulate(precision[:, :, ::-1], axis=2)
    recalled = (found > before)[:, :, ::-1]
    values, counts = best[recalled], recalled.sum(axis=2).ravel()
    first = counts.cumsum() - counts
    precisions: NDArray[np.float64] = np.zeros(len(counts))
    for count in np.unique(
        counts[counts > 0]
    ):  # rows of one length: summed as each would be alone, digit for digit
        rows = np.flatnonzero(counts == count)
        precisions[rows] = values[first[rows, None] + np.arange(count)].sum(axis=1) / count
    precisions = precisions.reshape(positive.shape[:2])
    precisions[positive.all(axis=2)] = 1.0
    return precisions


def _percent(values: NDArray[np.float64], official: bool) -> float:
    value = 100 * float(np.mean(values)) if values.size else 0.0
    return float(f"{value:.2f}") if official else value
