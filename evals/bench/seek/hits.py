"""How good a simulated scorer is, in the terms of detectors: hits at a rate of false alarms."""

from statistics import NormalDist

from rewatch.evals.bench.seek.haystack import World

FALSE_ALARM_RATE = 1e-3


def hit_rates(world: World) -> tuple[float, float]:
    """Share of key frames above the score that one empty frame in a thousand exceeds: in a tile, and alone."""
    threshold = NormalDist().inv_cdf(1 - FALSE_ALARM_RATE)
    variation = (world.height_spread**2 + world.question_spread**2) ** 0.5
    tile, frame = (
        1 - NormalDist(height, (1 + (variation * height) ** 2) ** 0.5).cdf(threshold)
        for height in world.target_height
    )
    return tile, frame
