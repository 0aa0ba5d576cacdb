"""The simulated haystack, the fit of the evidence model, and a small contest."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from rewatch.evals.bench.seek.contest import ORACLE, SEEK, compete, labelled
from rewatch.evals.bench.seek.haystack import World, draw
from rewatch.evals.bench.seek.measures import calibration_error, interval
from rewatch.evals.bench.seek.tables import decided_right
from rewatch.evals.bench.seek.trials import Trials
from rewatch.memory.errors import InputError
from rewatch.tools.seek.fitting import Labelled, fit
from rewatch.tools.seek.timeline import Timeline


def test_a_seed_gives_the_same_haystack_and_lengths_are_those_of_the_task() -> None:
    one, other = draw(World(), 7), draw(World(), 7)
    assert one.key_seconds == other.key_seconds
    assert (one.scores["tile"] == other.scores["tile"]).all()
    drawn = [draw(World(), seed) for seed in range(20)]
    assert all(480 <= video.span.end_seconds <= 5400 for video in drawn)
    shown = [video for video in drawn if video.key_seconds]
    assert 15 <= len(shown) <= 20
    assert all(1 <= len(video.key_seconds) <= 5 for video in shown)


def test_a_fit_recovers_the_world_that_it_was_shown() -> None:
    world = World()
    model = fit([labelled(draw(world, seed, present=True)) for seed in range(24)], "logit")
    assert (model.target.height.tile, model.target.height.frame) == pytest.approx(
        world.target_height, rel=0.12
    )
    assert (model.lookalike.height.tile, model.lookalike.height.frame) == pytest.approx(
        world.lookalike_height, rel=0.12
    )
    assert model.shot_share == pytest.approx(world.shot_share, abs=0.08)
    assert model.fade_share == pytest.approx(world.fade_share, abs=0.08)
    assert model.lookalikes_per_hour == pytest.approx(60 * world.lookalikes_per_minute, rel=0.2)


def test_a_fit_needs_a_target_and_a_clear_part() -> None:
    absent = labelled(draw(World(), 1, present=False))
    with pytest.raises(InputError, match="cannot be calibrated"):
        fit([absent], "logit")
    timeline = Timeline(absent.timeline.span)
    crowded = tuple(np.arange(0.0, timeline.span.end_seconds, 10.0).tolist())
    with pytest.raises(InputError, match="no part of the videos is clear"):
        fit([Labelled(timeline, absent.scores, crowded)], "logit")


def test_search_beats_the_highest_scores_and_comes_near_the_oracle() -> None:
    world = World()
    trials = [
        trial
        for seed in range(10)
        for trial in compete(
            world, seed, methods=(SEEK, ORACLE, "top-k"), budgets=(200,), returned=(8,), fitted_on=world
        )
    ]

    def mean(method: str) -> float:
        return float(np.mean([trial.covered[2] for trial in trials if trial.method == method]))

    assert mean(SEEK) > mean("top-k") + 0.2
    assert mean(SEEK) > 0.8 * mean(ORACLE)
    assert all(trial.looks <= 200 for trial in trials)


def test_a_contest_that_was_stopped_goes_on(tmp_path: Path) -> None:
    job = partial(compete, World(), methods=("top-1",), budgets=(50,), returned=(8, 32), fitted_on=World())
    told: list[int] = []
    path = tmp_path / "trials.jsonl"

    def progress(name: str, done: int, total: int) -> None:
        told.append(done)

    first = Trials(path, 1).run("methods", range(3), job, progress)
    path.write_text(path.read_text()[:-40])  # stopped while the third was written
    again = Trials(path, 1).run("methods", range(4), job, progress)
    assert told == [1, 2, 3, 3, 4]
    assert [(t.seed, t.k, t.prf, t.moments) for t in again[:6]] == [
        (t.seed, t.k, t.prf, t.moments) for t in first
    ]
    assert Trials(path, 1).run("methods", range(4), job, progress) == again
    path.write_text("{}\n")
    with pytest.raises(InputError, match="is no trial"):
        Trials(path, 1)


def test_absence_is_decided_at_one_probability_for_shown_and_not_shown_alike() -> None:
    world = World()
    trials = [
        trial
        for present in (True, False)
        for trial in compete(
            world, 3, methods=("top-1",), budgets=(20,), returned=(8,), fitted_on=world, present=present
        )
    ]
    for said, right in ((0.2, [True, False]), (0.5, [True, False]), (0.8, [False, True])):
        told = [replace(trial, absent_probability=said) for trial in trials]
        assert [decided_right([trial]) == 1.0 for trial in told] == right
        assert decided_right(told) == 0.5
    assert decided_right([replace(trial, absent_probability=0.8) for trial in trials], 0.8) == 0.5


def test_a_calibration_error_and_an_interval_by_hand() -> None:
    said = np.array([0.9, 0.9, 0.1, 0.1])
    assert calibration_error(said, np.array([1.0, 1.0, 0.0, 0.0])) == pytest.approx(0.1)
    assert calibration_error(said, np.array([1.0, 0.0, 0.0, 0.0])) == pytest.approx(0.25)
    told = interval(np.full(10, 0.5))
    assert (told.low, told.mean, told.high) == (0.5, 0.5, 0.5)
