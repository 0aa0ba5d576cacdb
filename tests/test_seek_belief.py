"""Belief, evidence and policy of temporal search: against Bayes worked out by hand, and at cuts."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from rewatch.memory.errors import InputError, SettingError
from rewatch.memory.types import Span
from rewatch.tools.seek.belief import Belief, Prior
from rewatch.tools.seek.calibration import usual_model
from rewatch.tools.seek.evidence import EvidenceModel, Kind, Warp
from rewatch.tools.seek.looks import ByView, Looks, Price, View
from rewatch.tools.seek.moments import Moment, best, distinct
from rewatch.tools.seek.policy import Policy
from rewatch.tools.seek.prior import even_prior
from rewatch.tools.seek.relations import Relation, TargetRelation, joined, numbered
from rewatch.tools.seek.search import search
from rewatch.tools.seek.timeline import Timeline

CUT = (Span(0, 10), Span(10, 20))


def model(height: float = 4.0, variation: float = 0.0, **how: float) -> EvidenceModel:
    kind = Kind(ByView(height, height), variation)
    lookalike = Kind(ByView(height / 2, height / 2), variation)
    values = {"shot_share": 0.0, "fade_share": 0.0, "lookalikes_per_hour": 0.0, **how}
    return EvidenceModel(Warp(), kind, lookalike, widths_seconds=(1.0,), **values)  # type: ignore[arg-type]


def looked(seconds: list[float], scores: list[float], view: View = "frame") -> Looks:
    return Looks(np.array(seconds), np.array(scores)[:, None], view)


def believe(
    timeline: Timeline, evidence: EvidenceModel, absent: float = 0.5, expected: float = 0.05
) -> Belief:
    return Belief(timeline, evidence, Prior(np.full(timeline.num_cells, expected), absent))


def test_one_look_is_bayes_by_hand() -> None:
    belief = believe(Timeline(Span(0, 20), CUT), model())
    belief.see(looked([4.5], [3.0]))
    lift = 4.0 * np.exp(-0.5 * (np.arange(10) + 0.5 - 4.5) ** 2)
    odds = 0.05 * np.exp(lift * 3.0 - lift**2 / 2)
    assert belief.cells[:10] == pytest.approx(odds / (1 + odds.sum()), rel=1e-6)


def test_absence_is_bayes_by_hand() -> None:
    belief = believe(Timeline(Span(0, 20), CUT), model(), absent=0.3)
    belief.see(looked([4.5], [-1.0]))
    lift = 4.0 * np.exp(-0.5 * (np.arange(10) + 0.5 - 4.5) ** 2)
    odds = float((0.05 * np.exp(-lift - lift**2 / 2)).sum())
    none_after, none_before = 1 / (1 + odds) / 1.5, 1 / 1.5 / 1.5
    absent = 0.3 * none_after / none_before
    shown = 0.7 * (1 - none_after) / (1 - none_before)
    assert belief.absent_probability == pytest.approx(absent / (absent + shown), rel=1e-6)
    assert believe(belief.timeline, model(), absent=0.3).absent_probability == pytest.approx(0.3)


def test_a_look_tells_nothing_across_a_cut() -> None:
    belief = believe(Timeline(Span(0, 20), CUT), model())
    before = belief.cells.copy()
    belief.see(looked([9.5], [6.0]))
    assert belief.cells[9] > 10 * before[9]
    assert belief.cells[10:] == pytest.approx(before[10:])
    uncut = believe(Timeline(Span(0, 20)), model())
    uncut.see(looked([9.5], [6.0]))
    assert uncut.cells[10] > 2 * uncut.cells[14]


def test_evidence_agrees_with_a_gaussian_density_computed_directly() -> None:
    evidence = model(3.0, variation=0.4, shot_share=0.3, fade_share=0.4)
    seconds, values = np.array([1.5, 3.0, 7.5]), np.array([0.5, 2.5, -0.7])
    alone, made = np.array([False, True, True]), np.ones(3, bool)
    cells = np.arange(10) + 0.5
    told, _ = evidence.log_ratios(cells[None], seconds[None], alone[None], values[None], made[None])
    noise = evidence.covariance(seconds, alone)

    def density(mean: np.ndarray, covariance: np.ndarray) -> float:
        rest = values - mean
        _, logarithm = np.linalg.slogdet(covariance)
        return float(-0.5 * (rest @ np.linalg.solve(covariance, rest) + logarithm))

    for cell, ratio in zip(cells, told[0], strict=True):
        lift = 3.0 * np.exp(-0.5 * (cell - seconds) ** 2)
        there = density(lift, noise + 0.16 * np.outer(lift, lift))
        assert ratio == pytest.approx(there - density(np.zeros(3), noise), abs=1e-5)


def test_looks_that_share_their_noise_tell_less_than_independent_ones() -> None:
    shares = [model(shot_share=0.0), model(shot_share=0.9)]
    beliefs = [believe(Timeline(Span(0, 20), CUT), one) for one in shares]
    for belief in beliefs:
        belief.see(looked([1.5, 4.5, 8.5], [2.0, 2.0, 2.0]))
    assert beliefs[1].cells[:10].sum() < beliefs[0].cells[:10].sum() / 2


def test_a_lookalike_explains_a_weak_score() -> None:
    without = believe(Timeline(Span(0, 20), CUT), model())
    with_them = believe(Timeline(Span(0, 20), CUT), model(lookalikes_per_hour=100.0))
    for belief in (without, with_them):
        belief.see(looked([4.5], [2.2]))
    assert with_them.cells[4] < without.cells[4]
    assert with_them.lookalikes[4] > with_them.cells[4]


def test_order_of_looks_does_not_matter() -> None:
    timeline, chance = Timeline(Span(0, 60), (Span(0, 25), Span(25, 60))), np.random.default_rng(1)
    seconds, scores = chance.uniform(0, 60, 20), chance.normal(size=20)
    one, other = believe(timeline, model(shot_share=0.2)), believe(timeline, model(shot_share=0.2))
    one.see(looked(seconds.tolist(), scores.tolist()))
    for place in chance.permutation(20):
        other.see(looked([seconds[place]], [scores[place]]))
    assert one.cells == pytest.approx(other.cells, rel=1e-6)


def test_a_video_that_scores_high_everywhere_is_not_full_of_targets() -> None:
    timeline = Timeline(Span(0, 400))
    belief = Belief(timeline, model(), even_prior(timeline))
    chance = np.random.default_rng(0)
    seconds = np.arange(200) * 2.0 + 0.5
    belief.see(looked(seconds.tolist(), (3.0 + chance.normal(size=200)).tolist()))
    assert belief.cells.sum() < 3.0
    assert float(np.median(belief.standard)) == pytest.approx(0.0, abs=0.6)


def test_where_look_alikes_are_many_the_same_score_is_less_of_a_find() -> None:
    timeline = Timeline(Span(0, 600), [Span(second, second + 10) for second in range(0, 600, 10)])
    evidence = model(8.0, 0.2, lookalikes_per_hour=12.0)
    seconds = np.arange(5.5, 600, 10)
    found = []
    for number in (0, 20):
        scores = np.random.default_rng(0).normal(size=60) * 0.3
        scores[3 : 3 + 2 * number : 2] += 4.0
        scores[50] = 5.6
        belief = believe(timeline, evidence, expected=0.002)
        belief.see(looked(seconds.tolist(), scores.tolist()))
        found.append(belief)
    few_odds, many_odds = (b.lookalikes[500:510].sum() / b.cells[500:510].sum() for b in found)
    assert many_odds > 3 * few_odds


def test_a_calibration_tells_how_far_scores_spread_and_without_one_the_video_does() -> None:
    timeline, chance = Timeline(Span(0, 400)), np.random.default_rng(0)
    seconds = np.arange(200) * 2.0 + 0.5
    raw = -4 + 0.4 * chance.normal(size=200)  # half of what is usual
    uncalibrated = usual_model("logit")
    spreads = []
    for evidence in (replace(uncalibrated, trust_spread_looks=1024.0), uncalibrated):
        belief = Belief(timeline, evidence, even_prior(timeline))
        belief.see(looked(seconds.tolist(), (1 / (1 + np.exp(-raw))).tolist()))
        spreads.append(float(np.std(belief.standard)))
    assert spreads == [pytest.approx(0.53, abs=0.05), pytest.approx(0.8, abs=0.08)]


def test_beliefs_learn_anew_once_there_are_new_looks_and_enough_of_them() -> None:
    timeline, chance = Timeline(Span(0, 400)), np.random.default_rng(0)
    belief = believe(timeline, model())
    belief.see(looked([5.5], [0.0]))
    assert not belief.renew()
    for first in (10.5, 110.5):
        seconds = first + np.arange(40.0)
        belief.see(looked(seconds.tolist(), (2.0 + chance.normal(size=40)).tolist()))
    middle = float(np.median(belief.standard))
    assert belief.renew()
    assert abs(float(np.median(belief.standard))) < abs(middle)
    assert not belief.renew()


def test_moments_are_apart_and_as_many_as_promise_most() -> None:
    timeline = Timeline(Span(0, 100))
    present = np.zeros(100)
    present[[20, 22]] = 0.5
    present[60] = 0.9
    found = distinct(timeline, present, 8)
    assert [round(moment.seconds) for moment in found[:2]] in ([20, 60], [21, 60], [22, 60])
    assert found[0].probability == pytest.approx(1.0)
    sure, f1 = best([Moment(1, 1.0), Moment(2, 1.0), Moment(3, 0.01)], 2.0)
    assert (len(sure), f1) == (2, pytest.approx(0.99 + 0.01 * 0.8, abs=1e-4))
    assert len(best([Moment(second, 0.3) for second in range(6)], 2.0)[0]) == 6
    assert best([], 2.0) == ([], 0.0)


def test_the_expected_f1_is_that_of_every_outcome_weighed() -> None:
    chances = (0.8, 0.5, 0.3)
    found = [Moment(float(second), chance) for second, chance in enumerate(chances)]

    def promised(count: int) -> float:
        whole = 0.0
        for outcome in itertools.product((0, 1), repeat=3):
            for others in range(12):
                likely = np.prod([c if hit else 1 - c for c, hit in zip(chances, outcome, strict=True)])
                likely *= 0.4**others * np.exp(-0.4) / math.factorial(others)
                true = sum(outcome) + others
                whole += likely * (2 * sum(outcome[:count]) / (count + true))
        return whole

    kept, f1 = best(found, sum(chances) + 0.4)
    best_count = max((1, 2, 3), key=promised)
    assert len(kept) == best_count
    # Those left out are taken as Poisson too, so the promise is near that of all outcomes and not equal to it.
    assert f1 == pytest.approx(promised(best_count), abs=0.02)


def test_near_a_moment_others_are_likelier_and_far_from_it_less_likely() -> None:
    timeline = Timeline(Span(0, 1200))
    belief = believe(timeline, model(), expected=0.001)
    belief.see(looked([600.5, 640.5, 1000.5], [7.0, 2.4, 2.4]))
    assert belief.present[640] == pytest.approx(belief.present[1000], rel=1e-6)
    present = joined([belief], ())[0].present
    assert present[640] > 2 * present[1000]
    assert abs(int(present.argmax()) - 600) <= 1


def test_a_search_begins_with_tiles_and_ends_with_frames_alone() -> None:
    timeline = Timeline(Span(0, 1200))
    evidence = EvidenceModel(Warp(), Kind(ByView(3, 6), 0.2), Kind(ByView(2.5, 2), 0.2))
    policy = Policy(timeline, evidence, Price(picture=3, frame=1, grid=4))
    belief = Belief(timeline, evidence, even_prior(timeline))
    first = policy.next(joined([belief], ()), 2000)
    assert (first.view, len(first.cells)) == ("tile", 16)
    assert np.diff(first.cells).min() > 30
    peak, step, views = int(first.cells[5]), first, [first.view]
    for _ in range(12):
        scores = 2.5 * np.exp(-0.5 * ((step.cells - peak) / 3) ** 2)
        looks = Looks(timeline.centres[step.cells], scores[:, None], step.view)
        belief.see(looks)
        policy.note(looks)
        step = policy.next(joined([belief], ()), 2000)
        views.append(step.view)
        if step.view == "frame":
            break
    assert views[-1] == "frame"
    assert np.abs(step.cells - peak).min() <= 5


class Brief:
    """Shows the target in one second only, equally well in both views."""

    price = Price(picture=3, frame=1, grid=4)

    def __init__(self, second: int) -> None:
        self.second = second

    def look(self, seconds: Sequence[float], view: View) -> Looks:
        return looked([*seconds], [11.0 if int(at) == self.second else -0.5 for at in seconds], view)


def test_a_strong_tile_is_looked_at_alone_before_looks_beside_it_refute_it() -> None:
    timeline = Timeline(Span(0, 180))
    evidence = EvidenceModel(Warp(), Kind(ByView(3.5, 5), 0.4), Kind(ByView(2.8, 2), 0.4))
    belief, looker = Belief(timeline, evidence, even_prior(timeline)), Brief(122)
    policy = Policy(timeline, evidence, looker.price)
    beside = [at for at in timeline.centres.tolist() if not 120 < at < 124]
    for known in (looker.look([122.5], "tile"), looker.look(beside, "frame")):
        belief.see(known)
        policy.note(known)
    assert belief.absent_probability > 0.98
    result = search([belief], looker, policy, max_looks=40)
    assert (result.looks[0].seconds.tolist(), result.looks[0].view) == ([122.5], "frame")
    assert result.found[0].absent_probability < 0.02
    assert abs(result.found[0].moments[0].seconds - 122.5) <= 1
    assert belief.unconfirmed.size == 0


def test_only_ratios_of_prices_matter_and_an_undecided_search_uses_its_looks() -> None:
    timeline = Timeline(Span(0, 3600))
    evidence = usual_model("logit")
    made = []
    for unit in (1, 100):
        looker = Brief(-1)
        looker.price = Price(picture=10 * unit, frame=unit, grid=4)
        belief = Belief(timeline, evidence, even_prior(timeline))
        result = search([belief], looker, Policy(timeline, evidence, looker.price), max_looks=100)
        made.append([looks.seconds.tolist() for looks in result.looks])
        assert result.num_looks == 100
        assert result.stopped == "looks"
    assert made[0] == made[1]


def test_looks_that_crowd_around_a_find_do_not_become_what_nothing_looks_like() -> None:
    timeline = Timeline(Span(0, 1000))
    chance = np.random.default_rng(0)
    beliefs = [Belief(timeline, usual_model("logit"), even_prior(timeline)) for _ in range(2)]
    spread, crowded = np.arange(5.0, 1000, 20), np.arange(480.5, 520, 0.5)
    for belief, seconds in zip(beliefs, (spread, np.sort(np.concatenate([spread, crowded]))), strict=True):
        lifts = 4.0 * (np.abs(seconds - 500) < 20)
        raw = -4 + 0.8 * chance.normal(size=len(seconds)) + lifts
        belief.see(looked(seconds.tolist(), (1 / (1 + np.exp(-raw))).tolist(), "tile"))
    usual, moved = (belief.in_standard_units(1 / (1 + np.exp(4.0)), alone=False) for belief in beliefs)
    assert moved == pytest.approx(usual, abs=0.3)


class Cosines:
    """An encoder's: 0.31 where nothing is, more at 70 s; every call is kept."""

    price = Price(picture=2.0, frame=1.0)

    def __init__(self) -> None:
        self.asked: list[list[float]] = []

    def look(self, seconds: Sequence[float], view: View) -> Looks:
        self.asked.append(list(seconds))
        scores = [0.31 + 0.002 * (int(second) % 3) + 0.2 * (abs(second - 70) < 3) for second in seconds]
        return looked(list(seconds), scores, view)


