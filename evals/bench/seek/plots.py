"""Pictures of the results: F1 against looks, absence against looks, margin against the scorer's quality."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rewatch.evals.bench.seek.contest import ORACLE, SEEK, SEEK_CUE, Trial
from rewatch.evals.bench.seek.measures import interval
from rewatch.evals.bench.seek.tables import CAUTIOUS, EVEN, FORMS, chosen, closest, decided_right, f1, rivals

_OURS = {SEEK: "#c0392b", SEEK_CUE: "#e08e0b", ORACLE: "#7f8c8d"}
_RIVAL_COLOURS = ("#1f77b4", "#2ca02c", "#9467bd", "#8c564b", "#e377c2", "#17becf")
"""So many baselines are drawn."""


def f1_against_looks(trials: Sequence[Trial], k: int, path: Path) -> None:
    """One panel for each form of F1; the same baselines in both, those with the highest F1 in either form."""
    figure, panels = _figure(2)
    best = {name: max(_curve(trials, name, k, form)[1].max() for form in FORMS) for name in rivals(trials)}
    shown = sorted(best, key=lambda name: -best[name])[: len(_RIVAL_COLOURS)]
    colours = dict(zip(shown, _RIVAL_COLOURS, strict=False))
    colours |= {name: colour for name, colour in _OURS.items() if chosen(trials, method=name)}
    for panel, form in zip(panels, FORMS, strict=True):
        top = 1.0
        for name, colour in colours.items():
            looks, means, lows, highs = _curve(trials, name, k, form)
            width = 2.2 if name in _OURS else 1.2
            panel.plot(looks, means, marker="o", color=colour, lw=width, label=name, ms=4)
            if name == SEEK:
                top = max(top, float(highs.max()))
                panel.fill_between(looks, lows, highs, color=colour, alpha=0.15)
        panel.set(xscale="log", xlabel="looks allowed", ylabel=f"F1 ({form})", ylim=(0, 1.02 * top))
        panel.set_xticks(looks, [str(int(number)) for number in looks])
        panel.minorticks_off()
        panel.set_title(f"{form}, at most {k} frames returned")
    panels[1].legend(loc="upper left", bbox_to_anchor=(1.02, 1), frameon=False)
    _save(figure, path)


def absence_against_looks(trials: Sequence[Trial], path: Path) -> None:
    """Share of right decisions, and calibration at the largest budget."""
    figure, panels = _figure(2)
    budgets = sorted({trial.budget for trial in trials})
    for present, colour, label in ((True, "#c0392b", "shown"), (False, "#2c7fb8", "not shown")):
        for at, dashes in ((EVEN, "-"), (CAUTIOUS, "--")):
            right = [decided_right(chosen(trials, budget=b, present=present), at) for b in budgets]
            panels[0].plot(budgets, right, dashes, marker="o", color=colour, label=f"{label}, at {at:g}")
    panels[0].axhline(0.9, color="black", lw=0.8, ls=":")
    panels[0].set(xscale="log", xlabel="looks allowed", ylabel="decided right", ylim=(0, 1.02))
    panels[0].set_xticks(budgets, [str(budget) for budget in budgets])
    panels[0].minorticks_off()
    panels[0].legend(frameon=False)
    last = chosen(trials, budget=budgets[-1])
    said = np.array([trial.absent_probability for trial in last], float)
    absent = np.array([not trial.present for trial in last], float)
    places = np.minimum((said * 10).astype(int), 9)
    for place in np.unique(places):
        inside = places == place
        panels[1].scatter(said[inside].mean(), absent[inside].mean(), s=8 + inside.sum(), color="#2c7fb8")
    panels[1].plot([0, 1], [0, 1], color="black", lw=0.8, ls=":")
    panels[1].set(xlabel='probability of "not in the video"', ylabel="share not in the video")
    panels[1].set_title(f"{budgets[-1]} looks allowed; area: number of samples", fontsize=9)
    _save(figure, path)


def quality(trials: dict[float, list[Trial]], path: Path) -> None:
    """F1 of `seek` and of the best baseline from poor to good scorers."""
    figure, panels = _figure(2)
    factors = sorted(trials)
    for panel, form in zip(panels, FORMS, strict=True):
        mine = [f1(chosen(trials[factor], method=SEEK), form).mean() for factor in factors]
        margins = [closest(trials[f], trials[f][0].budget, trials[f][0].k, form)[1] for f in factors]
        panel.plot(factors, mine, marker="o", color="#c0392b", label=SEEK)
        best = [own - margin.mean for own, margin in zip(mine, margins, strict=True)]
        panel.plot(factors, best, marker="o", color="#2c7fb8", label="closest baseline")
        panel.set(xlabel="quality of the scorer (1: the default world)", ylabel=f"F1 ({form})", ylim=(0, 1))
        panel.legend(frameon=False)
    _save(figure, path)


def _curve(trials: Sequence[Trial], name: str, k: int, form: str) -> tuple[Any, Any, Any, Any]:
    budgets = sorted({trial.budget for trial in trials})
    whole = [interval(f1(chosen(trials, method=name, budget=budget, k=k), form)) for budget in budgets]
    return (
        np.array(budgets),
        np.array([one.mean for one in whole]),
        np.array([one.low for one in whole]),
        np.array([one.high for one in whole]),
    )


def _figure(panels: int) -> tuple[Any, Any]:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    return pyplot.subplots(1, panels, figsize=(5.2 * panels, 3.8), layout="constrained")


def _save(figure: Any, path: Path) -> None:
    from matplotlib import pyplot

    figure.savefig(path, dpi=110)
    pyplot.close(figure)
