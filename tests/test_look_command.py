"""`rewatch look` and `rewatch index --captions` as a user meets them, with a real server behind them."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from openai_server import Handler, Server, hangs, says, serving
from seeing import red_video

from rewatch.agent.backends import Backends
from rewatch.agent.cli import main
from rewatch.agent.presets import resolve
from rewatch.agent.settings import Settings
from rewatch.memory.errors import SettingError, ToolError
from rewatch.memory.types import Frame, Limits
from rewatch.tools.vision.local import LocalVlm

KEY = "sk-command-line-secret"


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return red_video(tmp_path_factory.mktemp("video") / "wall.mp4")


def _model(handler: Handler) -> None:
    """Says of a look that the second and third frame show it, and describes a segment."""
    form = json.dumps(handler.server.told.requests[-1]["response_format"])
    looked = {"shown": True, "answer": "A \x1b[31mred\x1b[0m wall", "frames": [2, 3]}
    says(looked if "shown" in form else {"caption": "A wall in crimson"})(handler)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with serving(_model) as running:
        yield running


@pytest.fixture
def look(server: Server, tmp_path: Path, video: Path) -> Callable[..., int]:
    library = str(tmp_path / "library")
    model = ["--vlm", "openai:tiny", "--base-url", server.url]
    return lambda *more: main(["look", str(video), "Is it red?", *model, "--library", library, *more])


def test_a_look_says_what_where_and_at_what_cost(
    look: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert look("--from", "2", "--to", "6") == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[0] == "A \\x1b[31mred\\x1b[0m wall"
    assert "shown 0:0" in out
    assert "visual tokens" in out
    assert KEY not in out + err


def test_json_gives_the_observations_and_a_second_look_asks_nobody(
    look: Callable[..., int], server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    assert look("--json") == look("--json") == 0
    out, _ = capsys.readouterr()
    first, second = (json.loads(part) for part in (out[: len(out) // 2], out[len(out) // 2 :]))
    assert first == second
    assert first[0]["tool"] == "look"
    assert first[0]["frame_seconds"]
    assert len(server.requests) == 1


def test_panels_put_several_frames_into_a_picture(look: Callable[..., int], server: Server) -> None:
    assert look("--from", "2", "--to", "6") == look("--from", "2", "--to", "6", "--panel", "2") == 0
    alone, grids = (len(server.images(number)) for number in (0, 1))
    assert 0 < grids < alone


def test_a_local_models_attention_is_a_setting() -> None:
    settings = resolve({"vlm": "hf:folder"}, {"REWATCH_ATTENTION": "eager"}, {}, dict)
    with pytest.raises(SettingError, match="attention 'quick'"):
        replace(settings, attention="quick")
    vlm = Backends(settings).models().vlm
    assert isinstance(vlm, LocalVlm)
    assert vlm.attention == "eager"


def test_a_recorded_look_is_replayed_without_a_server(
    look: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tape = tmp_path / "run.jsonl"
    assert look("--json", "--record", str(tape)) == 0
    recorded = capsys.readouterr().out
    away = [
        "--base-url",
        "http://127.0.0.1:9/v1",
        "--library",
        str(tmp_path / "other"),
        "--replay",
        str(tape),
    ]
    assert look("--json", *away) == 0
    assert capsys.readouterr().out == recorded
    assert KEY not in tape.read_text()
    assert look("--json", *away, "--detail", "fine", "--to", "5") == 2
    assert "does not hold this call of the vlm" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("reply", "status", "said"),
    [
        ({"shown": False, "answer": "no red", "frames": []}, 3, ""),
        ("nonsense", 1, "the model's reply cannot be used"),
    ],
)
def test_how_it_ends_is_told_by_the_status(
    reply: dict[str, object] | str,
    status: int,
    said: str,
    video: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with serving(says(reply)) as server:
        model = ["--vlm", "openai:tiny", "--base-url", server.url, "--library", str(tmp_path / "library")]
        assert main(["look", str(video), "Is it red?", *model]) == status
    assert said in capsys.readouterr().err


def test_a_server_that_hangs_is_not_waited_for_longer_than_the_run_may_last() -> None:
    with serving(hangs(1.0)) as server:
        settings = Settings(vlm="openai:tiny", base_url=server.url, limits=Limits(seconds=0.3))
        frame = Frame(0.0, np.zeros((56, 56, 3), np.uint8))
        with pytest.raises(ToolError, match=r"did not answer within 0\.3 s"):
            Backends(settings).models().vlm.yes_probability([frame], "Is it red?")


def test_mistakes_are_told_before_anything_is_asked(
    look: Callable[..., int], server: Server, video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    library = ["--library", str(tmp_path / "library")]
    assert main(["look", str(video), "Is it red?", *library]) == 1
    assert "no vlm is set" in capsys.readouterr().err
    assert look("--vlm", "tiny") == 2
    assert look("--from", "0:20") == 2
    assert look("--detail", "huge") == 2
    assert main(["look", str(video), " ", *library]) == 2
    assert main(["look", str(tmp_path / "none.mp4"), "What?", *library, "--vlm", "openai:x"]) == 2
    assert main(["index", str(video), *library, "--estimate"]) == 2
    assert main(["index", str(video), *library, "--vlm", "openai:x"]) == 2
    assert main(["index", str(video), *library, "--captions"]) == 2
    assert not server.requests


def test_captions_are_told_their_cost_and_made_after_consent(
    server: Server, video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    library = ["--library", str(tmp_path / "library")]
    index = ["index", str(video), *library, "--captions", "--vlm", "openai:tiny", "--base-url", server.url]
    assert main([*index, "--estimate"]) == 0
    assert "segments left to describe: 1, about" in capsys.readouterr().err
    assert main(index) == 2
    assert len(server.requests) == 1
    assert "add --yes" in capsys.readouterr().err
    assert main([*index, "--yes"]) == 0
    asked = len(server.requests)
    assert main([*index, "--yes"]) == 0
    assert "all scenes are described" in capsys.readouterr().err
    assert len(server.requests) == asked == 2
    assert main(["search", str(video), "crimson", *library]) == 0
    assert "A wall in crimson" in capsys.readouterr().out
