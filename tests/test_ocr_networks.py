"""The OCR networks are rewritten to compute the same with fewer steps."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import rapidocr_onnxruntime
from onnxruntime import InferenceSession
from PIL import Image, ImageDraw, ImageFont

from rewatch.memory.errors import ToolError
from rewatch.memory.ingest.ocr_networks import open_network, simplified
from rewatch.memory.ingest.onnx_format import Network

MODELS = Path(rapidocr_onnxruntime.__file__).parent / "models"
SHAPES = {"ch_PP-OCRv4_det_infer.onnx": (1, 3, 96, 128), "ch_PP-OCRv4_rec_infer.onnx": (1, 3, 48, 200)}


@pytest.mark.parametrize("name", SHAPES)
def test_a_rewritten_network_gives_the_same_result(name: str) -> None:
    image = Image.new("RGB", SHAPES[name][:1:-1], "white")
    ImageDraw.Draw(image).text((10, 4), "Words", font=ImageFont.load_default(36), fill="black")
    pixels = np.asarray(image, np.float32).transpose(2, 0, 1)[None] / 127.5 - 1
    shipped = InferenceSession(MODELS / name, providers=["CPUExecutionProvider"])
    (expected,) = shipped.run(None, {"x": pixels})
    (result,) = open_network(MODELS / name, 1).run(None, {"x": pixels})
    assert result == pytest.approx(expected, abs=1e-4)
    assert float(np.ptp(expected)) > 0.9


@pytest.mark.parametrize("name", SHAPES)
def test_activations_take_two_steps_and_no_number_is_multiplied_alone(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(simplified(MODELS / name))
    before, after = Network(MODELS / name), Network(tmp_path / name)
    counts = [Counter(node.op_type for node in network.nodes) for network in (before, after)]
    assert counts[0]["Clip"] > 20
    assert counts[1]["Clip"] == 0
    assert counts[1]["Mul"] + counts[1]["Add"] < 0.5 * (counts[0]["Mul"] + counts[0]["Add"])


def test_a_network_without_such_steps_comes_back_as_it_was(tmp_path: Path) -> None:
    name = next(iter(SHAPES))
    once, twice = tmp_path / "once.onnx", tmp_path / "twice.onnx"
    once.write_bytes(simplified(MODELS / name))
    twice.write_bytes(simplified(once))
    nodes = [[node.op_type for node in Network(path).nodes] for path in (once, twice)]
    assert nodes[0] == nodes[1]


def test_what_is_no_network_is_refused(tmp_path: Path) -> None:
    (tmp_path / "broken.onnx").write_bytes(b"\xff\xfe not a network")
    with pytest.raises(ToolError, match=r"broken\.onnx is not an ONNX file"):
        Network(tmp_path / "broken.onnx")
