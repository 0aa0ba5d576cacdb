"""The real detector code on a tiny OWLv2 with random weights: frames, tiles, boxes."""

from pathlib import Path

import numpy as np
import pytest
import torchvision_stub  # noqa: F401

from rewatch.memory.errors import ToolError
from rewatch.memory.types import Frame
from rewatch.tools.seek.scorers.detector import DetectorScorer, open_detector


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> DetectorScorer:
    import torch
    from transformers import CLIPTokenizer, Owlv2Config, Owlv2ForObjectDetection, Owlv2Processor
    from transformers.models.owlv2.image_processing_pil_owlv2 import Owlv2ImageProcessorPil

    folder = tmp_path_factory.mktemp("owl")
    letters = [chr(code) for code in range(97, 123)]
    words = [*letters, *(letter + "</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text("{" + ",".join(f'"{word}": {n}' for n, word in enumerate(words)) + "}")
    (folder / "merges.txt").write_text("#version: 0.2\n")
    tokenizer = CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"))
    small = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = Owlv2Config(
        text_config={**small, "vocab_size": len(words), "max_position_embeddings": 16},
        vision_config={**small, "image_size": 64, "patch_size": 16},
        projection_dim=16,
    )
    torch.manual_seed(0)
    images = Owlv2ImageProcessorPil(size={"height": 64, "width": 64})
    return DetectorScorer("tiny", Owlv2ForObjectDetection(config), Owlv2Processor(images, tokenizer))


def test_a_detector_scores_frames_and_tiles(detector: DetectorScorer) -> None:
    chance = np.random.default_rng(0)
    frames = [Frame(float(n), chance.integers(0, 255, (48, 80, 3), dtype=np.uint8)) for n in range(5)]
    alone = detector.score(frames, ["red", "dog"])
    assert alone.values.shape == (5, 2)
    assert ((alone.values > 0) & (alone.values < 1)).all()
    assert all(0 <= edge <= 1 for row in alone.boxes for box in row if box for edge in box)
    assert detector.score(frames[2:3], ["red", "dog"]).values[0] == pytest.approx(alone.values[2], abs=1e-5)
    tile = detector.score_tile(frames, ["red", "dog"])
    assert tile.values.shape == (5, 2)
    assert len(tile.boxes) == 5


def test_a_missing_detector_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="cannot be opened"):
        open_detector(str(tmp_path / "nowhere"))
