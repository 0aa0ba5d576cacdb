"""Trials made readable: tables for a page, and whether what was promised is reached."""

from collections.abc import Sequence

import numpy as np

from rewatch.evals.bench.seek.contest import ORACLE, SEEK, SEEK_CUE, Trial
from rewatch.evals.bench.seek.measures import Interval, calibration_error, interval
from rewatch.tools.seek.timeline import Floats

OURS = (SEEK, SEEK_CUE, ORACLE)
FORMS = ("prf", "covered")
EVEN, CAUTIOUS = 0.5, 0.8
"""Absence is decided at one half, and at the probability at which, on seeds of development, both kinds of videos were
decided right about as often: what is shown and missed leaves a doubt, what is not shown leaves hardly any."""


def chosen(trials: Sequence[Trial], **wanted: object) -> list[Trial]:
    """The trials whose fields have these values, by seed."""
    found = [t for t in trials if all(getattr(t, name) == value for name, value in wanted.items())]
    return sorted(found, key=lambda trial: trial.seed)


def f1(trials: Sequence[Trial], form: str) -> Floats:
    """F1 of each trial."""
    return np.array([getattr(trial, form)[2] for trial in trials])


def methods_table(trials: Sequence[Trial], budget: int, k: int) -> str:
    """Every method at one budget, best first."""
    rows = []
    for method in dict.fromkeys(trial.method for trial in trials):
        own = chosen(trials, method=method, budget=budget, k=k)
        cells = [method]
        for form in FORMS:
            values = np.array([getattr(trial, form) for trial in own])
            whole = interval(values[:, 2])
            cells += [f"{values[:, 0].mean():.3f}", f"{values[:, 1].mean():.3f}", f"**{whole.mean:.3f}**"]
            cells.append(f"{whole.low:.3f} to {whole.high:.3f}")
        cells += [
            f"{np.mean([getattr(t, name) for t in own]):.1f}" for name in ("returned", "looks", "pictures")
        ]
        rows.append((f1(own, "prf").mean(), cells))
    head = "method|prf P|R|F1|95 %|covered P|R|F1|95 %|frames returned|looks|calls".split("|")
    return table(head, [cells for _, cells in sorted(rows, key=lambda row: -row[0])])


def margins_table(trials: Sequence[Trial]) -> str:
    """What was promised, for each budget and number of frames: margins over the best baseline, share of the oracle."""
    rows = []
    budgets = sorted({trial.budget for trial in trials})
    for k in sorted({trial.k for trial in trials}):
        for number, budget in enumerate(budgets):
            for form in FORMS:
                mine = f1(chosen(trials, method=SEEK, budget=budget, k=k), form)
                oracle = f1(chosen(trials, method=ORACLE, budget=budget, k=k), form)
                name, margin = closest(trials, budget, k, form)
                third = f1(chosen(trials, method=SEEK, budget=budgets[number - 1], k=k), form)
                thrift = f"{third.mean():.3f} / {(mine.mean() - margin.mean):.3f}" if number else ""
                sighted = np.mean([t.sighted_f1 for t in chosen(trials, method=SEEK, budget=budget, k=k)])
                share = mine.mean() / max(oracle.mean(), 1e-9)
                rows.append(
                    [
                        str(k),
                        str(budget),
                        form,
                        f"{mine.mean():.3f}",
                        name,
                        str(margin),
                        f"{share:.2f}",
                        f"{sighted:.3f}",
                        thrift,
                    ]
                )
    head = "at most|looks allowed|form|seek F1|closest baseline|seek minus it, paired 95 %|share of the oracle|in sight"
    return table([*head.split("|"), "seek at a third of the looks / best baseline"], rows)


