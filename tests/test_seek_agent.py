"""The agent seeks what no words tell: in the right order, with honest words, and never twice the same.

The film numbers its frames and shows a red square at one time and a blue one at another; the detector finds squares by
their colour, and the model in the test sees whether a frame holds red. Nobody says a word.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_seek_video import FPS, RED, ColourSeer, _frames, _square
from videos import render

from rewatch.agent import Settings, VideoAgent
from rewatch.agent.answer import Answer
from rewatch.agent.backends import Backends
from rewatch.agent.calls import ToolCall
from rewatch.agent.events import Finished, Planned
from rewatch.memory.errors import LimitReached
from rewatch.memory.ingest.settings import IngestSettings
from rewatch.memory.types import Frame, Limits, Span
from rewatch.tools.meter import Meter
from rewatch.tools.registry import tool
from rewatch.tools.seek.scorers.probe import ProbeScorer
from rewatch.tools.vision.scripted import ScriptedVlm

WHEN = "When does the red square appear?"


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render(tmp_path_factory.mktemp("film") / "squares.mp4", _frames(), fps=FPS, gop=50)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(Backends, "_detector", lambda self: ColourSeer())
    return Settings(tmp_path / "library", IngestSettings(read_screen=False), detector="hf:colours")


def red_seer(*, blind: bool = False) -> ScriptedVlm:
    def see(frames: Sequence[Frame], prompt: str) -> dict[str, Any]:
        shown = [n for n, frame in enumerate(frames, 1) if not blind and _square(frame.image, "red")]
        return {
            "shown": bool(shown),
            "answer": "A red one." if shown else "",
            "frames": shown,
            "probability": 0.9,
        }

    return ScriptedVlm(see)


def told(
    settings: Settings, film: Path, question: str, vlm: ScriptedVlm | None = None, span: Span | None = None
) -> tuple[Answer, list[ToolCall]]:
    """The answer, and the calls that were planned on the way."""
    with VideoAgent(settings, vlm=vlm) as agent:
        events = list(agent.stream(film, question, span=span))
    last = events[-1]
    assert isinstance(last, Finished)
    return last.answer, [call for event in events if isinstance(event, Planned) for call in event.calls]


def test_a_moment_is_found_by_looking_and_told_with_its_probability(settings: Settings, film: Path) -> None:
    answer, calls = told(settings, film, WHEN)
    assert [call.tool for call in calls] == ["search", "seek"]
    assert answer.found
    assert answer.text.startswith("At 1:0")
    assert "found by looking: “red square”, with probability 0." in answer.text
    assert RED.contains(answer.spans[0].start_seconds)
    assert RED.contains(answer.frame_seconds[0])
    assert answer.confidence > 0.5
    assert answer.evidence[0].source == "visual"


def test_an_order_is_told_from_what_was_found_by_looking(settings: Settings, film: Path) -> None:
    answer, calls = told(settings, film, "Which comes first, the blue square or the red square?")
    assert [call.arguments["targets"] for call in calls if call.tool == "seek"] == [
        ["blue square", "red square"]
    ]
    assert answer.text.startswith(
        "“red square” (1:01) comes first, then “blue square” (2:00), found by looking"
    )
    assert [RED.contains(span.start_seconds) for span in answer.spans] == [True, False]
    all_of_them, again = told(settings, film, "In which order do the blue square and the red square appear?")
    assert [call.arguments["targets"] for call in again if call.tool == "seek"] == [
        ["blue square", "red square"]
    ]
    assert [span.start_seconds for span in all_of_them.spans] == [s.start_seconds for s in answer.spans]
    one, _ = told(settings, film, "Which comes first, the blue square or the red square?", span=Span(0, 100))
    assert not one.found


def test_a_second_question_starts_from_the_looks_of_the_first(settings: Settings, film: Path) -> None:
    poor = Settings(settings.library, settings.ingest, Limits(frames=20), detector=settings.detector)
    assert told(settings, film, WHEN)[0].found
    again, _ = told(poor, film, "Is there a red square in the video?")
    assert again.text.startswith("Yes. 1:0")
    assert again.cost.frames <= 20


def test_what_is_nowhere_is_said_with_how_finely_was_looked(settings: Settings, film: Path) -> None:
    answer, _ = told(settings, film, WHEN, span=Span(70, 170))
    assert not answer.found
    assert "“red square” is not in the picture at 1:10–2:50 with probability 0." in answer.missing
    assert "frames were looked at, at most" in answer.missing
    assert answer.confidence > 0.5


def test_a_look_refines_what_was_sought(settings: Settings, film: Path) -> None:
    answer, calls = told(settings, film, WHEN, red_seer())
    assert [call.tool for call in calls][:3] == ["search", "seek", "look"]
    first = calls[2].span
    assert first is not None
    assert first.overlaps(RED)
    assert answer.found
    assert "seen: A red one." in answer.text
    assert RED.start_seconds - 1 <= answer.spans[0].start_seconds <= RED.end_seconds


def test_what_was_found_is_looked_at_in_its_own_pixels(settings: Settings, film: Path) -> None:
    shown: list[np.ndarray] = []

    def see(frames: Sequence[Frame], prompt: str) -> dict[str, Any]:
        shown.extend(frame.image for frame in frames)
        return {"shown": False, "answer": "", "frames": []}

    _, calls = told(settings, film, "What does the red square look like?", ScriptedVlm(see))
    close = [call for call in calls if call.tool == "look" and call.arguments.get("box")]
    assert len(close) == 1
    assert close[0].span is not None
    assert RED.contains(close[0].span.start_seconds)
    crops = [image for image in shown if image.shape[1] < 100]
    assert crops
    assert all(image.shape == crops[0].shape and _square(image, "red") for image in crops)


def test_a_look_that_denies_a_moment_is_believed(settings: Settings, film: Path) -> None:
    answer, calls = told(settings, film, WHEN, red_seer(blind=True))
    assert [call.tool for call in calls][:2] == ["search", "seek"]
    assert "look" in {call.tool for call in calls}
    assert not answer.found


@pytest.mark.parametrize(
    "question", ["When does he explain the red square?", "What is the red square worth?"]
)
def test_what_only_words_tell_is_not_sought(settings: Settings, film: Path, question: str) -> None:
    answer, calls = told(settings, film, question)
    assert not answer.found
    assert "seek" not in {call.tool for call in calls}


def test_a_search_leaves_frames_to_look_with(settings: Settings, film: Path) -> None:
    limited = Settings(settings.library, settings.ingest, Limits(frames=40), detector=settings.detector)
    _, calls = told(limited, film, "When does the blue square appear?")
    assert [call.arguments["max_looks"] for call in calls if call.tool == "seek"] == [20]
    starved = Settings(settings.library, settings.ingest, Limits(frames=10), detector=settings.detector)
    _, calls = told(starved, film, "When does the blue square appear?")
    assert "seek" not in {call.tool for call in calls}


def test_a_probe_pays_before_it_asks() -> None:
    asked: list[int] = []
    vlm = ScriptedVlm({}, yes=lambda frames, question: asked.append(frames[0].image.shape[1]) or 0.5)
    frames = [Frame(float(n), np.zeros((720, 1280, 3), np.uint8)) for n in range(16)]
    meter = Meter(Limits(visual_tokens=2000))
    ProbeScorer(vlm, meter).score_tile(frames[:4], ["a cat"])
    assert set(asked) == {336}
    assert meter.cost.visual_tokens > 0
    with pytest.raises(LimitReached):
        ProbeScorer(vlm, meter).score(frames, ["a cat"])


def test_a_planner_is_told_what_seek_is_for() -> None:
    entry = tool("seek")
    assert "visible only briefly" in entry.description
    assert "does not show it at all" in entry.description
    described = entry.schema["properties"]
    assert set(described) == {
        *("targets", "cues", "relations", "question", "start_seconds", "end_seconds", "max_looks", "video_id")
    }
    assert all(field["description"] for field in described.values())
