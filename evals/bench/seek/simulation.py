"""`rewatch bench seek` on simulated haystacks: runs, tables, plots, and the page that holds them."""

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from pathlib import Path

from threadpoolctl import threadpool_limits

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
from rewatch.tools.seek.baselines import BASELINES

QUALITIES = (0.4, 0.55, 0.7, 0.85, 1.0, 1.2)
_QUALITY_RIVALS = ("uniform", "top-k", "top-1", "top-2", "BOLT", "DPP", "key clips", "T* (mended)")
ABSENCE_SEED, SHIFTED_SEED, QUALITY_SEED = 100_000, 200_000, 300_000


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

    Args:
        plan: How much.
        out: A folder, made where there is none.
        progress: Called with what is run, how much of it is done, and of how much.
    """
    out.mkdir(parents=True, exist_ok=True)
    world = World()
    main = _run(
        plan,
        progress,
        "methods",
        world,
        world,
        plan.seed,
        (SEEK, SEEK_CUE, ORACLE, *BASELINES, *FEW),
        plan.budgets,
        plan.returned,
    )
    shifted = _run(
        plan,
        progress,
        "shifted world",
        SHIFTED,
        world,
        plan.seed + SHIFTED_SEED,
        (SEEK, ORACLE, *_QUALITY_RIVALS),
        plan.budgets[-2:],
        plan.returned[:1],
    )
    absence = _absence(plan, progress, world, plan.seed + ABSENCE_SEED)
    fewer = replace(plan, absence=min(plan.absence, plan.videos))
    absence_shifted = _absence(fewer, progress, SHIFTED, plan.seed + SHIFTED_SEED + ABSENCE_SEED)
    qualities = {
        factor: _run(
            plan,
            progress,
            f"quality {factor:g}",
            world.quality(factor),
            world.quality(factor),
            plan.seed + QUALITY_SEED,
            (SEEK, *_QUALITY_RIVALS),
            plan.budgets[-2:-1],
            plan.returned[:1],
        )
        for factor in QUALITIES
    }
    runs = {"methods": main, "shifted": shifted, "absence": absence, "absence shifted": absence_shifted}
    runs |= {f"quality {factor:g}": trials for factor, trials in qualities.items()}
    with (out / "trials.jsonl").open("w") as file:
        for name, trials in runs.items():
            for trial in trials:
                file.write(json.dumps({"run": name, **asdict(trial)}) + "\n")
    for k in plan.returned:
        plots.f1_against_looks(main, k, out / f"seek-f1-{k}.png")
    plots.absence_against_looks(absence, out / "seek-absence.png")
    plots.quality(qualities, out / "seek-quality.png")
    page = _page(plan, main, shifted, absence, absence_shifted, qualities)
    (out / "seek.md").write_text(page, encoding="utf-8")
    return page


def _absence(plan: Plan, progress: Callable[[str, int, int], None], world: World, seed: int) -> list[Trial]:
    many = replace(plan, videos=plan.absence)
    trials: list[Trial] = []
    for present in (True, False):
        name = f"{'shown' if present else 'not shown'}{'' if world == World() else ', shifted'}"
        trials += _run(
            many,
            progress,
            name,
            world,
            World(),
            seed,
            (SEEK,),
            plan.absence_budgets,
            plan.returned[:1],
            present=present,
        )
        seed += plan.absence
    return trials


def _run(
    plan: Plan,
    progress: Callable[[str, int, int], None],
    name: str,
    world: World,
    fitted_on: World,
    seed: int,
    methods: Sequence[str],
    budgets: Sequence[int],
    returned: Sequence[int],
    *,
    present: bool = True,
) -> list[Trial]:
    job = partial(
        compete,
        world,
        methods=methods,
        budgets=budgets,
        returned=returned,
        fitted_on=fitted_on,
        present=present,
    )
    trials: list[Trial] = []
    fitted_model(fitted_on)  # once, before the workers are forked from this process
    with ProcessPoolExecutor(plan.processes, initializer=_one_thread) as pool:
        for number, done in enumerate(pool.map(job, range(seed, seed + plan.videos)), 1):
            trials += done
            progress(name, number, plan.videos)
    return trials


def _one_thread() -> None:
    """Many small products: more threads than processes only wait for each other."""
    threadpool_limits(1)


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
        f"{plan.absence} videos that show the target and {plan.absence} that do not; decided at one half. Calibration "
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
