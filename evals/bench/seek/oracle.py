"""The evidence of somebody who knows how a haystack was drawn: the yardstick of a fitted evidence model."""

import numpy as np

from rewatch.evals.bench.seek.haystack import SCORE_OFFSET, SCORE_SPREAD, Haystack, World
from rewatch.tools.seek.evidence import EvidenceModel, Kind, Warp, even
from rewatch.tools.seek.looks import ByView

_TENTHS = (-1.282, -0.524, 0.0, 0.524, 1.282)
"""Standard deviations from the median to the middles of five equal parts of a normal distribution."""


def oracle_model(world: World, haystack: Haystack) -> EvidenceModel:
    """The simulator's own likelihoods, with this video's offset and this question's height known."""
    median, log_spread = world.width_seconds
    widths = tuple(float(median * np.exp(part * log_spread)) for part in _TENTHS)
    target, lookalike = (
        ByView(*(haystack.question * height for height in heights))
        for heights in (world.target_height, world.lookalike_height)
    )
    return EvidenceModel(
        warp=Warp("logit", even(SCORE_OFFSET + SCORE_SPREAD * haystack.offset), even(SCORE_SPREAD)),
        target=Kind(target, world.height_spread),
        lookalike=Kind(lookalike, world.height_spread),
        lookalikes_per_hour=60 * world.lookalikes_per_minute,
        widths_seconds=widths,
        shot_share=world.shot_share,
        fade_share=world.fade_share,
        fade_seconds=world.fade_seconds,
        across_views=world.across_views,
        trust_looks=float("inf"),
        trust_spread_looks=float("inf"),
    )
