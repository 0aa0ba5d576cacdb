"""The benchmark of compressors tells per method what it costs until the first token, and what was extrapolated."""

import json
from fractions import Fraction
from itertools import count
from pathlib import Path

import numpy as np
import pytest
import torch
from videos import numbered_frames, render

from rewatch.agent.cli import main
from rewatch.evals.bench import compress as bench_compress
from rewatch.evals.bench import encoders, prefill
from rewatch.evals.bench.clips import SIDE_PIXELS
from rewatch.evals.bench.comparison import Comparison, Result
from rewatch.evals.bench.compress_report import markdown
from rewatch.evals.bench.decoder import Decoder, rotated
from rewatch.evals.bench.encoders import RandomTower, TowerShape
from rewatch.evals.bench.prefill import Prefill

RATIOS = (0.5, 0.1)


def comparison(layers: int | None, measured: list[Prefill]) -> Comparison:
    plan = {
        "frames": 8,
        "encoder": "random",
        "device": "cpu",
        "ratios": RATIOS,
        "shape": "0.5b",
        "layers": layers,
    }
    results = [Result("evs", ratio, 100 * ratio, 0.5, 0.1, 0.01, 0.2, 1.0, 1.0) for ratio in RATIOS]
    return Comparison(plan, ["drawn"], 5.0, results, measured, 100.0)


MEASURED = [Prefill(1000, 9.0, 10.0, None), Prefill(500, 3.0, 4.0, None), Prefill(100, 0.5, 1.0, None)]


def test_the_first_token_comes_after_compressor_and_language_model() -> None:
    told = markdown(comparison(None, MEASURED))
    half, tenth = told.split("### ")[1:3]
    assert "| 4.50 s |" in half
    assert "| 1.50 s |" in tenth
    assert "extrapolated" not in told


def test_how_much_faster_counts_the_compressor() -> None:
    """9 s for all; half a second of the compressor on top of 3 s, or of half a second."""
    half, tenth = markdown(comparison(None, MEASURED)).split("### ")[1:3]
    assert "| 2.6 x |" in half
    assert "| 9.0 x |" in tenth


def test_fewer_layers_are_said_to_be_extrapolated() -> None:
    assert "extrapolated from 2 of its layers" in markdown(comparison(2, MEASURED))


def test_without_a_language_model_there_is_no_first_token() -> None:
    assert "first token" not in markdown(comparison(None, []))


SHAPE = {
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
}


def test_a_token_of_the_decoder_reads_only_what_came_before() -> None:
    torch.manual_seed(0)
    model, embedded = Decoder(SHAPE), torch.randn(1, 6, 16)
    with torch.inference_mode():
        whole, cache = model(embedded)
        part, _ = model(embedded[:, :4])
    torch.testing.assert_close(whole[:, :4], part)
    assert [key.shape for key, _ in cache] == [(1, 2, 6, 4)] * 2


def test_rotary_positions_tell_distances() -> None:
    torch.manual_seed(1)
    query, key = torch.randn(2, 1, 1, 1, 8)
    turned_query, turned_key = (rotated(one.expand(1, 1, 7, 8))[0, 0] for one in (query, key))
    torch.testing.assert_close(turned_query[5] @ turned_key[3], turned_query[3] @ turned_key[1])


def test_prefill_is_told_for_all_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = count()
    monkeypatch.setattr(prefill, "_now", lambda cuda: float(next(ticks)))
    told = prefill.measure_prefill(Decoder(SHAPE), 20, 3, all_layers=24)
    assert told == Prefill(20, 12.0, 13.0, None)


def test_a_tower_of_a_real_shape_is_projected_and_pooled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Uniform frames make uniform features if places are left out, whatever their size."""
    monkeypatch.setitem(encoders.SHAPES, "so400m", TowerShape(27 * 3, 3, 8, 2, 16, 2, projected=True))
    shades = np.repeat(np.array([10, 200], np.uint8), SIDE_PIXELS**2 * 3).reshape(
        2, SIDE_PIXELS, SIDE_PIXELS, 3
    )
    tokens, seconds = encoders.encode(shades, "so400m", "cpu", 24)
    assert tokens.shape == (2, 14 * 14, 24)
    assert seconds > 0
    tower = RandomTower(encoders.SHAPES["so400m"], 24).eval()
    torch.nn.init.zeros_(tower.places)
    with torch.inference_mode():
        even = tower(torch.full((1, 3, SIDE_PIXELS, SIDE_PIXELS), 0.3))
    torch.testing.assert_close(even, even[:, :1].expand_as(even))


def test_the_whole_comparison_runs_and_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command that measures a GPU, on tiny shapes and this CPU."""
    monkeypatch.setitem(encoders.SHAPES, "so400m", TowerShape(27 * 3, 3, 8, 2, 16, 2, projected=True))
    monkeypatch.setitem(prefill.SHAPES, "7b", SHAPE)
    monkeypatch.setattr(bench_compress, "RATIOS", (0.5, 0.02))
    video = render(tmp_path / "short.mp4", numbered_frames(16), fps=Fraction(4))
    asked = ["bench", "compress", str(video), "--encoder", "so400m", "--shape", "7b", "--layers", "0"]
    chosen = ["--frames", "8", "--clips", "0", "--seed", "7", "--method", "evs", "--method", "rewatch"]
    assert main([*asked, *chosen, "--out", str(tmp_path / "out")]) == 0
    told = json.loads((tmp_path / "out" / "compress.json").read_text())
    assert [result["kept"] for result in told["results"]] == [784, 784, 31, 31]
    assert [one["visual_tokens"] for one in told["prefill"]] == [1568, 784, 31]
    assert told["clip_names"] == ["short.mp4"]
    assert "prefill faster" in (tmp_path / "out" / "compress.md").read_text()
    assert (tmp_path / "out" / "compress.png").stat().st_size > 10_000
