"""One haystack, searched by every method with the same eyes and as many looks."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from rewatch.evals.bench.seek.haystack import Haystack, SimulatedLooker, World, draw
from rewatch.evals.bench.seek.oracle import oracle_model
from rewatch.evals.metrics.keyframes import Form, temporal_prf
from rewatch.tools.seek.baselines import BASELINES
from rewatch.tools.seek.baselines.looking import Task
from rewatch.tools.seek.baselines.simple import top_k
from rewatch.tools.seek.belief import Belief
from rewatch.tools.seek.evidence import EvidenceModel
from rewatch.tools.seek.fitting import Labelled, fit
from rewatch.tools.seek.looks import VIEWS
from rewatch.tools.seek.moments import TOLERANCE_SECONDS
from rewatch.tools.seek.policy import Policy
from rewatch.tools.seek.prior import even_prior
from rewatch.tools.seek.relations import CUE_RELIANCE, Relation
from rewatch.tools.seek.search import Search, search
from rewatch.tools.seek.timeline import Timeline

FEW = {"top-1": 1, "top-2": 2}
"""Top-k with a fixed small number of frames, the mean number of key frames: what is won by returning fewer alone."""
SEEK, SEEK_CUE, ORACLE = "seek", "seek + cue", "seek, oracle evidence"
_RANKED = ("T* (published)", "T* (mended)", "VSLS", "VideoTree")
"""Baselines whose search is the same for any number of frames, the first of which they return: they run once."""
FITTING_SEED = 1_000_000
FITTING_VIDEOS = 60
"""The evidence model is fitted on so many videos of seeds that no test uses."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One method on one haystack."""

    method: str
    budget: int
    k: int
    seed: int
    present: bool
    prf: tuple[float, float, float]
    """Precision, recall, F1; zeros where the target is not shown."""
    covered: tuple[float, float, float]
    returned: int
    looks: int
    pictures: int
    seconds: float
    """Processor time of the method."""
    absent_probability: float | None = None
    moments: tuple[tuple[float, bool], ...] = ()
    """Of each returned moment: its probability of lying near a key frame (absence included), and whether it does."""
    stopped: str = ""
    sighted_f1: float = 0.0
    """F1 of returning just the key frames that a look came near, had nothing been misjudged."""

    def ended(
        self,
        absent_probability: float,
        moments: tuple[tuple[float, bool], ...],
        stopped: str,
        sighted_f1: float,
    ) -> "Trial":
        """The trial of a method that also says how sure it is."""
        return replace(
            self,
            absent_probability=absent_probability,
            moments=moments,
            stopped=stopped,
            sighted_f1=sighted_f1,
        )


@lru_cache(maxsize=4)
def fitted_model(world: World) -> EvidenceModel:
    """The evidence model as a user would have it: fitted on labelled videos of this world."""
    return fit([labelled(draw(world, FITTING_SEED + number)) for number in range(FITTING_VIDEOS)], "logit")


def labelled(haystack: Haystack) -> Labelled:
    """A haystack with its truth told."""
    return Labelled(
        Timeline(haystack.span, haystack.shots),
        {view: haystack.scores[view][:, 0] for view in VIEWS},
        haystack.key_seconds,
        haystack.lookalike_seconds,
    )


def compete(
    world: World,
    seed: int,
    *,
    methods: Sequence[str],
    budgets: Sequence[int],
    returned: Sequence[int],
    fitted_on: World,
    present: bool | None = True,
) -> list[Trial]:
    """Let methods search one haystack.

    Args:
        world: What it is drawn from.
        seed: Of the haystack, and of what methods leave to chance.
        methods: Names of baselines, or of our own.
        budgets: Looks that are allowed.
        returned: Frames that may be returned.
        fitted_on: The world that the evidence model was fitted on.
        present: Whether the target is shown; None leaves it to chance.
    """
    haystack = draw(world, seed, present=present)
    trials = []
    for method in methods:
        run = _ours if method in (SEEK, SEEK_CUE, ORACLE) else _baseline
        for budget in budgets:
            trials += run(world, haystack, seed, method, budget, sorted(returned), fitted_on)
    return trials


