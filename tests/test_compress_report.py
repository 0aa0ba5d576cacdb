"""The benchmark of compressors tells per method what it costs until the first token, and what was extrapolated."""

from itertools import count

import pytest
import torch

from rewatch.evals.bench import prefill
from rewatch.evals.bench.comparison import Comparison, Result
from rewatch.evals.bench.compress_report import markdown
from rewatch.evals.bench.decoder import Decoder, rotated
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
