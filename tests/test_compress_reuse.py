"""Compressed pictures are kept for later questions, and what is known of the footage says which of them are shown."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_models
import torch

from rewatch.memory.encoded_pictures import EncodedPictures
from rewatch.memory.types import Frame, PictureCompression
from rewatch.tools.compress import METHODS, TokenBudget, find_method
from rewatch.tools.compress.hooks import find_hook
from rewatch.tools.compress.hooks.flow import outline_pictures
from rewatch.tools.compress.hooks.outlined import Question
from rewatch.tools.compress.hooks.packing import packed, unpacked
from rewatch.tools.compress.hooks.qwen import Qwen3Hook
from rewatch.tools.vision.compression import Compression, Compressor
from rewatch.tools.vision.footage import Footage
from rewatch.tools.vision.local import LocalVlm, _conversation

Looked = Callable[..., tuple[dict[str, Any], PictureCompression]]


@pytest.fixture(scope="module")
def vlm(tmp_path_factory: pytest.TempPathFactory) -> LocalVlm:
    return LocalVlm(str(tiny_models.save_tiny("qwen3_vl", tmp_path_factory.mktemp("qwen3"))))


@pytest.fixture
def towers(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One entry for each time that the vision tower runs."""
    seen: list[str] = []
    encode = Qwen3Hook.encode

    def counted(self: Qwen3Hook, model: Any, inputs: Any, modality: Any, attention: bool) -> Any:
        seen.append(modality)
        return encode(self, model, inputs, modality, attention)

    monkeypatch.setattr(Qwen3Hook, "encode", counted)
    return seen


def noise(*seeds: int) -> list[Frame]:
    """Frames that have nothing in common, of 16 tokens each."""
    return [
        Frame(float(seed), np.random.default_rng(seed).integers(0, 255, (128, 128, 3), dtype=np.uint8))
        for seed in seeds
    ]


def footage_of(
    folder: Path,
    shots: tuple[int, ...] | None = None,
    relevance: Sequence[float] = (0.0, 0.0),
    shown: dict[str, dict[str, Any]] | None = None,
) -> Footage:
    kept = EncodedPictures(folder / "pictures")
    return Footage("talk", shots, lambda: relevance, kept, {} if shown is None else shown)


def shown_to(
    vlm: LocalVlm, compressor: Compressor, frames: list[Frame], footage: Footage
) -> tuple[dict[str, Any], PictureCompression]:
    """What the language model is given, and what is told of it."""
    model = vlm._load_model()
    times = [frame.seconds for frame in frames]
    inputs = vlm._inputs([frame.image for frame in frames], _conversation(times, "Where?", None))
    given, done = compressor(model, inputs, footage)
    assert done is not None
    return dict(given), done


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    ours, theirs = (given["mm_encoder_outputs"]["image"] for given in (one, other))
    pairs = [
        *zip(ours.pooler_output, theirs.pooler_output, strict=True),
        *((a[0], b[0]) for a, b in zip(ours.deepstack_features, theirs.deepstack_features, strict=True)),
        *((one[name], other[name]) for name in ("input_ids", "attention_mask", "position_ids")),
    ]
    return all(torch.equal(a, b) for a, b in pairs)


def kept_of_each(vlm: LocalVlm, given: dict[str, Any], count: int) -> list[int]:
    """How many tokens each of so many pictures keeps."""
    ids, config = given["input_ids"][0], vlm._load_model().config
    starts = torch.nonzero(ids == config.vision_start_token_id).squeeze(1).tolist()
    assert len(starts) == count
    pieces = torch.tensor_split(ids, torch.tensor(starts))[1:]
    return [int((piece == config.image_token_id).sum()) for piece in pieces]


@pytest.mark.parametrize("text", ["rewatch:0.1", "rewatch:0.5", "fastvid:0.2", "quota:0.25", "scissor:0.1"])
def test_another_process_shows_the_same_without_the_tower(
    text: str, vlm: LocalVlm, tmp_path: Path, towers: list[str]
) -> None:
    """A compressor that is new knows only the files."""
    told = []
    for _ in range(2):
        footage = footage_of(tmp_path, (0, 0, 1, 1), [0.0, 3.0, 0.0, 1.0])
        told.append(shown_to(vlm, Compressor(Compression.parse(text)), noise(1, 2, 3, 4), footage))
    (first, done), (again, later) = told
    assert same(first, again)
    assert len(towers) == 1
    assert (done.reused, later.reused) == (False, True)
    assert later.vision_seconds == 0
    assert (later.before_tokens, later.after_tokens) == (done.before_tokens, done.after_tokens)


