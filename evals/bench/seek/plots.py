"""Pictures of the results: F1 against looks, absence against looks, margin against the scorer's quality."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rewatch.evals.bench.seek.contest import ORACLE, SEEK, SEEK_CUE, Trial
from rewatch.evals.bench.seek.measures import interval
from rewatch.evals.bench.seek.tables import FORMS, chosen, closest, f1, rivals

_OURS = {SEEK: "#c0392b", SEEK_CUE: "#e08e0b", ORACLE: "#7f8c8d"}
_SHOWN_RIVALS = 6


def f1_against_looks(trials: Sequence[Trial], k: int, path: Path) -> None:
    """One panel for each form of F1; the best baselines only, by their highest F1."""
    figure, panels = _figure(2)
    for panel, form in zip(panels, FORMS, strict=True):
        best = {name: _curve(trials, name, k, form)[1].max() for name in rivals(trials)}
        shown = sorted(best, key=lambda name: -best[name])[:_SHOWN_RIVALS]
        for name in [*shown, *(name for name in _OURS if chosen(trials, method=name))]:
            looks, means, lows, highs = _curve(trials, name, k, form)
            own = name in _OURS
            line = panel.plot(
                looks, means, marker="o", color=_OURS.get(name), lw=2.2 if own else 1.2, label=name, ms=4
            )
            if name == SEEK:
                panel.fill_between(looks, lows, highs, color=line[0].get_color(), alpha=0.15)
        panel.set(xscale="log", xlabel="looks allowed", ylabel=f"F1 ({form})", ylim=(0, 1))
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
        right = [
            np.mean(
                [
                    (t.absent_probability or 0.0) > 0.5 != present
                    for t in chosen(trials, budget=b, present=present)
                ]
            )
            for b in budgets
        ]
        panels[0].plot(budgets, right, marker="o", color=colour, label=label)
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
