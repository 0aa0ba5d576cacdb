"""A model's probabilities are fitted to looks whose truth is known, kept in a file, and corrected from then on."""

import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from openai_server import Handler, Server, says, serving
from pydantic import BaseModel
from seeing import RED, is_red, red_video

from rewatch.agent.cli import main
from rewatch.memory.errors import SettingError
from rewatch.memory.types import Frame
from rewatch.tools.vision.calibration import CalibratedVlm, Calibration
from rewatch.tools.vision.scripted import ScriptedVlm


class Shown(BaseModel):
    shown: bool


def overconfident(count: int, temperature: float, bias: float) -> tuple[list[float], list[bool]]:
    """What a model says whose log-odds are wrong by a known temperature and bias, and what is true."""
    chance = np.random.default_rng(1)
    right = chance.normal(0, 2, count)
    truths = chance.random(count) < 1 / (1 + np.exp(-right))
    said = 1 / (1 + np.exp(-(right - bias) * temperature))
    return said.tolist(), truths.tolist()


@pytest.mark.parametrize(("temperature", "bias"), [(3.0, 0.0), (0.5, 0.0), (2.0, -1.0)])
def test_the_fit_finds_by_how_much_a_model_is_wrong(temperature: float, bias: float) -> None:
    fitted = Calibration.fit(*overconfident(20_000, temperature, bias))
    assert fitted.temperature == pytest.approx(temperature, rel=0.06)
    assert fitted.bias == pytest.approx(bias, abs=0.06)


def test_looks_that_are_all_told_apart_leave_a_little_doubt() -> None:
    fitted = Calibration.fit([0.999] * 5 + [0.001] * 5, [True] * 5 + [False] * 5)
    assert fitted.apply(0.999) == pytest.approx(6 / 7, abs=0.01)
    assert fitted.apply(0.001) == pytest.approx(1 / 7, abs=0.01)
    assert 0 < fitted.apply(0.0) < fitted.apply(1.0) < 1


@pytest.mark.parametrize(
    ("said", "truths", "fault"),
    [
        ([0.5, 0.6], [True, True], "needs both"),
        ([0.9, 0.8, 0.1, 0.2], [False, False, True, True], "the less was true"),
    ],
)
def test_looks_that_teach_nothing_are_refused(
    said: Sequence[float], truths: Sequence[bool], fault: str
) -> None:
    with pytest.raises(SettingError, match=fault):
        Calibration.fit(said, truths)


def test_a_calibration_is_for_the_model_that_it_was_fitted_to() -> None:
    def see(frames: Sequence[Frame], prompt: str) -> dict[str, object]:
        return {"shown": True, "answer": "x", "frames": [], "probability": 0.9}

    model = ScriptedVlm(see, name="one")
    frame = Frame(0.0, np.zeros((8, 8, 3), np.uint8))
    calibrated = CalibratedVlm(model, Calibration(2.0, 1.0, "one"))
    moved = calibrated.answer([frame], "?", Shown).probability
    assert moved == pytest.approx(1 / (1 + math.exp(-(math.log(0.9 / 0.1) / 2 + 1))))
    assert calibrated.name != model.name, "looks that were kept without it are not its own"
    with pytest.raises(SettingError, match="fitted to one, not to another"):
        CalibratedVlm(ScriptedVlm(see, name="another"), Calibration(2.0, 1.0, "one"))


@pytest.fixture(scope="module")
def wall(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return red_video(tmp_path_factory.mktemp("video") / "wall.mp4")


def boastful(handler: Handler) -> None:
    """Sees whether the wall is red, says the contrary of what it sees in one span, and is always 99 % sure."""
    server: Server = handler.server.told
    red = any(is_red(Frame(0.0, image)) for image in server.images())
    lies = "lie" in server.texts()[-1]
    says({"shown": red != lies, "answer": "x", "frames": []}, logprob=math.log(0.99))(handler)


def test_what_was_fitted_makes_a_boastful_model_modest(
    wall: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-000000000000")
    spans = [(start, end, True) for start, end in RED] + [(0.0, 2.0, False), (6.0, 7.0, False)]
    labels = [
        {"video": wall.name, "start": str(start), "end": str(end), "question": question, "shown": shown}
        for start, end, shown in spans
        for question in ("Is it red?", "Is it crimson?", "Is that a lie?")
    ]
    looks = wall.parent / "looks.jsonl"
    looks.write_text("".join(json.dumps(label) + "\n" for label in labels))
    fitted = tmp_path / "fitted.json"
    with serving(boastful) as server:
        model = ["--vlm", "openai:tiny", "--base-url", server.url]
        assert main(["bench", "calibration", str(looks), "--out", str(fitted), "--json", *model]) == 0
        told = json.loads(capsys.readouterr().out)
        assert told["temperature"] > 2
        assert told["brier_after"] < told["brier_before"]
        look = ["look", str(wall), "Is it red?", *model, "--library", str(tmp_path / "library"), "--json"]
        assert main(look) == 0
        believed = json.loads(capsys.readouterr().out)[0]["probability"]
        monkeypatch.setenv("REWATCH_VLM_CALIBRATION", str(fitted))
        assert main(look) == 0
        assert 0.5 < json.loads(capsys.readouterr().out)[0]["probability"] < 0.85 < believed
        assert main([*look, "--vlm", "openai:other"]) == 2
    assert "fit one to it" in capsys.readouterr().err


def test_labels_that_cannot_be_read_are_told_by_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    looks = tmp_path / "looks.jsonl"
    good = '{"video": "a.mp4", "start": "0", "end": "1", "question": "?", "shown": true}'
    command = ["bench", "calibration", str(looks), "--out", str(tmp_path / "out"), "--vlm", "openai:x"]
    for text, fault in [
        (f"{good}\n{good[:-6]}", "line 2: JSON"),
        (good.replace("shown", "seen"), "line 1: shown: Field required"),
        (good, "1 looks that show it and 0 that do not"),
    ]:
        looks.write_text(text)
        assert main(command) == 2
        assert fault in capsys.readouterr().err
