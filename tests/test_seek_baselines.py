"""Published pickers of frames, on scores whose right answer is known."""

import numpy as np
import pytest

from rewatch.memory.types import Span
from rewatch.tools.seek.baselines import BASELINES
from rewatch.tools.seek.baselines.looking import Task
from rewatch.tools.seek.baselines.spline import smoothed
from rewatch.tools.seek.looks import Looks, Price, View
from rewatch.tools.seek.timeline import Floats, Timeline

SECONDS = 400


class FlatLooker:
    """Scores one everywhere but at some seconds."""

    price = Price(picture=3, frame=1, grid=4)

    def __init__(self, peaks: dict[int, float]) -> None:
        self.scores = np.full(SECONDS, 0.1)
        for second, score in peaks.items():
            self.scores[second] = score
        self.num_looks = 0

    def look(self, seconds: list[float], view: View) -> Looks:
        cells = np.sort(np.array(seconds)).astype(int)
        self.num_looks += len(cells)
        return Looks(cells + 0.5, np.stack([self.scores[cells], np.zeros(len(cells))], axis=1), view)

    def features(self, seconds: list[float]) -> Floats:
        cells = np.sort(np.array(seconds)).astype(int)
        angle = cells / SECONDS
        return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def task(peaks: dict[int, float], k: int = 8, max_looks: int = SECONDS) -> tuple[Task, FlatLooker]:
    looker = FlatLooker(peaks)
    return Task(looker, Timeline(Span(0, SECONDS)), k, max_looks, np.random.default_rng(0)), looker


def near(picked: Floats, second: int) -> bool:
    return bool((np.abs(picked - second) <= 5).any())


@pytest.mark.parametrize("name", BASELINES)
@pytest.mark.parametrize("peaks", [{100: 0.9, 300: 0.8}, {}], ids=["peaks", "constant scores"])
@pytest.mark.parametrize("k", [1, 8, 32])
def test_every_baseline_keeps_its_limits(name: str, peaks: dict[int, float], k: int) -> None:
    job, looker = task(peaks, k, max_looks=64)
    picked = BASELINES[name](job)
    assert 0 < len(picked) <= k
    assert len(np.unique(picked)) == len(picked)
    assert ((picked >= 0) & (picked <= SECONDS)).all()
    again = 1 if name != "T* (published)" else 2  # it does not charge its second looks
    assert looker.num_looks <= 64 * again


@pytest.mark.parametrize(
    "name", ["top-k", "T* (mended)", "VSLS", "AKS", "BOLT", "Q-Frame", "DPP", "key clips"]
)
def test_with_a_look_at_every_second_peaks_are_found(name: str) -> None:
    picked = BASELINES[name](task({100: 0.95, 300: 0.9})[0])
    assert near(picked, 100)
    assert near(picked, 300)


def test_uniform_takes_midpoints() -> None:
    assert BASELINES["uniform"](task({}, k=4)[0]) == pytest.approx([50.5, 150.5, 250.5, 350.5])


def test_the_published_t_star_stops_at_the_first_hit_and_the_mended_one_does_not() -> None:
    published, mended = task({100: 0.95, 300: 0.9}), task({100: 0.95, 300: 0.9})
    BASELINES["T* (published)"](published[0])
    BASELINES["T* (mended)"](mended[0])
    assert published[1].num_looks < mended[1].num_looks


def test_the_published_t_star_fails_on_less_than_a_tile() -> None:
    short = Task(FlatLooker({}), Timeline(Span(0, 10)), 4, 64, np.random.default_rng(0))
    assert len(BASELINES["T* (published)"](short)) == 0
    assert len(BASELINES["T* (mended)"](short)) == 4


def test_a_smoothing_spline_keeps_lines_and_interpolates_without_stiffness() -> None:
    places = np.array([0.0, 1.0, 2.5, 4.0, 7.0])
    assert smoothed(places, 2 * places + 1, places, stiffness=5.0) == pytest.approx(2 * places + 1)
    values = np.array([0.0, 1.0, -1.0, 2.0, 0.5])
    assert smoothed(places, values, places, stiffness=0.0) == pytest.approx(values)
    bent = smoothed(places, values, places, stiffness=1.0)
    assert np.abs(np.diff(bent, 2)).sum() < np.abs(np.diff(values, 2)).sum()
