"""Local models of five families load by their folder, look at frames, and tell how sure they are.

The weights are random, so that what a model says is noise; what is tested is everything around it. The model is
made to speak by choosing its tokens, never by replacing it.
"""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_models
import torch
from pydantic import BaseModel
from transformers import LogitsProcessor
from videos import numbered

from rewatch.memory.errors import ModelOutputError, ToolError
from rewatch.memory.types import Frame
from rewatch.tools.vision import local, open_vlm
from rewatch.tools.vision.local import LocalVlm

Prepared = tuple[Mapping[str, Any], None]

FRAMES = [Frame(0.5 + index, numbered(index, width=160, height=96)) for index in range(3)]


class Verdict(BaseModel):
    shown: bool
    answer: str


class _Dictation(LogitsProcessor):  # type: ignore[misc]
    """Makes a model write given texts, one after the other, by allowing one token a step."""

    def __init__(self, tokenizer: Any, texts: list[str]) -> None:
        self._tokenizer, self._texts, self._left = tokenizer, texts, [0]

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        if len(self._left) <= 1:
            self._left = [*self._tokenizer(self._texts.pop(0))["input_ids"], self._tokenizer.eos_token_id]
        else:
            self._left.pop(0)
        said = torch.full_like(scores, -math.inf)
        said[:, self._left[0]] = 0
        return said


@pytest.fixture(scope="module")
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models.save_tiny(request.param, tmp_path_factory.mktemp("models") / request.param)


@pytest.fixture(scope="module")
def qwen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models.save_tiny("qwen2_5_vl", tmp_path_factory.mktemp("models") / "qwen")


def _dictated(folder: Path, *texts: str, **options: Any) -> LocalVlm:
    """A model that says these texts, with its own probabilities for what it says."""
    vlm = LocalVlm(str(folder), device="cpu", prepare=_prepared, **options)
    tokenizer = vlm._load_processor().tokenizer
    _DICTATIONS[id(vlm._load_model())] = _Dictation(tokenizer, list(texts))
    return vlm


_DICTATIONS: dict[int, _Dictation] = {}


def _prepared(model: Any, inputs: Mapping[str, Any], footage: object) -> Prepared:
    return {**inputs, "logits_processor": [_DICTATIONS[id(model)]]}, None


@pytest.mark.parametrize("folder", list(tiny_models.FAMILIES), indirect=True)
def test_every_family_answers_in_the_form_that_was_asked_for(folder: Path) -> None:
    vlm = _dictated(folder, json.dumps({"shown": True, "answer": "a bar"}))
    seen = vlm.answer(FRAMES, "What is there?", Verdict)
    assert seen.reply == Verdict(shown=True, answer="a bar")
    assert seen.probability is not None
    assert 0 < seen.probability < 1
    estimate = vlm.estimate(3, 160, 96, "What is there?")
    assert 0 < seen.cost.visual_tokens <= estimate.visual_tokens
    assert 0 < seen.cost.llm_tokens <= estimate.llm_tokens
    assert vlm.visual_tokens(3, 160, 96) == 3 * vlm.visual_tokens(1, 160, 96) > 0


def test_noise_is_refused_after_one_repair(qwen: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "MAX_NEW_TOKENS", 16)
    asked = []

    def prepare(model: Any, inputs: Mapping[str, Any], footage: object) -> Prepared:
        asked.append(inputs["input_ids"].shape[1])
        return inputs, None

    vlm = LocalVlm(str(qwen), device="cpu", prepare=prepare)
    with pytest.raises(ModelOutputError, match="no JSON object"):
        vlm.answer(FRAMES[:1], "What is there?", Verdict)
    assert len(asked) == 2
    assert asked[1] > asked[0]


def test_a_broken_reply_is_repaired_and_both_attempts_are_paid(qwen: Path) -> None:
    good = json.dumps({"shown": False, "answer": "nothing"})
    once = _dictated(qwen, good).answer(FRAMES, "?", Verdict)
    twice = _dictated(qwen, '{"shown": "perhaps"}', good).answer(FRAMES, "?", Verdict)
    assert twice.reply == once.reply
    assert twice.cost.visual_tokens == 2 * once.cost.visual_tokens
    assert twice.cost.llm_tokens > once.cost.llm_tokens


