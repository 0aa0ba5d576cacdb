"""Looks that were recorded are replayed without the model, from the same video and nothing else."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from langgraph.runtime import Runtime
from seeing import CountingVlm, context_with, red_video
from videos import numbered

from rewatch.agent.calls import ToolCall
from rewatch.agent.context import RunContext
from rewatch.agent.nodes import act
from rewatch.agent.planners.rules import RulesPlanner
from rewatch.agent.settings import Settings
from rewatch.agent.writers.quoting import QuotingWriter
from rewatch.memory.errors import ReplayError, ToolError
from rewatch.memory.library import Library
from rewatch.memory.types import Frame, Span
from rewatch.tools.captions import caption
from rewatch.tools.look import look
from rewatch.tools.replay import Recorder, Replay, Tape
from rewatch.tools.vision import Vlm
from rewatch.tools.vision.endpoint import EndpointVlm
from rewatch.tools.vision.recorded import RecordedVlm
from rewatch.tools.vision.scripted import ScriptedVlm

WHOLE = Span(0.0, 12.0)
NO_MODEL = EndpointVlm("gone", base_url="http://127.0.0.1:9/v1", retries=0)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return red_video(tmp_path_factory.mktemp("video") / "wall.mp4")


def _run(folder: Path, path: Path, tape: Tape, model: Vlm, question: str = "When is it red?") -> list[object]:
    """A look and a caption in a new library; what was seen and spent."""
    with Library.open(folder) as library:
        video = library.recognise(path)
        context = context_with(library, video, RecordedVlm(model, tape))
        seen = look(context, video.video_id, WHOLE, question)
        described = caption(context, video.video_id, [Span(3.0, 5.0)])
        seen += [replace(item, cost=replace(item.cost, seconds=0.0)) for item in described]
        return [*seen, replace(context.meter.cost, seconds=0.0)]


def test_a_replay_sees_and_spends_the_same_without_the_model(tmp_path: Path, path: Path) -> None:
    with Recorder(tmp_path / "run.jsonl") as tape:
        recorded = _run(tmp_path / "one", path, tape, CountingVlm())
    assert _run(tmp_path / "two", path, Replay(tmp_path / "run.jsonl"), NO_MODEL) == recorded


def test_another_question_is_an_error_that_names_it(tmp_path: Path, path: Path) -> None:
    with Recorder(tmp_path / "run.jsonl") as tape:
        _run(tmp_path / "one", path, tape, CountingVlm())
    with pytest.raises(ReplayError, match=r"prompt was .*red\?.*and is .*blue\?"):
        _run(tmp_path / "two", path, Replay(tmp_path / "run.jsonl"), NO_MODEL, "When is it blue?")


def test_other_pixels_are_an_error(tmp_path: Path) -> None:
    frames = [Frame(1.0, numbered(3)), Frame(2.0, numbered(4))]

    def yes(shown: Sequence[Frame], question: str) -> float:
        return 0.25

    with Recorder(tmp_path / "run.jsonl") as tape:
        assert RecordedVlm(ScriptedVlm({}, yes=yes), tape).yes_probability(frames, "?") == 0.25
    replay = RecordedVlm(NO_MODEL, Replay(tmp_path / "run.jsonl"))
    assert replay.yes_probability(frames, "?") == 0.25
    with pytest.raises(ReplayError, match=r"frames\[1\].sha256 was"):
        replay.yes_probability([frames[0], Frame(2.0, numbered(5))], "?")


def test_a_failure_is_replayed_as_a_failure(tmp_path: Path, path: Path) -> None:
    with Recorder(tmp_path / "run.jsonl") as tape, pytest.raises(ToolError) as first:
        _run(tmp_path / "one", path, tape, NO_MODEL)
    with pytest.raises(ToolError) as second:
        _run(tmp_path / "two", path, Replay(tmp_path / "run.jsonl"), CountingVlm())
    assert str(second.value) == str(first.value)


def test_a_recording_holds_no_pixels(tmp_path: Path, path: Path) -> None:
    with Recorder(tmp_path / "run.jsonl") as tape:
        _run(tmp_path / "one", path, tape, CountingVlm())
    assert (tmp_path / "run.jsonl").stat().st_size < 60_000


def test_a_replay_that_does_not_fit_ends_the_agents_run(tmp_path: Path, path: Path) -> None:
    with Recorder(tmp_path / "run.jsonl") as tape:
        _run(tmp_path / "one", path, tape, CountingVlm())
    with Library.open(tmp_path / "two") as library:
        model = RecordedVlm(NO_MODEL, Replay(tmp_path / "run.jsonl"))
        tools = context_with(library, library.recognise(path), model)
        run = RunContext(Settings(library.folder), tools, RulesPlanner(), QuotingWriter(tools))
        call = ToolCall.of("look", span=WHOLE, question="When is it blue?")
        state: Any = {"question": "When is it blue?", "options": {}, "planned": [call.to_plain()]}
        with pytest.raises(ReplayError, match=r"blue\?"):
            act(state, Runtime(context=run, stream_writer=lambda event: None))
