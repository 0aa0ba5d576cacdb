"""Methods by name. A name may carry a number ("uniform-8") or, after a colon, a file or model."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rewatch.evals.methods import Method
from rewatch.evals.methods.agent import Agent
from rewatch.evals.methods.baselines import Blind, Picks, Retrieval, Uniform
from rewatch.evals.methods.looking import Looking
from rewatch.evals.methods.picking import PICKERS, Picking, Seeking
from rewatch.evals.methods.setup import Setup
from rewatch.evals.methods.workplace import Workplace
from rewatch.memory.errors import InputError, SettingError

MOST_FRAMES = 4096

Made = Callable[[Workplace, Setup, str], Method]
"""Makes a method of the workplace, the settings and what the name carries."""


@dataclass(frozen=True, slots=True)
class Family:
    """Methods whose names differ only in what they carry."""

    form: str
    """How the name is written."""
    does: str
    pattern: str
    """Regular expression of the name; its group is what the name carries."""
    make: Made


def _count(text: str) -> int:
    count = int(text)
    if not 1 <= count <= MOST_FRAMES:
        raise SettingError(f"{count} frames are outside 1 to {MOST_FRAMES}")
    return count


def _picking(name: str) -> Made:
    return lambda place, setup, count: Picking(place, setup, name, _count(count))


FAMILIES: list[Family] = [
    Family("agent", "Rewatch's agent", r"agent()", lambda place, setup, _: Agent(place, setup)),
    Family(
        "blind",
        "the option nearest in meaning to the question; no video",
        r"blind()",
        lambda place, _, __: Blind(place),
    ),
    Family(
        "uniform-K",
        "K evenly spaced frames",
        r"uniform-(\d+)",
        lambda place, _, count: Uniform(place, _count(count)),
    ),
    Family(
        "retrieval-K",
        "the K passages that one search of the memory finds",
        r"retrieval-(\d+)",
        lambda place, _, count: Retrieval(place, _count(count)),
    ),
    Family(
        "vlm-K",
        "the model of --set vlm=... on K evenly spaced frames",
        r"vlm-(\d+)",
        lambda place, setup, count: Looking(place, setup, _count(count)),
    ),
    Family(
        "seek-K",
        "the K best moments that `seek` finds, with --set encoder=... or detector=...",
        r"seek-(\d+)",
        lambda place, setup, count: Seeking(place, setup, _count(count)),
    ),
    *(
        Family(
            f"{name}-K",
            f"K frames as {published} picks them, with --set encoder=... or detector=...",
            rf"{name}-(\d+)",
            _picking(name),
        )
        for name, published in PICKERS.items()
    ),
    Family(
        "picks:FILE",
        "frames that a file holds for each sample",
        r"picks:(.+)",
        lambda _, __, file: Picks(Path(file)),
    ),
]
"""Every family; another package may append its own before a run is made."""


def open_method(name: str, place: Workplace, setup: Setup | None = None) -> Method:
    """Make the method of a name.

    Args:
        name: As `rewatch eval list` writes it.
        place: Folders of the run.
        setup: Settings of models; None takes the embedded defaults.

    Raises:
        InputError: There is no such method, or its file is missing.
        SettingError: The number it carries is out of range.
    """
    for family in FAMILIES:
        if match := re.fullmatch(family.pattern, name):
            return family.make(place, setup or Setup(), match[1])
    raise InputError(f"{name!r} is no method; choose one of {', '.join(family.form for family in FAMILIES)}")