def test_an_encoder_that_was_not_calibrated_first_sees_frames_spread_evenly() -> None:
    timeline, looker, evidence = Timeline(Span(0, 240)), Cosines(), usual_model("identity")
    belief = Belief(timeline, evidence, even_prior(timeline))
    result = search([belief], looker, Policy(timeline, evidence, looker.price), max_looks=100)
    assert looker.asked[0] == pytest.approx(np.arange(5.5, 240, 10))
    assert [moment.seconds for moment in result.found[0].moments] == [pytest.approx(70, abs=3)]


def test_a_few_looks_by_an_encoder_that_was_not_calibrated_make_nobody_sure() -> None:
    timeline = Timeline(Span(0, 240))
    belief = Belief(timeline, usual_model("identity"), even_prior(timeline))
    belief.see(Cosines().look([5.5, 100.5, 150.5, 200.5], "frame"))
    assert 0.3 < belief.absent_probability < 0.95


def test_a_short_video_that_was_wholly_seen_is_not_looked_at_again() -> None:
    timeline, looker, evidence = Timeline(Span(65, 75)), Cosines(), usual_model("identity")
    belief = Belief(timeline, evidence, even_prior(timeline))
    first = search([belief], looker, Policy(timeline, evidence, looker.price), max_looks=100)
    again = Belief(timeline, evidence, even_prior(timeline))
    policy = Policy(timeline, evidence, looker.price)
    for looks in first.looks:
        again.see(looks)
        policy.note(looks)
    assert first.num_looks == 10
    assert search([again], looker, policy, max_looks=100).num_looks == 0


