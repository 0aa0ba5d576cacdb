"""Compressed tokens reach the language models of five families where they belong.

The models are tiny and have random weights: what is compared is what the whole model computes of the same tokens.
"""

from typing import Any

import numpy as np
import pytest
import tiny_models
import torch

from rewatch.memory.errors import InputError, SettingError
from rewatch.tools.compress import TokenBudget
from rewatch.tools.compress.hooks import HOOKS, compress_inputs, find_hook
from rewatch.tools.compress.hooks.hook import pooled_attention

VIDEO_FAMILIES = ("qwen2_5_vl", "qwen3_vl", "llava_onevision")
FRAMES_AS_IMAGES = ("smolvlm", "internvl")
CASES = [(family, "video") for family in VIDEO_FAMILIES] + [(family, "image") for family in HOOKS]


@pytest.fixture(scope="module")
def models() -> dict[str, tuple[Any, Any]]:
    loaded = {}
    for family in HOOKS:
        torch.manual_seed(0)
        model, processor = tiny_models.FAMILIES[family](tiny_models._tokenizer())
        if family.startswith("qwen"):  # the tokenizer that all families share has LLaVA's name for it
            processor.video_token = "<|video_pad|>"
            processor.video_token_id = model.config.video_token_id
        loaded[family] = model.eval(), processor
    return loaded


def frames(seed: int, count: int = 6) -> list[np.ndarray]:
    """A still picture in which one square changes from frame to frame."""
    chance = np.random.default_rng(seed)
    still = chance.integers(0, 255, (64, 64, 3), dtype=np.uint8)
    shown = [still.copy() for _ in range(count)]
    for number, frame in enumerate(shown):
        side = 8 * (number % 4)
        frame[side : side + 24, side : side + 24] = chance.integers(0, 255, (24, 24, 3), dtype=np.uint8)
    return shown


def inputs_of(processor: Any, kind: str, prompts: list[str], counts: list[int] | None = None) -> Any:
    counts = counts or [6] * len(prompts)
    pictures = [frames(seed, count) for seed, count in enumerate(counts)]
    texts = []
    for prompt, count in zip(prompts, counts, strict=True):
        shown = [{"type": "video"}] if kind == "video" else [{"type": "image"}] * count
        turns = [{"role": "user", "content": [*shown, {"type": "text", "text": prompt}]}]
        texts.append(processor.apply_chat_template(turns, add_generation_prompt=True, tokenize=False))
    given: dict[str, Any] = {"videos": [np.stack(video) for video in pictures]}
    if kind == "image":
        given = {"images": pictures if len(prompts) > 1 else pictures[0]}
    elif "Qwen" in type(processor).__name__:
        given["do_sample_frames"] = False
    processor.tokenizer.padding_side = "left"
    return processor(text=texts, padding=True, return_tensors="pt", **given)


def logits(model: Any, **given: Any) -> torch.Tensor:
    with torch.inference_mode():
        return model(**given).logits


@pytest.mark.parametrize(("family", "kind"), CASES)
def test_keeping_all_is_the_plain_forward(family: str, kind: str, models: dict[str, Any]) -> None:
    model, processor = models[family]
    inputs = inputs_of(processor, kind, ["When does it stop?"])
    prepared = compress_inputs(model, inputs, method="evs", budget=TokenBudget(ratio=1.0))
    assert prepared.pictures.before == prepared.pictures.after > 0
    assert torch.equal(logits(model, **prepared.inputs), logits(model, **inputs))
    outputs = prepared.inputs["mm_encoder_outputs"][kind]
    assert not any(
        features.requires_grad for features in outputs.pooler_output
    )  # no tower keeps its activations


@pytest.mark.parametrize(("family", "kind"), CASES)
def test_dropped_tokens_are_as_if_masked_in_the_whole_sequence(
    family: str, kind: str, models: dict[str, Any]
) -> None:
    model, processor = models[family]
    inputs = inputs_of(processor, kind, ["When does it stop?", "Is the red car there, and where?"])
    prepared = compress_inputs(model, inputs, method="evs", budget=TokenBudget(ratio=0.4))
    assert prepared.pictures.after < prepared.pictures.before
    mask = inputs["attention_mask"] * prepared.keep
    positions = find_hook(family).positions(model, inputs)
    masked = logits(model, **{**inputs, "attention_mask": mask, "position_ids": positions})
    short = logits(model, **prepared.inputs)
    for sample in range(2):
        kept = masked[sample][mask[sample].bool()]
        found = short[sample][prepared.inputs["attention_mask"][sample].bool()]
        torch.testing.assert_close(found, kept, atol=1e-5, rtol=0)


