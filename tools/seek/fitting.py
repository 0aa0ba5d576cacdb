"""Calibrating a scorer: from videos whose truth is known to the evidence model that the search uses.

Each number of the model is estimated by itself from what it describes (moments and autocovariances), so that a few
videos suffice and nothing has to converge.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rewatch.memory.errors import InputError
from rewatch.tools.seek.evidence import USUAL_WIDTHS_SECONDS, EvidenceModel, Kind, Scale, Warp
from rewatch.tools.seek.looks import VIEWS, ByView, View
from rewatch.tools.seek.timeline import Floats, Timeline

_ELSEWHERE_VARIATION = 0.2
"""So much, relative to their mean, lifts differ from the videos of the fit to those that are searched: no calibration
is exact."""
_CLEAR_SECONDS = 20.0
"""Farther than this from everything that is marked, a look sees nothing."""
_SHORTEST_SHAPE_SECONDS = 10.0
"""A moment in a shorter stretch does not show how it fades."""
_LAGS_SECONDS = np.arange(1.0, 13.0)
_FADES_SECONDS = np.geomspace(0.5, 8.0, 33)
_WIDTHS_SECONDS = np.geomspace(0.75, 12.0, 25)


@dataclass(frozen=True, slots=True)
class Labelled:
    """A video that a scorer looked at once in every cell, with what is really there."""

    timeline: Timeline
    scores: dict[View, Floats]
    """float64 `[C]` for each view that the scorer has."""
    target_seconds: tuple[float, ...]
    lookalike_seconds: tuple[float, ...] = ()
    """Moments of other things that the scorer may take for the target."""


def fit(videos: Sequence[Labelled], scale: Scale) -> EvidenceModel:
    """Estimate the evidence model of a scorer.

    Args:
        videos: Some of them with targets and some with look-alikes.
        scale: How the scorer counts.

    Raises:
        InputError: No video shows a target, or none has a part where nothing is.
    """
    if not any(video.target_seconds for video in videos):
        raise InputError("no video shows a target; a scorer cannot be calibrated without one")
    views: tuple[View, ...] = tuple(view for view in VIEWS if view in videos[0].scores)
    if not any(_clear(video).any() for video in videos):
        raise InputError("no part of the videos is clear of what is marked; add a video without a target")
    raw = Warp(scale)
    offsets: dict[View, float] = {}
    spreads: dict[View, float] = {}
    for view in views:
        clear = [raw.raw(video.scores[view][_clear(video)]) for video in videos if _clear(video).any()]
        offsets[view] = float(np.mean([part.mean() for part in clear]))
        spreads[view] = float(np.std(np.concatenate([part - part.mean() for part in clear])))
    warp = Warp(scale, _by_view(offsets), _by_view(spreads))
    units = {view: [_units(warp, video, view) for video in videos] for view in views}
    shot_share, fade_share, fade_seconds = _noise(videos, units[views[-1]])
    across = _across(videos, units, shot_share, fade_share) if len(views) > 1 else 1.0
    target = _kind(units, [(video.timeline, video.target_seconds) for video in videos])
    alike = [(video.timeline, video.lookalike_seconds) for video in videos]
    number = sum(len(video.lookalike_seconds) for video in videos)
    hours = sum(video.timeline.span.duration_seconds for video in videos) / 3600
    shown = [(video.timeline, video.target_seconds) for video in videos]
    return EvidenceModel(
        warp=warp,
        target=target,
        lookalike=_kind(units, alike) if number else target,
        lookalikes_per_hour=number / hours,
        widths_seconds=_widths(units[views[-1]], shown),
        shot_share=shot_share,
        fade_share=fade_share,
        fade_seconds=fade_seconds,
        across_views=across,
    )


Moments = Sequence[tuple[Timeline, tuple[float, ...]]]


def _by_view(values: dict[View, float]) -> ByView:
    """The values of both views; a scorer with one view has the same for the other, which is never used."""
    only = next(iter(values.values()))
    return ByView(values.get("tile", only), values.get("frame", only))


def _clear(video: Labelled) -> NDArray[np.bool_]:
    """`[C]`: whether nothing is near."""
    marked = np.array([*video.target_seconds, *video.lookalike_seconds, -1e9])
    far: NDArray[np.bool_] = np.abs(video.timeline.centres[:, None] - marked).min(axis=1) > _CLEAR_SECONDS
    return far


def _units(warp: Warp, video: Labelled, view: View) -> Floats:
    """Scores in standard units, with the video's own usual value as 0."""
    alone = np.full(video.timeline.num_cells, view == "frame")
    units = warp.standard(video.scores[view], alone)
    clear = _clear(video)
    return units - units[clear].mean() if clear.any() else units