def thrift_table(trials: Sequence[Trial]) -> str:
    """How many looks `seek` needs for the F1 of the best baseline, interpolated between the budgets."""
    rows = []
    budgets = sorted({trial.budget for trial in trials})
    for k in sorted({trial.k for trial in trials}):
        for form in FORMS:
            curve = [f1(chosen(trials, method=SEEK, budget=b, k=k), form).mean() for b in budgets]
            cells = [str(k), form]
            for budget, own in zip(budgets, curve, strict=True):
                best = own - closest(trials, budget, k, form)[1].mean
                looks = np.exp(np.interp(best, np.maximum.accumulate(curve), np.log(budgets)))
                less = "at most " if best < curve[0] else ""
                cells.append(f"{best:.3f}: {less}{looks:.0f} ({looks / budget:.0%})")
            rows.append(cells)
    return table(["at most", "form", *(f"best baseline at {budget}" for budget in budgets)], rows)


def rivals(trials: Sequence[Trial]) -> list[str]:
    """The baselines that took part."""
    return [name for name in dict.fromkeys(trial.method for trial in trials) if name not in OURS]


def closest(trials: Sequence[Trial], budget: int, k: int, form: str) -> tuple[str, Interval]:
    """The baseline that comes closest to `seek`, and by how much it is beaten, sample by sample."""
    mine = f1(chosen(trials, method=SEEK, budget=budget, k=k), form)
    margins = {
        name: interval(mine - f1(chosen(trials, method=name, budget=budget, k=k), form))
        for name in rivals(trials)
    }
    name = min(margins, key=lambda rival: margins[rival].mean)
    return name, margins[name]


def decided_right(trials: Sequence[Trial], at: float = EVEN) -> float:
    """Share of the trials in which "not in the video", decided above a probability, is right."""
    said = np.array([trial.absent_probability for trial in trials], float)
    return float(((said <= at) == np.array([trial.present for trial in trials])).mean())


def absence_table(trials: Sequence[Trial]) -> str:
    """Is the target in the video? At each budget, half of the samples show it."""
    rows = []
    for budget in sorted({trial.budget for trial in trials}):
        own = chosen(trials, budget=budget)
        said = np.array([trial.absent_probability for trial in own], float)
        shown = np.array([trial.present for trial in own])
        parts = [chosen(own, present=present) for present in (True, False)]
        pairs = [pair for trial in own for pair in trial.moments]
        moments = np.array(pairs, float).reshape(-1, 2)
        rows.append(
            [
                str(budget),
                *(
                    f"{decided_right(part, at):.3f} of {len(part)}"
                    for at in (EVEN, CAUTIOUS)
                    for part in parts
                ),
                f"{calibration_error(said, ~shown * 1.0):.3f}",
                f"{calibration_error(moments[:, 0], moments[:, 1]):.3f}" if len(moments) else "",
                f"{np.mean([trial.looks for trial in own]):.0f}",
                f"{1000 * sum(t.seconds for t in own) / sum(t.looks for t in own):.2f}",
            ]
        )
    decided = [f"{name}: right at {at:g}" for at in (EVEN, CAUTIOUS) for name in ("shown", "not shown")]
    head = "calibration error of absence|of moments|looks|ms a look"
    return table(["looks allowed", *decided, *head.split("|")], rows)


def quality_table(trials: dict[float, list[Trial]], hits: dict[float, tuple[float, float]]) -> str:
    """From poor to good scorers: `seek` and the closest baseline."""
    rows = []
    for factor, own in sorted(trials.items()):
        budget, k = own[0].budget, own[0].k
        cells = [f"{factor:.2f}", *(f"{rate:.2f}" for rate in hits[factor])]
        for form in FORMS:
            name, margin = closest(own, budget, k, form)
            cells += [f"{f1(chosen(own, method=SEEK), form).mean():.3f}", name, str(margin)]
        rows.append(cells)
    head = "quality|hits in a tile|alone|prf F1|closest|margin|covered F1|closest|margin"
    return table(head.split("|"), rows)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [list(head), ["---"] * len(head), *map(list, rows)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