@pytest.mark.parametrize("method", ["dtd", "fastvid", "sttm", "rewatch"])
@pytest.mark.parametrize(("family", "kind"), CASES)
def test_generating_with_a_cache_is_greedy_decoding_without(
    family: str, kind: str, method: str, models: dict[str, Any]
) -> None:
    model, processor = models[family]
    inputs = inputs_of(processor, kind, ["Where?", "When does the red car stop?"])
    prepared = compress_inputs(model, inputs, method=method, budget=TokenBudget(ratio=0.3))
    with torch.inference_mode():
        out = model.generate(**prepared.inputs, max_new_tokens=5, do_sample=False, eos_token_id=-1)
    made = out[:, -5:]
    given = dict(prepared.inputs)
    for step in range(5):
        best = logits(model, **given)[:, -1].argmax(-1, keepdim=True)
        assert best.tolist() == made[:, step : step + 1].tolist()
        given["input_ids"] = torch.cat([given["input_ids"], best], dim=1)
        mask = given["attention_mask"]
        given["attention_mask"] = torch.cat([mask, mask.new_ones(2, 1)], dim=1)
        positions = given["position_ids"]
        given["position_ids"] = torch.cat([positions, positions[..., -1:] + 1], dim=-1)


@pytest.mark.parametrize(("family", "kind"), [case for case in CASES if case != ("llava_onevision", "video")])
def test_samples_of_a_batch_keep_different_numbers(family: str, kind: str, models: dict[str, Any]) -> None:
    """The videos of one LLaVA-OneVision batch are stacked, so they have equal lengths."""
    model, processor = models[family]
    inputs = inputs_of(processor, kind, ["Where?", "When does the red car stop?"], counts=[4, 6])
    prepared = compress_inputs(model, inputs, method="evs", budget=TokenBudget(ratio=0.5))
    text = inputs["attention_mask"].bool() & prepared.keep
    assert prepared.inputs["attention_mask"].sum(dim=1).tolist() == text.sum(dim=1).tolist()
    assert len({clip.index.shape[0] for clip in prepared.pictures.clips}) > 1
    masked = logits(
        model,
        **{
            **inputs,
            "attention_mask": text.long(),
            "position_ids": find_hook(family).positions(model, inputs),
        },
    )
    short = logits(model, **prepared.inputs)
    torch.testing.assert_close(short[:, -1], masked[:, -1], atol=1e-5, rtol=0)


def test_deepstack_levels_are_cut_like_the_tokens(models: dict[str, Any]) -> None:
    model, processor = models["qwen3_vl"]
    inputs = inputs_of(processor, "video", ["Where?"])
    prepared = compress_inputs(model, inputs, method="avgpool", budget=TokenBudget(ratio=0.3))
    output = prepared.inputs["mm_encoder_outputs"]["video"]
    plain = model.model.get_video_features(
        inputs["pixel_values_videos"], inputs["video_grid_thw"], return_dict=True
    )
    (clip,) = prepared.pictures.clips
    assert len(output.deepstack_features) == 2
    for level, original in zip(output.deepstack_features, plain.deepstack_features, strict=True):
        expected = torch.stack(
            [original[0][clip.assign == row].mean(dim=0) for row in range(clip.index.shape[0])]
        )
        torch.testing.assert_close(level[0], expected)


def test_line_ends_of_llava_onevision_are_kept(models: dict[str, Any]) -> None:
    model, processor = models["llava_onevision"]
    inputs = inputs_of(processor, "video", ["Where?"])
    prepared = compress_inputs(model, inputs, method="avgpool", budget=TokenBudget(tokens=1))
    features = prepared.inputs["mm_encoder_outputs"]["video"].pooler_output[0]
    assert prepared.pictures.after == 2
    torch.testing.assert_close(features[-1], model.model.image_newline)