def _noise(videos: Sequence[Labelled], units: Sequence[Floats]) -> tuple[float, float, float]:
    """Share of a shot's offset, share that fades, and how fast, from the autocovariance within shots."""
    seconds_a_cell = videos[0].timeline.cell_seconds
    lags = np.unique(np.maximum(np.round(_LAGS_SECONDS / seconds_a_cell), 1).astype(int))
    measured = []
    for lag in lags.tolist():
        products = []
        for video, values in zip(videos, units, strict=True):
            clear, shots = _clear(video), video.timeline.shot_of_cell
            same = (shots[lag:] == shots[:-lag]) & (clear[lag:] & clear[:-lag])
            products.append((values[lag:] * values[:-lag])[same])
        measured.append(float(np.mean(np.concatenate(products))))
    best = (np.inf, 0.0, 0.0, 1.0)
    for fade in _FADES_SECONDS:
        curve = np.stack([np.ones(len(lags)), np.exp(-lags * seconds_a_cell / fade)], axis=1)
        shares = np.clip(np.linalg.lstsq(curve, np.array(measured), rcond=None)[0], 0.0, 0.95)
        shares *= min(1.0, 0.95 / max(float(shares.sum()), 1e-9))
        error = float(((curve @ shares - measured) ** 2).sum())
        best = min(best, (error, float(shares[0]), float(shares[1]), float(fade)))
    return best[1:]


def _across(
    videos: Sequence[Labelled], units: dict[View, list[Floats]], shot_share: float, fade_share: float
) -> float:
    """Correlation of the fading noise of both views of one frame."""
    products = [
        (tile * frame)[_clear(video)]
        for video, tile, frame in zip(videos, units["tile"], units["frame"], strict=True)
    ]
    common = float(np.mean(np.concatenate(products))) - shot_share
    return float(np.clip(common / max(fade_share, 1e-9), 0.0, 1.0))


def _kind(units: dict[View, list[Floats]], moments: Moments) -> Kind:
    """Mean lift at the moments, and how it varies beyond the noise."""
    heights: dict[View, float] = {}
    variation = 0.0
    for view, values in units.items():
        peaks = np.array(
            [
                of_video[timeline.cell_at(np.array([seconds]))[0]]
                for of_video, (timeline, shown) in zip(values, moments, strict=True)
                for seconds in shown
            ]
        )
        heights[view] = float(peaks.mean())
        if heights[view] > 0:
            variation = float(np.sqrt(max(peaks.var() - 1.0, 0.0)) / heights[view])
    return Kind(_by_view(heights), float(np.hypot(variation, _ELSEWHERE_VARIATION)))


def _widths(units: Sequence[Floats], moments: Moments) -> tuple[float, ...]:
    """Five widths, each as frequent, from the least-squares shape of each moment in its own shot."""
    found = []
    for values, (timeline, shown) in zip(units, moments, strict=True):
        for seconds in shown:
            centre = timeline.cell_at(np.array([seconds]))[0]
            others = [abs(other - seconds) / 2 for other in shown if other != seconds]
            near = np.abs(timeline.centres - seconds) <= min([_CLEAR_SECONDS, *others])
            near &= timeline.shot_of_cell == timeline.shot_of_cell[centre]
            if near.sum() * timeline.cell_seconds < _SHORTEST_SHAPE_SECONDS:
                continue
            gaps = timeline.centres[near] - seconds
            shapes = np.exp(-0.5 * (gaps / _WIDTHS_SECONDS[:, None]) ** 2)
            lifts = (shapes @ values[near]) / (shapes**2).sum(axis=1)
            errors = ((values[near] - lifts[:, None] * shapes) ** 2).sum(axis=1)
            found.append(float(_WIDTHS_SECONDS[errors.argmin()]))
    if not found:
        return USUAL_WIDTHS_SECONDS
    return tuple(float(width) for width in np.quantile(found, [0.1, 0.3, 0.5, 0.7, 0.9]))
