"""A local model that looks reads compressed pictures when it is told to, and remembers them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_models

from rewatch.memory.errors import SettingError
from rewatch.memory.types import Frame
from rewatch.tools.vision import open_vlm
from rewatch.tools.vision.compression import Compression, Compressor
from rewatch.tools.vision.local import LocalVlm


def frames(seed: int) -> list[Frame]:
    chance = np.random.default_rng(seed)
    still = chance.integers(0, 255, (64, 64, 3), dtype=np.uint8)
    shown = [still.copy() for _ in range(5)]
    shown[3][16:48, 16:48] = 0
    return [Frame(float(number), image) for number, image in enumerate(shown)]


@pytest.fixture(scope="module", params=sorted(tiny_models.FAMILIES))
def folder(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models.save_tiny(request.param, tmp_path_factory.mktemp(request.param))


def test_fewer_tokens_are_read_and_the_same_pictures_are_compressed_once(folder: Path) -> None:
    compressor = Compressor(Compression.parse("rewatch:0.4"))
    vlm = LocalVlm(str(folder), prepare=compressor, shown="(rewatch:0.4)")
    vlm.yes_probability(frames(0), "Is it dark?")
    first = compressor.report
    assert first is not None
    assert not first.reused
    assert 0 < first.after < first.before
    assert first.compress_seconds > 0
    vlm.yes_probability(frames(0), "Is there a red car?")
    again = compressor.report
    assert again is not None
    assert again.reused
    assert (again.before, again.after, again.ratio) == (first.before, first.after, first.ratio)
    vlm.yes_probability(frames(1), "Is it dark?")
    assert compressor.report is not None
    assert not compressor.report.reused


def test_answers_to_compressed_pictures_are_those_of_another_model() -> None:
    names = {open_vlm("hf:folder", compression=text).name for text in ("", "evs:0.5", "rewatch:2048")}
    assert names == {"hf:folder", "hf:folder (evs:0.5)", "hf:folder (rewatch:2048)"}


@pytest.mark.parametrize("text", ["evs", "evs:", "evs:0", "evs:-1", "evs:2.5", ":0.5", "evs:nan"])
def test_a_compression_that_says_nothing_is_refused(text: str) -> None:
    with pytest.raises(SettingError, match="METHOD:SHARE"):
        Compression.parse(text)


def test_a_model_behind_an_endpoint_is_told_to_show_fewer_frames() -> None:
    with pytest.raises(SettingError, match="fewer or smaller frames"):
        open_vlm("openai:model", compression="evs:0.5")