def test_relations_move_belief_both_ways() -> None:
    timeline = Timeline(Span(0, 100), [Span(second, second + 10) for second in range(0, 100, 10)])
    man, car = (believe(timeline, model(), expected=0.001) for _ in range(2))
    man.see(looked([25.5, 75.5], [2.6, 2.6]))
    car.see(looked([55.5], [7.0]))
    alone = joined([man, car], ())[0].present
    assert alone[25] == pytest.approx(alone[75], rel=0.01)
    before = joined([man, car], [Relation("before", 0, 1)])[0].present
    assert before[25] > 5 * before[75]
    after = joined([man, car], [Relation("after", 0, 1)])[0].present
    assert after[75] > 5 * after[25]
    car_after = joined([man, car], [Relation("before", 0, 1)])[1].present
    beyond = slice(0, 10)  # farther from the car than its group reaches
    assert car_after[beyond].sum() < joined([man, car], ())[1].present[beyond].sum()


def test_the_second_time_is_not_the_first() -> None:
    timeline = Timeline(Span(0, 100), [Span(second, second + 10) for second in range(0, 100, 10)])
    belief = believe(timeline, model(), expected=0.001)
    belief.see(looked([25.5, 55.5, 85.5], [7.0, 7.0, 7.0]))
    for nth, second in ((1, 25), (2, 55), (3, 85), (-1, 85)):
        present = joined([belief], [Relation("nth", 0, nth=nth)])[0].present
        assert int(present.argmax()) == second


def test_mistakes_are_told() -> None:
    with pytest.raises(InputError, match="needs a number"):
        Relation("nth", 0)
    with pytest.raises(InputError, match="which is not sought: man"):
        numbered([TargetRelation("man", "before", "red car")], ["man"])
    with pytest.raises(SettingError, match="add up to under 1"):
        model(shot_share=0.7, fade_share=0.4)
    with pytest.raises(SettingError, match="not between 0 and 1"):
        Prior(np.ones(3), 0.0)
