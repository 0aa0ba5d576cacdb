"""Models behind an OpenAI-compatible endpoint: what is sent, what is made of every kind of answer, and the key."""

import json
import logging
import math
import traceback
from collections.abc import Iterator

import numpy as np
import openai_server
import pytest
from openai_server import Server, drops, fails, hangs, likely, refuses, says, sends, serving
from pydantic import BaseModel
from videos import frame_number, numbered

from rewatch.memory.errors import ModelOutputError, SettingError, ToolError
from rewatch.memory.types import Cost, Frame
from rewatch.tools.vision import Prices, open_vlm
from rewatch.tools.vision.endpoint import EndpointVlm

KEY = "sk-a-very-secret-key-0123456789"
FRAMES = [Frame(60.0 * index + 0.5, numbered(index, width=168, height=112)) for index in range(5)]
GOOD = {"shown": True, "answer": "a bar"}


class Verdict(BaseModel):
    shown: bool
    answer: str


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(says(GOOD)) as running:
        yield running


def _vlm(server: Server, **options: object) -> EndpointVlm:
    return EndpointVlm("tiny", base_url=server.url, **{"timeout_seconds": 2.0, **options})  # type: ignore[arg-type]


def test_frames_go_in_as_pictures_with_number_and_time_before_each(server: Server) -> None:
    seen = _vlm(server).answer(FRAMES, "What is there?", Verdict)
    assert seen.reply == Verdict(shown=True, answer="a bar")
    kinds = [part["type"] for part in server.content()]
    assert kinds == ["text", "image_url"] * 5 + ["text"]
    assert server.texts() == [
        *("Frame 1 at 0:00.5:", "Frame 2 at 1:00.5:", "Frame 3 at 2:00.5:"),
        *("Frame 4 at 3:00.5:", "Frame 5 at 4:00.5:", "What is there?"),
    ]
    assert [frame_number(image) for image in server.images()] == [0, 1, 2, 3, 4]
    assert server.requests[0]["model"] == "tiny"
    assert server.requests[0]["temperature"] == 0
    assert server.keys == [f"Bearer {KEY}"]


def test_panels_hold_all_frames_by_time_with_their_times_drawn(server: Server) -> None:
    vlm = _vlm(server, panel=2)
    vlm.answer(FRAMES, "?", Verdict)
    grid, last = server.images()
    assert grid.shape[:2] == (2 * 112 + 4, 2 * 168 + 4)
    assert last.shape[:2] == (112, 168)
    cells = [grid[top : top + 112, left : left + 168] for top in (0, 116) for left in (0, 172)]
    assert [frame_number(cell) for cell in [*cells, last]] == [0, 1, 2, 3, 4]
    for cell, frame in zip(cells, FRAMES, strict=False):
        corner, plain = cell[:10, :60].astype(int), frame.image[:10, :60].astype(int)
        assert np.abs(corner - plain).max() > 60
        assert np.abs(cell[20:50, 90:].astype(int) - frame.image[20:50, 90:]).max() < 30
    assert "Frames 1 to 4, 0:00.5 to 3:00.5" in server.texts()[0]
    assert "2x2" in vlm.name
    assert vlm.visual_tokens(4, 168, 112) == vlm.visual_tokens(1, 336, 224)


def test_the_form_goes_along_and_an_endpoint_that_refuses_it_is_asked_without() -> None:
    with serving(fails(400, "response_format and logprobs are not supported"), says(GOOD)) as server:
        vlm = _vlm(server)
        assert vlm.answer(FRAMES[:1], "?", Verdict).reply.shown
        vlm.answer(FRAMES[:1], "?", Verdict)
    assert "response_format" in server.requests[0]
    assert len(server.requests) == 3
    assert not {"response_format", "logprobs"} & (server.requests[1].keys() | server.requests[2].keys())


def test_tokens_are_counted_by_the_endpoint_and_paid_at_its_prices(server: Server) -> None:
    cost = _vlm(server, prices=Prices(2.0, 10.0)).answer(FRAMES[:2], "?", Verdict).cost
    assert cost == Cost(visual_tokens=2 * 6 * 4, llm_tokens=110 - 48, dollars=(100 * 2 + 10 * 10) / 1e6)


def test_the_verdicts_tokens_give_the_probability() -> None:
    for shown in (True, False):
        with serving(says({"shown": shown, "answer": "x"}, logprob=math.log(0.8))) as server:
            seen = _vlm(server).answer(FRAMES[:1], "?", Verdict)
        assert seen.probability == pytest.approx(0.8 if shown else 0.2)
    with serving(says(GOOD)) as server:
        assert _vlm(server).answer(FRAMES[:1], "?", Verdict).probability is None