@pytest.mark.parametrize("family", HOOKS)
def test_each_frame_shares_out_the_attention_of_its_pooled_query(family: str, models: dict[str, Any]) -> None:
    model, processor = models[family]
    kind = "video" if family in VIDEO_FAMILIES else "image"
    inputs = inputs_of(processor, kind, ["Where?"])
    plain = find_hook(family).encode(model, inputs, kind, False)
    encoded = find_hook(family).encode(model, inputs, kind, True)
    assert plain.attention is None
    assert torch.equal(plain.features, encoded.features)
    assert encoded.attention is not None
    assert encoded.attention.shape == (encoded.features.shape[0],)
    part = encoded.parts[0]
    drawn = encoded.attention[part.places].view(part.grid[0], -1)
    assert bool((drawn > 0).all())
    shares = drawn.sum(dim=1) * 4
    if family == "internvl":  # its class token takes a share
        assert bool((shares < 1).all())
    else:
        torch.testing.assert_close(shares, torch.ones_like(shares))


def test_the_pooled_query_is_the_mean_of_all_queries() -> None:
    torch.manual_seed(1)
    block = torch.nn.Module()
    block.q_proj, block.k_proj, block.num_heads = torch.nn.Linear(6, 6), torch.nn.Linear(6, 6), 2
    hidden = torch.randn(2, 5, 6)
    found = pooled_attention(block, hidden)
    for frame in range(2):
        query, key = block.q_proj(hidden[frame]), block.k_proj(hidden[frame])
        heads = [
            torch.softmax(query[:, h : h + 3].mean(dim=0) @ key[:, h : h + 3].T / 3**0.5, dim=0)
            for h in (0, 3)
        ]
        torch.testing.assert_close(found[frame], (heads[0] + heads[1]) / 2)


def test_positions_of_qwen_2_5_are_those_of_time_and_place(models: dict[str, Any]) -> None:
    """Pins what the language model was trained on: time in steps of a grid's seconds, then rows, then columns."""
    model, processor = models["qwen2_5_vl"]
    inputs = inputs_of(processor, "video", ["Where?"])
    inputs["second_per_grid_ts"] = torch.tensor([1.0])
    frames_, rows, columns = (inputs["video_grid_thw"][0] // torch.tensor([1, 2, 2])).tolist()
    placeholders = inputs["input_ids"][0] == model.config.video_token_id
    time, row, column = find_hook("qwen2_5_vl").positions(model, inputs)[:, 0, placeholders]
    start = int(placeholders.nonzero()[0])
    step = model.config.vision_config.tokens_per_second
    grid = torch.cartesian_prod(torch.arange(frames_), torch.arange(rows), torch.arange(columns)).T + start
    assert ((time - start) // step + start).tolist() == grid[0].tolist()
    assert (row.tolist(), column.tolist()) == (grid[1].tolist(), grid[2].tolist())


def test_positions_of_qwen_3_leave_time_to_the_text(models: dict[str, Any]) -> None:
    """Pins that each frame stands at one time, after the text that tells it."""
    model, processor = models["qwen3_vl"]
    inputs = inputs_of(processor, "video", ["Where?"])
    frames_, rows, columns = (inputs["video_grid_thw"][0] // torch.tensor([1, 2, 2])).tolist()
    placeholders = inputs["input_ids"][0] == model.config.video_token_id
    time, row, column = find_hook("qwen3_vl").positions(model, inputs)[:, 0, placeholders]
    for frame in range(frames_):
        own = slice(frame * rows * columns, (frame + 1) * rows * columns)
        start = int(time[own][0])
        assert time[own].unique().tolist() == [start]
        assert row[own].tolist() == [start + i for i in range(rows) for _ in range(columns)]
        assert column[own].tolist() == [start + j for _ in range(rows) for j in range(columns)]
    prepared = compress_inputs(model, inputs, method="evs", budget=TokenBudget(tokens=3))
    without = [
        ids[ids != model.config.video_token_id] for ids in (inputs["input_ids"], prepared.inputs["input_ids"])
    ]
    assert without[0].tolist() == without[1].tolist()


def test_a_family_without_a_hook_is_told_what_to_do_instead() -> None:
    with pytest.raises(SettingError, match="fewer or smaller frames"):
        find_hook("llama")


def test_a_prompt_without_pictures_is_refused(models: dict[str, Any]) -> None:
    model, processor = models["qwen2_5_vl"]
    inputs = processor(text=["Where?"], return_tensors="pt")
    with pytest.raises(InputError, match="no pictures"):
        compress_inputs(model, inputs, method="evs", budget=TokenBudget(ratio=0.5))