def test_frames_go_in_by_number_and_time(qwen: Path) -> None:
    vlm = _dictated(qwen, '{"shown": true, "answer": "x"}')
    texts: list[str] = []
    inner = vlm._prepare

    def read(model: Any, inputs: Mapping[str, Any], footage: Any) -> Prepared:
        texts.append(vlm._processor.tokenizer.decode(inputs["input_ids"][0]))
        assert inputs["pixel_values"].shape[0] == sum(int(grid.prod()) for grid in inputs["image_grid_thw"])
        return inner(model, inputs, footage)

    vlm._prepare = read
    vlm.answer(FRAMES, "Which one?", Verdict)
    order = [texts[0].index(part) for part in ("Frame 1 at 0:00.5:", "Frame 2 at 0:01.5:", "Which one?")]
    assert order == sorted(order)
    first = texts[0].split("Frame 2")[0]
    assert first.index("Frame 1") < first.index("<|image_pad|>")


def test_the_probability_is_that_of_the_verdicts_tokens(qwen: Path) -> None:
    """Recomputed from a forward pass of the bare model over the same conversation."""
    reply = '{"shown": false, "answer": "no"}'
    vlm = _dictated(qwen, reply)
    captured: dict[str, Any] = {}
    inner = vlm._prepare

    def keep(model: Any, inputs: Mapping[str, Any], footage: Any) -> Prepared:
        captured.update(inputs)
        return inner(model, inputs, footage)

    vlm._prepare = keep
    seen = vlm.answer(FRAMES[:1], "?", Verdict)
    tokenizer = vlm._processor.tokenizer
    said = tokenizer(reply)["input_ids"]
    ids = torch.cat([captured["input_ids"], torch.tensor([said])], dim=1)
    kinds = torch.cat([captured["mm_token_type_ids"], torch.zeros(1, len(said), dtype=torch.long)], dim=1)
    more = {**captured, "input_ids": ids, "attention_mask": torch.ones_like(ids), "mm_token_type_ids": kinds}
    with torch.inference_mode():
        logits = vlm._load_model()(**more).logits[0, -len(said) - 1 : -1].log_softmax(-1)
    chosen = logits.gather(-1, torch.tensor(said)[:, None])[:, 0]
    pieces = [tokenizer.decode([token]) for token in said]
    starts = np.cumsum([0, *map(len, pieces)])
    value = reply.index("false"), reply.index("false") + len("false")
    carrying = [
        chosen[index].item()
        for index in range(len(said))
        if starts[index] < value[1] and starts[index + 1] > value[0]
    ]
    expected = 1 - math.exp(sum(carrying) / len(carrying))
    assert seen.probability == pytest.approx(expected, abs=1e-4)


def test_yes_is_weighed_against_no_by_the_models_own_logits(
    qwen: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "_LIKELY_TOKENS", 10_000)
    captured: dict[str, Any] = {}

    def keep(model: Any, inputs: Mapping[str, Any], footage: object) -> Prepared:
        captured.update(inputs)
        return inputs, None

    vlm = LocalVlm(str(qwen), device="cpu", prepare=keep)
    probability = vlm.yes_probability(FRAMES[:2], "Is there a bar?")
    with torch.inference_mode():
        logits = vlm._load_model()(**captured).logits[0, -1].softmax(-1).tolist()
    mass = {"yes": 0.0, "no": 0.0}
    for token, likely in enumerate(logits):
        word = vlm._processor.tokenizer.decode([token]).strip().lower()
        if word in mass:
            mass[word] += likely
    assert min(mass.values()) > 0
    assert probability == pytest.approx(mass["yes"] / sum(mass.values()), rel=1e-4)


@pytest.mark.parametrize("source", ["/nowhere/at/all", "{empty}"])
def test_a_model_that_is_not_there_is_told_in_one_line(source: str, tmp_path: Path) -> None:
    vlm = open_vlm(f"hf:{source.format(empty=tmp_path)}", device="cpu")
    with pytest.raises(ToolError, match="cannot be loaded") as refused:
        vlm.visual_tokens(1, 64, 64)
    assert "\n" not in str(refused.value)


def test_attention_and_dtype_are_those_asked_for(qwen: Path) -> None:
    vlm = LocalVlm(str(qwen), device="cpu", dtype="bfloat16", attention="eager")
    model = vlm._load_model()
    assert model.dtype == torch.bfloat16
    assert model.config._attn_implementation == "eager"
    assert vlm.visual_tokens(1, 64, 64) > 0
    vlm.yes_probability(FRAMES[:1], "?")
