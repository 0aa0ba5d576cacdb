"""A local model that looks reads compressed pictures when it is told to, and remembers them."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_models
import torch
from pydantic import BaseModel
from seeing import context_with, red_video

from rewatch.agent import Settings
from rewatch.agent.calls import ToolCall
from rewatch.agent.cli import main
from rewatch.agent.cli.steps import describe
from rewatch.agent.events import Called
from rewatch.memory.errors import SettingError, ToolError
from rewatch.memory.library import Library
from rewatch.memory.types import Cost, Frame, Observation, PictureCompression
from rewatch.tools.compress.hooks import HOOKS, find_hook
from rewatch.tools.look import look
from rewatch.tools.replay import Recorder, Replay, Tape
from rewatch.tools.vision import Reply, Seen, Vlm, open_vlm
from rewatch.tools.vision.compression import Compression, Compressor
from rewatch.tools.vision.footage import Footage
from rewatch.tools.vision.local import LocalVlm
from rewatch.tools.vision.recorded import RecordedVlm
from rewatch.tools.vision.scripted import ScriptedVlm
from rewatch.tools.vision.structured import Written, validated


def frames(seed: int) -> list[Frame]:
    chance = np.random.default_rng(seed)
    still = chance.integers(0, 255, (64, 64, 3), dtype=np.uint8)
    shown = [still.copy() for _ in range(5)]
    shown[3][16:48, 16:48] = 0
    return [Frame(float(number), image) for number, image in enumerate(shown)]


@pytest.fixture(scope="module", params=sorted(tiny_models.FAMILIES))
def folder(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models.save_tiny(request.param, tmp_path_factory.mktemp(request.param))


class Said(BaseModel):
    """What a model with random weights may say: anything that it was dictated."""

    shown: bool


class Noted(Compressor):
    """A compressor that keeps what it has told."""

    def __init__(self, text: str) -> None:
        super().__init__(Compression.parse(text))
        self.told: list[PictureCompression | None] = []

    def __call__(self, *given: Any) -> Any:
        inputs, done = super().__call__(*given)
        self.told.append(done)
        return inputs, done


def blind(patched: pytest.MonkeyPatch, vlm: LocalVlm) -> None:
    """No vision tower of the model's family may run."""

    def look(*given: Any) -> None:
        raise AssertionError("the tower looked")

    patched.setattr(type(find_hook(vlm._load_model().config.model_type)), "encode", look)


def test_fewer_tokens_are_read_and_the_same_pictures_are_encoded_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted = Noted("rewatch:0.4")
    vlm = LocalVlm(str(folder), prepare=noted, shown="(rewatch:0.4)")
    vlm.yes_probability(frames(0), "Is it dark?")
    with monkeypatch.context() as patched:
        blind(patched, vlm)
        vlm.yes_probability(frames(0), "Is there a red car?")
        with pytest.raises(AssertionError, match="looked"):
            vlm.yes_probability(frames(1), "Is it dark?")
    vlm.yes_probability(frames(1), "Is it dark?")
    first, again, other = noted.told
    assert first is not None
    assert again is not None
    assert other is not None
    assert 0 < first.after_tokens < first.before_tokens
    assert first.ratio == first.after_tokens / first.before_tokens
    assert min(first.vision_seconds, first.compress_seconds) > 0
    same = replace(again, vision_seconds=first.vision_seconds, compress_seconds=first.compress_seconds)
    assert same == replace(first, reused=True)
    assert again.vision_seconds == 0
    assert (first.reused, other.reused) == (False, False)


def test_what_was_done_to_the_tokens_comes_with_the_answer_and_first_attempt() -> None:
    done = PictureCompression("rewatch", 100, 25, 0.25, 2.0, 0.1, reused=False)
    later = replace(done, vision_seconds=0.0, compress_seconds=0.0, reused=True)
    attempts = iter([Written("noise", Cost(), (), done), Written('{"shown": true}', Cost(), (), later)])
    assert validated(lambda repair: next(attempts), Said).compression == done