def _baseline(
    world: World,
    haystack: Haystack,
    seed: int,
    method: str,
    budget: int,
    returned: Sequence[int],
    fitted_on: World,
) -> list[Trial]:
    trials = []
    for k in returned[-1:] if method in _RANKED else returned:
        looker = SimulatedLooker(haystack)
        timeline, chance = Timeline(haystack.span, haystack.shots), np.random.default_rng(seed)
        task = Task(looker, timeline, FEW.get(method, k), budget, chance)
        started = time.process_time()
        picked = BASELINES.get(method, top_k)(task).tolist()
        seconds = time.process_time() - started
        for most in returned if method in _RANKED else (k,):
            trials.append(_trial(haystack, seed, method, budget, most, picked[:most], looker, seconds))
    return trials


def _ours(
    world: World,
    haystack: Haystack,
    seed: int,
    method: str,
    budget: int,
    returned: Sequence[int],
    fitted_on: World,
) -> list[Trial]:
    """Trials of `seek`. A search that returns few frames is the same for every larger number that it may return."""
    model = oracle_model(world, haystack) if method == ORACLE else fitted_model(fitted_on)
    trials: list[Trial] = []
    for k in returned:
        if trials and trials[-1].returned < trials[-1].k:
            trials.append(replace(trials[-1], k=k))
            continue
        looker = SimulatedLooker(haystack)
        started = time.process_time()
        result = _searched(haystack, looker, model, method, budget, k)
        seconds = time.process_time() - started
        found = result.found[0]
        here = 1 - found.absent_probability
        keys = np.array([*haystack.key_seconds, np.inf])
        moments = tuple(
            (here * moment.probability, bool((np.abs(keys - moment.seconds) <= 5.0).any()))
            for moment in found.moments
        )
        picked = [moment.seconds for moment in found.moments]
        trial = _trial(haystack, seed, method, budget, k, picked, looker, seconds)
        trials.append(
            trial.ended(found.absent_probability, moments, result.stopped, _sighted(haystack, result))
        )
    return trials


def _searched(
    haystack: Haystack, looker: SimulatedLooker, model: EvidenceModel, method: str, budget: int, k: int
) -> Search:
    timeline = Timeline(haystack.span, haystack.shots)
    beliefs = [Belief(timeline, model, even_prior(timeline))]
    relations: tuple[Relation, ...] = ()
    if method == SEEK_CUE:
        beliefs.append(Belief(timeline, model, even_prior(timeline)))
        relations = (Relation("near", 0, 1, reliance=CUE_RELIANCE),)
    return search(
        beliefs,
        looker,
        Policy(timeline, model, looker.price),
        max_looks=budget,
        num_targets=1,
        relations=relations,
        max_moments=k,
    )


def _sighted(haystack: Haystack, result: Search) -> float:
    """F1 of returning just the key frames that a look came within the tolerance of, in their own shot."""
    if not haystack.key_seconds:
        return 0.0
    timeline = Timeline(haystack.span, haystack.shots)
    looked = np.concatenate([looks.seconds for looks in result.looks])
    keys = np.array(haystack.key_seconds)
    near = np.abs(looked[None] - keys[:, None]) <= TOLERANCE_SECONDS
    near &= timeline.shot_at(looked)[None] == timeline.shot_at(keys)[:, None]
    share = float(near.any(axis=1).mean())
    return 2 * share / (1 + share)


def _trial(
    haystack: Haystack,
    seed: int,
    method: str,
    budget: int,
    k: int,
    picked: Sequence[float],
    looker: SimulatedLooker,
    seconds: float,
) -> Trial:
    def scored(form: Form) -> tuple[float, float, float]:
        score = temporal_prf(haystack.key_seconds, picked, form=form)
        return (score.precision, score.recall, score.f1) if score else (0.0, 0.0, 0.0)

    prf, covered = scored("prf"), scored("covered")
    return Trial(
        method,
        budget,
        k,
        seed,
        bool(haystack.key_seconds),
        prf,
        covered,
        len(picked),
        looker.num_looks,
        looker.num_pictures,
        seconds,
    )
