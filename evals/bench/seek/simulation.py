"""`rewatch bench seek` on simulated haystacks: runs, tables, plots, and the page that holds them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path

from rewatch.evals.bench.seek import plots, tables
from rewatch.evals.bench.seek.contest import (
    FEW,
    FITTING_VIDEOS,
    ORACLE,
    SEEK,
    SEEK_CUE,
    Trial,
    compete,
    fitted_model,
)
from rewatch.evals.bench.seek.haystack import SHIFTED, SIM_PRICE, World
from rewatch.evals.bench.seek.hits import hit_rates
from rewatch.evals.bench.seek.trials import Trials
from rewatch.tools.seek.baselines import BASELINES

QUALITIES = (0.4, 0.55, 0.7, 0.85, 1.0, 1.2)
_RIVALS = ("uniform", "top-k", "top-1", "top-2", "BOLT", "DPP", "key clips", "T* (mended)")
ABSENCE_SEED, SHIFTED_SEED, QUALITY_SEED = 100_000, 200_000, 400_000
_ABSENT_SEED = 50_000


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is simulated."""

    videos: int = 150
    """For each comparison of methods."""
    absence: int = 500
    """Videos that show the target, and as many that do not."""
    budgets: tuple[int, ...] = (38, 114, 341, 1024)
    """Looks allowed, each a third of the next."""
    returned: tuple[int, ...] = (8, 32)
    """Frames that may be returned."""
    absence_budgets: tuple[int, ...] = (341, 1024)
    """Looks allowed where the question is whether the target is in the video."""
    seed: int = 0
    processes: int = 2


def simulate(plan: Plan, out: Path, progress: Callable[[str, int, int], None]) -> str:
    """Run everything, write `trials.jsonl`, the plots and `seek.md`, and return the page.

    Videos that `trials.jsonl` holds already are not searched again.

    Args:
        plan: How much.
        out: A folder, made where there is none.
        progress: Called with what is run, how much of it is done, and of how much.
    """
    out.mkdir(parents=True, exist_ok=True)
    trials = Trials(out / "trials.jsonl", plan.processes)
    world = World()

    def run(
        name: str,
        drawn_from: World,
        seed: int,
        methods: Sequence[str],
        budgets: Sequence[int],
        *,
        returned: Sequence[int] = plan.returned[:1],
        videos: int = plan.videos,
        fitted_on: World = world,
        present: bool = True,
    ) -> list[Trial]:
        job = partial(
            compete,
            drawn_from,
            methods=tuple(methods),
            budgets=tuple(budgets),
            returned=tuple(returned),
            fitted_on=fitted_on,
            present=present,
        )
        fitted_model(fitted_on)  # once, before the workers are forked from this process
        return trials.run(name, range(plan.seed + seed, plan.seed + seed + videos), job, progress)

    def absence(name: str, drawn_from: World, seed: int, videos: int) -> list[Trial]:
        budgets = plan.absence_budgets
        shown = run(f"shown{name}", drawn_from, seed, (SEEK,), budgets, videos=videos)
        other = run(
            f"not shown{name}",
            drawn_from,
            seed + _ABSENT_SEED,
            (SEEK,),
            budgets,
            videos=videos,
            present=False,
        )
        return shown + other

    everybody = (SEEK, SEEK_CUE, ORACLE, *BASELINES, *FEW)
    main = run("methods", world, 0, everybody, plan.budgets, returned=plan.returned)
    decided = absence("", world, ABSENCE_SEED, plan.absence)
    shifted = run("shifted", SHIFTED, SHIFTED_SEED, (SEEK, ORACLE, *_RIVALS), plan.budgets[-2:])
    decided_shifted = absence(", shifted", SHIFTED, SHIFTED_SEED + ABSENCE_SEED, plan.absence)
    qualities = {}
    for factor in QUALITIES:
        seen_by = world.quality(factor)
        methods, budget = (SEEK, *_RIVALS), plan.budgets[-2:-1]
        qualities[factor] = run(
            f"quality {factor:g}", seen_by, QUALITY_SEED, methods, budget, fitted_on=seen_by
        )
    for k in plan.returned:
        plots.f1_against_looks(main, k, out / f"seek-f1-{k}.png")
    plots.absence_against_looks(decided, out / "seek-absence.png")
    plots.quality(qualities, out / "seek-quality.png")
    page = _page(plan, main, shifted, decided, decided_shifted, qualities)
    (out / "seek.md").write_text(page, encoding="utf-8")
    return page


def _page(
    plan: Plan,
    main: list[Trial],
    shifted: list[Trial],
    absence: list[Trial],
    absence_shifted: list[Trial],
    qualities: dict[float, list[Trial]],
) -> str:
    budget = plan.budgets[-2]
    hits = {factor: hit_rates(World().quality(factor)) for factor in qualities}
    sections = [
        "# Temporal search, simulated",
        f"`rewatch bench seek --videos {plan.videos} --absence {plan.absence} --seed {plan.seed}` writes this page, "
        f"its plots and `trials.jsonl`. {plan.videos} videos for each comparison, all of which show the target (one "
        "that is missed scores zero); intervals are 95 % bootstrap, paired where they are differences.",
        "## Against every baseline",
        "A look is one frame looked at; a call is one picture given to the scorer, a 4x4 tile of small frames or one "
        "frame alone. Baselines that rank frames by similarity look at each frame alone, which sees better. "
        f'"{ORACLE}" is the same search with the simulator\'s own likelihoods; "{SEEK_CUE}" is also told of a cue, as '
        "T* and VSLS are.",
        '"In sight" is the F1 of returning just the key frames that one of the search\'s own looks came near in their '
        "shot: what it could have reached with these looks, had it misjudged nothing.",
        tables.margins_table(main),
        "Looks that `seek` needs for the F1 of the best baseline, interpolated between the budgets:",
        tables.thrift_table(main),
        *(f"![F1 against looks, at most {k} frames](seek-f1-{k}.png)" for k in plan.returned),
        *(
            f"### At most {k} frames, {number} looks allowed\n\n" + tables.methods_table(main, number, k)
            for k in plan.returned
            for number in plan.budgets
        ),
        "## Not in the video",
        f"{plan.absence} videos that show the target and {plan.absence} that do not. Decided at one half, and at "
        f"{tables.CAUTIOUS:g}, where both kinds were right about as often on seeds of development. Calibration "
        "error over ten bins.",
        tables.absence_table(absence),
        "![Absence against looks](seek-absence.png)",
        "## In a world the evidence was not fitted on",
        "Weaker targets, more and stronger look-alikes, slower and more shared noise, larger offsets (`SHIFTED`).",
        tables.margins_table(shifted),
        tables.absence_table(absence_shifted),
        "## From poor to good scorers",
        f"{budget} looks allowed, at most {plan.returned[0]} frames. Hits: share of key frames above the score that "
        "one empty frame in a thousand exceeds.",
        tables.quality_table(qualities, hits),
        "![F1 against quality](seek-quality.png)",
        "## What is assumed",
        f"Search is priced at {SIM_PRICE.picture:g} for a call and {SIM_PRICE.frame:g} for a frame. The evidence model "
        f"is fitted on {FITTING_VIDEOS} labelled videos of other seeds; its prior of absence is one half.",
        _assumptions(),
    ]
    return "\n\n".join(sections) + "\n"


def _assumptions() -> str:
    rows = [
        [field.name, str(getattr(World(), field.name)), str(getattr(SHIFTED, field.name))]
        for field in fields(World)
    ]
    return tables.table(["assumption (`World`)", "default", "shifted"], rows)
