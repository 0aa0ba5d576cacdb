"""Structural similarity of images, and LV-Haystack's visual scores made of it.

Source: Wang et al., "Image Quality Assessment", IEEE TIP 2004, with the constants that LV-Haystack uses: a Gaussian
window of 11 by 11, sigma 1.5, zero padding, C1 = 1e-4 and C2 = 9e-4 on RGB in [0, 1].

The published code hands channels-last images to a function that takes channels first: it slides the window over
columns and colours of each row, which raises every score. "official" repeats that, "corrected" puts the channels where
they belong.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rewatch.evals.metrics import Convention
from rewatch.evals.metrics.keyframes import Empty, PrfOverSamples, f1_of

_WINDOW = 11
_SIGMA = 1.5
_C1 = 1e-4
_C2 = 9e-4

Image = NDArray[np.uint8]
"""uint8 `[height, width, 3]`, RGB."""


@dataclass(frozen=True, slots=True)
class _Measured:
    """An image with its local mean and variance, so that each is computed once."""

    planes: NDArray[np.float64]
    mean: NDArray[np.float64]
    variance: NDArray[np.float64]


def ssim(one: Image, other: Image, *, convention: Convention = "corrected") -> float:
    """Structural similarity of two images of one size: 1 when they are the same.

    Args:
        one: uint8 `[height, width, 3]`, RGB.
        other: Likewise, of the same size.
        convention: "official" takes the rows for channels, as the published code does.

    Raises:
        ValueError: The sizes differ, or an image is not RGB.
    """
    return _similarity(_measure(one, convention), _measure(other, convention))


def visual_precision_recall(
    truth: Sequence[Image], predicted: Sequence[Image], *, convention: Convention = "corrected"
) -> tuple[float, float] | None:
    """Precision and recall of the pictures of one sample.

    Precision is the mean over predictions of the best similarity with any key frame, recall the reverse.

    Returns:
        The two; None when either side is empty.
    """
    if not truth or not predicted:
        return None
    keys = [_measure(image, convention) for image in truth]
    found = [_measure(image, convention) for image in predicted]
    table = np.array([[_similarity(p, k) for k in keys] for p in found])
    return float(table.max(axis=1).mean()), float(table.max(axis=0).mean())


def mean_visual_prf(
    samples: Iterable[tuple[Sequence[Image], Sequence[Image]]],
    *,
    empty: Empty = "zero",
    convention: Convention = "corrected",
) -> PrfOverSamples:
    """Visual scores of many samples; F1 is the harmonic mean of the two data-set means.

    Args:
        samples: Pictures of the key frames and of the returned frames of each, all of one size.
        empty: What a sample counts that lacks either.
        convention: Where the channels are taken to be.
    """
    scores: list[tuple[float, float]] = []
    num_skipped, returned = 0, []
    for truth, predicted in samples:
        returned.append(len(predicted))
        score = visual_precision_recall(truth, predicted, convention=convention)
        num_skipped += score is None
        if score is not None or empty == "zero":
            scores.append(score or (0.0, 0.0))
    precision, recall = (float(np.mean([s[at] for s in scores])) if scores else 0.0 for at in range(2))
    frames = float(np.mean(returned)) if returned else 0.0
    return PrfOverSamples(precision, recall, f1_of(precision, recall), len(scores), num_skipped, frames)


def _measure(image: Image, convention: Convention) -> _Measured:
    if image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(f"an image of shape {image.shape} is not [height, width, 3]")
    planes = image.astype(np.float64) / 255
    if convention == "corrected":
        planes = np.moveaxis(planes, 2, 0)
    mean = _smoothed(planes)
    return _Measured(planes, mean, _smoothed(planes * planes) - mean * mean)


def _similarity(one: _Measured, other: _Measured) -> float:
    if one.planes.shape != other.planes.shape:
        raise ValueError(f"images of {one.planes.shape} and {other.planes.shape} values; scale one")
    product = one.mean * other.mean
    covariance = _smoothed(one.planes * other.planes) - product
    structure = (2 * product + _C1) * (2 * covariance + _C2)
    scale = (one.mean**2 + other.mean**2 + _C1) * (one.variance + other.variance + _C2)
    return float((structure / scale).mean())


def _smoothed(planes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Convolve the last two axes with the window, zeros outside the image; the window is separable."""
    weights = np.exp(-((np.arange(_WINDOW) - _WINDOW // 2) ** 2) / (2 * _SIGMA**2))
    weights /= weights.sum()
    for axis in (-2, -1):
        margin = [(0, 0)] * planes.ndim
        margin[axis] = (_WINDOW // 2, _WINDOW // 2)
        padded = np.pad(planes, margin)
        size = planes.shape[axis]
        planes = sum(
            weight * np.take(padded, range(offset, offset + size), axis=axis)
            for offset, weight in enumerate(weights)
        )
    return planes