def test_yes_is_weighed_against_no() -> None:
    tokens = {"Yes": math.log(0.5), " yes": math.log(0.1), "No": math.log(0.2), "Maybe": math.log(0.1)}
    with serving(likely(tokens)) as server:
        assert _vlm(server).yes_probability(FRAMES, "Is it?") == pytest.approx(0.75)
    with serving(says("Yes")) as server:
        assert _vlm(server).yes_probability(FRAMES, "Is it?") is None


@pytest.mark.parametrize(
    "broken", ["I think it is true.", '{"shown": "perhaps", "answer": "x"}', '{"shown": true', "", "[]"]
)
def test_a_reply_that_does_not_fit_is_repaired_once(broken: str) -> None:
    with serving(says(broken), says(f"Sure:\n```json\n{json.dumps(GOOD)}\n```")) as server:
        seen = _vlm(server).answer(FRAMES[:1], "?", Verdict)
    assert seen.reply.shown
    roles = [message["role"] for message in server.requests[1]["messages"]]
    assert roles == ["user", "assistant", "user"]
    assert server.requests[1]["messages"][1]["content"] == broken
    assert seen.cost.llm_tokens + seen.cost.visual_tokens == 2 * 110
    with serving(says(broken)) as server, pytest.raises(ModelOutputError):
        _vlm(server).answer(FRAMES[:1], "?", Verdict)
    assert len(server.requests) == 2


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_endpoint_is_asked_again_when_it_says(status: int) -> None:
    with serving(fails(status, headers={"retry-after": "0.6"}), says(GOOD)) as server:
        assert _vlm(server).answer(FRAMES[:1], "?", Verdict).reply.shown
    assert server.moments[1] - server.moments[0] >= 0.6


@pytest.mark.parametrize(
    ("behaviour", "told"),
    [
        (fails(500, "the disk is full", {"retry-after": "0.01"}), "the disk is full"),
        (fails(429, "slow down", {"retry-after": "0.01"}), "slow down"),
        (fails(404, "no such model"), "no such model"),
        (fails(401, f"bad key {KEY}"), "set OPENAI_API_KEY"),
        (fails(400, f"you sent {KEY}"), r"you sent \[key\]"),
        (hangs(1.0), "did not answer within 0.2 s"),
        (drops, "lost the connection"),
        (sends("{not json"), "fails"),
        (sends("<html>", kind="text/html"), "sent no completion"),
        (sends('{"choices": []}'), "sent no completion"),
        (
            refuses("I will not"),
            "refuses: I will not",
        ),
        (says("", finish_reason="content_filter"), "content filter"),
    ],
)
def test_a_failure_for_good_is_one_line_without_the_key(
    behaviour: openai_server.Behaviour, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        serving(behaviour) as server,
        caplog.at_level(logging.DEBUG),
        pytest.raises(ToolError, match=told) as failed,
    ):
        _vlm(server, timeout_seconds=0.2, retries=1).answer(FRAMES[:1], "?", Verdict)
    assert KEY not in "".join(traceback.format_exception(failed.value))
    assert KEY not in caplog.text
    assert "127.0.0.1" in str(failed.value) or "refuses" in str(failed.value)


def test_an_endpoint_that_is_not_there_is_told(server: Server) -> None:
    vlm = EndpointVlm("tiny", base_url="http://user:word@127.0.0.1:9/v1", retries=0)
    with pytest.raises(ToolError, match="cannot be reached") as failed:
        vlm.answer(FRAMES[:1], "?", Verdict)
    assert "word" not in str(failed.value)


def test_a_key_that_an_endpoint_echoes_reaches_nobody() -> None:
    with serving(says({"shown": True, "answer": f"your key is {KEY}"})) as server:
        assert _vlm(server).answer(FRAMES[:1], "?", Verdict).reply.answer == "your key is [key]"


def test_ones_own_server_needs_no_key_and_a_hosted_one_does(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    assert _vlm(server).answer(FRAMES[:1], "?", Verdict).reply.shown
    with pytest.raises(ToolError, match="set OPENAI_API_KEY"):
        open_vlm("openai:gpt-x").answer(FRAMES[:1], "?", Verdict)


@pytest.mark.parametrize("name", ["gpt-4o", "openai:", "hf:", "file:x", ""])
def test_an_unknown_name_is_refused(name: str) -> None:
    with pytest.raises(SettingError, match="write hf:NAME_OR_FOLDER or openai:MODEL"):
        open_vlm(name)


@pytest.mark.parametrize("panel", [0, 9])
def test_a_panel_outside_its_range_is_refused(panel: int) -> None:
    with pytest.raises(SettingError, match="outside 1 to 8"):
        open_vlm("openai:tiny", panel=panel)


def test_a_local_model_takes_no_endpoint() -> None:
    with pytest.raises(SettingError, match="is local"):
        open_vlm("hf:folder", base_url="http://localhost")