def test_a_look_tells_its_compression_in_the_memory_the_trace_and_on_a_tape(tmp_path: Path) -> None:
    done = PictureCompression("rewatch", 100, 25, 0.25, 2.0, 0.1, reused=False)

    class Compressing(ScriptedVlm):
        def answer(
            self,
            frames: Sequence[Frame],
            prompt: str,
            schema: type[Reply],
            footage: Footage | None = None,
        ) -> Seen[Reply]:
            return replace(super().answer(frames, prompt, schema, footage), compression=done)

    path = red_video(tmp_path / "wall.mp4")

    def looked(folder: str, model: Vlm, tape: Tape) -> list[Observation]:
        with Library.open(tmp_path / folder) as library:
            video = library.recognise(path)
            context = context_with(library, video, RecordedVlm(model, tape))
            seen = look(context, video.video_id, None, "Is it red?")
            assert library.store.observations([item.id for item in seen]) == seen
            return seen

    with Recorder(tmp_path / "run.jsonl") as tape:
        first = looked("one", Compressing({"": {"shown": True, "answer": "red", "frames": [1, 3]}}), tape)
    assert [item.compression for item in first] == [done, done]
    assert looked("two", ScriptedVlm({}), Replay(tmp_path / "run.jsonl")) == first
    call = ToolCall.of("look", "look", question="Is it red?", video_id="v")
    step = describe(Called(call, ("a",), compression=done))
    assert step.endswith("rewatch: 100 visual tokens to 25 (25%), 0.10 s after 2.00 s of the vision tower")


def test_answers_to_compressed_pictures_are_those_of_another_model() -> None:
    names = {open_vlm("hf:folder", compression=text).name for text in ("", "evs:0.5", "rewatch:2048")}
    assert names == {"hf:folder", "hf:folder (evs:0.5)", "hf:folder (rewatch:2048)"}


@pytest.mark.parametrize("text", ["evs", "evs:", "evs:0", "evs:-1", "evs:2.5", ":0.5", "evs:nan"])
def test_a_compression_that_says_nothing_is_refused(text: str) -> None:
    with pytest.raises(SettingError, match="METHOD:SHARE"):
        Compression.parse(text)


@pytest.mark.parametrize("name", ["nothing", "flexselect", "quota:nothing", "quota:flexselect", "evs:dtd"])
def test_a_method_that_cannot_be_used_is_refused_before_any_model_is_loaded(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SettingError, match="choose one of rewatch, evs, dtd"):
        Settings(vlm="hf:/no/such/folder", compression=f"{name}:0.5")
    asked = ["look", "no.mp4", "Is it red?", "--vlm", "hf:/no/such/folder", "--compression", f"{name}:0.5"]
    assert main(asked) == 2
    assert "choose one of rewatch, evs, dtd" in capsys.readouterr().err


def test_a_family_without_a_hook_is_refused_before_its_weights_are_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tiny_models.save_tiny("smolvlm", tmp_path / "model")
    monkeypatch.delitem(HOOKS, "smolvlm")
    for weights in path.glob("*.safetensors"):
        weights.unlink()
    vlm = open_vlm(f"hf:{path}", compression="rewatch:0.5")
    with pytest.raises(ToolError, match=r"type 'smolvlm', only for .*; show fewer or smaller frames instead"):
        vlm.answer(frames(0), "?", Said)


def test_features_that_are_no_numbers_fail_the_look(folder: Path) -> None:
    """As a tower's may in half precision."""
    vlm = LocalVlm(str(folder), prepare=Compressor(Compression.parse("rewatch:0.4")))
    model = vlm._load_model()
    with torch.no_grad():
        for weights in model.parameters():
            weights.fill_(float("nan"))
    with pytest.raises(ToolError, match="cannot be shown these frames: tokens hold NaN"):
        vlm.answer(frames(0), "?", Said)


def test_a_model_behind_an_endpoint_is_told_to_show_fewer_frames() -> None:
    with pytest.raises(SettingError, match="fewer or smaller frames"):
        open_vlm("openai:model", compression="evs:0.5")
    with pytest.raises(SettingError, match="fewer or smaller frames"):
        Settings(vlm="openai:model", compression="evs:0.5")