def test_files_that_are_damaged_or_of_another_layout_are_made_again(
    vlm: LocalVlm, tmp_path: Path, towers: list[str]
) -> None:
    def look() -> tuple[dict[str, Any], PictureCompression]:
        return shown_to(vlm, Compressor(Compression.parse("rewatch:0.1")), noise(1, 2), footage_of(tmp_path))

    first, _ = look()
    (path,) = (tmp_path / "pictures" / "talk").iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    assert same(look()[0], first)
    assert path.read_bytes() == whole
    EncodedPictures(tmp_path / "pictures").put("talk", path.name, b"of another program")
    assert same(look()[0], first)
    assert path.read_bytes() == whole
    assert len(towers) == 3


def test_other_shots_methods_and_budgets_are_other_results(
    vlm: LocalVlm, tmp_path: Path, towers: list[str]
) -> None:
    for text, shots in (("rewatch:0.1", (0, 0)), ("rewatch:0.1", (0, 1)), ("rewatch:0.2", (0, 0))):
        shown_to(vlm, Compressor(Compression.parse(text)), noise(1, 2), footage_of(tmp_path, shots))
    shown_to(vlm, Compressor(Compression.parse("evs:0.1")), noise(1, 2), footage_of(tmp_path, (0, 0)))
    assert len(towers) == len(list((tmp_path / "pictures" / "talk").iterdir())) == 4


@pytest.mark.parametrize("share", ["0.2", "0.4"])
def test_relevant_frames_keep_more(share: str, vlm: LocalVlm, tmp_path: Path) -> None:
    compressor, frames = Compressor(Compression.parse(f"rewatch:{share}")), noise(1, 2, 3, 4, 5, 6)
    kept = {}
    for number in (1, 4):
        relevance = [3.0 if frame == number else 0.0 for frame in range(6)]
        given, _ = shown_to(vlm, compressor, frames, footage_of(tmp_path, None, relevance))
        kept[number] = kept_of_each(vlm, given, 6)
    assert sum(kept[1]) == sum(kept[4]) == int(6 * 16 * float(share))
    assert kept[1][1] > kept[4][1]
    assert kept[4][4] > kept[1][4]


def test_what_was_shown_before_gives_way_to_what_was_not(vlm: LocalVlm, tmp_path: Path) -> None:
    compressor, shown = Compressor(Compression.parse("rewatch:0.4")), {}
    old, both = noise(1), noise(1, 2)
    fresh, _ = shown_to(vlm, compressor, both, footage_of(tmp_path))
    shown_to(vlm, compressor, old, footage_of(tmp_path, None, [0.0], shown))
    later, _ = shown_to(vlm, compressor, both, footage_of(tmp_path, shown=shown))
    assert kept_of_each(vlm, later, 2)[1] > kept_of_each(vlm, fresh, 2)[1]


def test_a_repair_is_about_the_same_pictures_and_shows_nothing_twice(
    vlm: LocalVlm, tmp_path: Path, towers: list[str]
) -> None:
    compressor, footage = Compressor(Compression.parse("rewatch:0.2")), footage_of(tmp_path, None, [1.0, 0.0])
    first, done = shown_to(vlm, compressor, noise(1, 2), footage)
    (remembered,) = footage.shown.values()
    before = remembered["shown"]
    again, later = shown_to(vlm, compressor, noise(1, 2), footage)
    assert same(first, again)
    assert remembered["shown"] is before
    assert before.shape[0] == done.after_tokens
    assert later == replace(done, vision_seconds=0.0, compress_seconds=0.0, reused=True)
    assert len(towers) == 1


@pytest.mark.parametrize("name", [*METHODS, "quota:evs"])
def test_every_result_survives_the_way_through_bytes(name: str, vlm: LocalVlm) -> None:
    model, hook, method = vlm._load_model(), find_hook("qwen3_vl"), find_method(name)
    frames = noise(1, 1, 2)
    inputs = vlm._inputs([frame.image for frame in frames], _conversation([0.0, 1.0, 2.0], "?", None))
    made = outline_pictures(hook, model, inputs, method, TokenBudget(ratio=0.1), Question(shots=(0, 0, 1)))
    found = unpacked(packed(made), torch.device("cpu"))
    assert found is not None
    assert packed(found) == packed(made)
    ours, theirs = made.modalities["image"], found.modalities["image"]
    assert ours.total == theirs.total
    (one,), (other,) = ours.clips, theirs.clips
    assert torch.equal(one.places, other.places)
    assert torch.equal(one.compressed.tokens, other.compressed.tokens)
    assert torch.equal(one.compressed.links, other.compressed.links)
    assert one.compressed.grid == other.compressed.grid
    assert all(torch.equal(a, b) for a, b in zip(one.levels, other.levels, strict=True))
