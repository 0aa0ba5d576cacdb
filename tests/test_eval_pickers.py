"""Published pickers of frames, and `seek`, on a real video: what they pick, within what they may look at."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from videos import render

from rewatch.agent.cli import main
from rewatch.evals.methods.picking import PICKERS
from rewatch.evals.runner.journal import read_records
from rewatch.evals.tasks.sample import Sample
from rewatch.tools.seek.baselines import BASELINES

RED_SECONDS = (20.0, 26.0)
SECONDS, RATE = 40, 2


@pytest.fixture(scope="module")
def benchmark(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty seconds of grey with six seconds of red."""
    folder = tmp_path_factory.mktemp("red")
    frames = []
    for at in range(SECONDS * RATE):
        colour = (210, 20, 25) if RED_SECONDS[0] <= at / RATE < RED_SECONDS[1] else (120, 122, 121)
        frames.append(np.full((48, 64, 3), colour, np.uint8) + np.uint8(at % 3))
    render(folder / "one.mp4", frames, fps=Fraction(RATE))
    sample = Sample("q", "one.mp4", "When is a red wall shown?", spans=(RED_SECONDS,), frame_seconds=(23.0,))
    (folder / "truth.jsonl").write_text(json.dumps(sample.to_plain()) + "\n")
    return folder


def pick(benchmark: Path, out: Path, method: str, *more: str) -> tuple[float, ...]:
    """The frames that a method picks, through the command line."""
    arguments = ["eval", "run", "haystack", "--data", str(benchmark), "--method", method, "--out", str(out)]
    assert main([*arguments, "--set", "encoder=colour", *more]) == 0
    said = read_records(out)[0].prediction
    assert said is not None
    return said.frame_seconds


def test_every_published_picker_is_a_method() -> None:
    assert {*PICKERS.values(), "uniform"} == set(BASELINES)


@pytest.mark.parametrize("name", PICKERS)
def test_a_picker_returns_few_frames_and_finds_what_stands_out(
    name: str, benchmark: Path, tmp_path: Path
) -> None:
    seconds = pick(benchmark, tmp_path / "a", f"{name}-4")
    assert 1 <= len(seconds) <= 4
    assert all(0 <= second < SECONDS for second in seconds)
    if name in ("random", "q-frame"):
        assert seconds == pick(benchmark, tmp_path / "b", f"{name}-4")
    elif name not in ("t-star", "t-star-mended", "vsls"):
        assert any(RED_SECONDS[0] <= second <= RED_SECONDS[1] for second in seconds)


def test_seek_returns_what_it_found_with_its_spans(benchmark: Path, tmp_path: Path) -> None:
    seconds = pick(benchmark, tmp_path / "a", "seek-2")
    assert 1 <= len(seconds) <= 2
    assert RED_SECONDS[0] <= seconds[0] <= RED_SECONDS[1]
    said = read_records(tmp_path / "a")[0].prediction
    assert said is not None
    assert said.spans[0][0] < RED_SECONDS[1]
    assert said.spans[0][1] > RED_SECONDS[0]


def test_looks_are_counted_once_and_kept_within_the_limit(benchmark: Path, tmp_path: Path) -> None:
    pick(benchmark, tmp_path / "a", "dpp-4", "--max-frames", "16")
    said = read_records(tmp_path / "a")[0].prediction
    assert said is not None
    assert said.cost.frames == 16


def test_picking_without_eyes_says_what_is_missing(
    benchmark: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["eval", "run", "haystack", "--data", str(benchmark), "--out", str(tmp_path / "a")]
    for method in ("aks-4", "seek-4"):
        assert main([*arguments, "--method", method]) == 2
        assert "picking frames needs eyes" in capsys.readouterr().err
