"""How far a likeness stands out does not depend on the scale of an embedding space, nor on luck."""

import numpy as np
import pytest
from numpy.typing import NDArray

from rewatch.tools.standing import CERTAINTY, Usual


def by_chance(seed: int, count: int = 300) -> NDArray[np.float32]:
    """Cosines of a query with frames that have nothing to do with it."""
    return np.asarray(np.random.default_rng(seed).normal(0.2, 0.02, count), np.float32)


def test_the_scale_of_a_space_does_not_matter() -> None:
    wide, narrow = by_chance(0), by_chance(0) / 2 - 0.3
    assert Usual.of(wide, 300).standing(wide.max()) == pytest.approx(
        Usual.of(narrow, 300).standing(narrow.max()), abs=0.01
    )


@pytest.mark.parametrize("count", [30, 300, 3000])
def test_the_best_of_many_by_chance_is_rarely_believed(count: int) -> None:
    draws = [by_chance(seed, count) for seed in range(200)]
    believed = [Usual.of(cosines, count).probability(cosines.max()) >= 0.5 for cosines in draws]
    assert np.mean(believed) < 0.1


def test_what_stands_out_is_believed_up_to_a_bound() -> None:
    cosines = by_chance(1)
    cosines[:20] = 0.4
    usual = Usual.of(cosines, 300)
    assert usual.standing(0.4) > 3
    assert 0.85 < usual.probability(0.4) <= CERTAINTY


def test_equal_cosines_are_not_told_apart() -> None:
    usual = Usual.of(np.zeros(50, np.float32), 50)
    assert usual.standing(0.0) < 0
    assert usual.probability(0.0) < 0.3
