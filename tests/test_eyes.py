"""Questions about what is seen: without a visual model nothing is guessed, with one it is looked at, twice.

The film is red for its first minute, then blue; the model in the test sees colours by their mean, and no more.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from videos import render

from rewatch.agent import Settings, VideoAgent
from rewatch.agent.answer import Answer
from rewatch.agent.looking import tells
from rewatch.agent.question import ground
from rewatch.memory.errors import ToolError
from rewatch.memory.ingest.settings import IngestSettings
from rewatch.memory.types import Frame, Limits, Span
from rewatch.tools.vision.scripted import ScriptedVlm

RED, BLUE = (200, 20, 20), (20, 20, 200)
SAID = {
    10: "Look at the curtain behind me, I bought it last year in Vienna.",
    40: "My own coat is green, as you may remember from the last lecture.",
    80: "Now the curtain has changed, and that is the end of the trick.",
}


def srt(said: dict[int, str]) -> str:
    return "\n".join(
        f"{n}\n00:0{t // 60}:{t % 60:02},000 --> 00:0{t // 60}:{t % 60 + 5:02},000\n{text}\n"
        for n, (t, text) in enumerate(said.items(), 1)
    )


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "curtain trick.mp4"
    colours = [RED] * 60 + [BLUE] * 60
    render(path, (np.full((48, 64, 3), colour, np.uint8) for colour in colours), fps=1, gop=10)
    path.with_suffix(".srt").write_text(srt(SAID), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(library=tmp_path_factory.mktemp("library"), ingest=IngestSettings(read_screen=False))


@pytest.fixture(scope="module")
def blind(settings: Settings) -> Iterator[VideoAgent]:
    with VideoAgent(settings) as agent:
        yield agent


def colour_of(frame: Frame) -> str:
    red, _, blue = frame.image.reshape(-1, 3).mean(axis=0)
    return "red" if red > blue else "blue"


class Seer:
    """Sees the colour of each frame, and remembers what it was asked."""

    def __init__(self, second: str = "") -> None:
        self.asked: list[str] = []
        self._second = second
        self.vlm = ScriptedVlm(self._answer)

    def _answer(self, frames: Sequence[Frame], prompt: str) -> dict[str, Any]:
        question = prompt.partition("Question: ")[2].partition("\n")[0]
        self.asked.append(question)
        colours = [self._second or colour_of(frame) for frame in frames]
        if question.startswith("Do these frames show"):
            shown = [n for n, colour in enumerate(colours, 1) if colour in question]
            return {
                "shown": bool(shown),
                "answer": f"It is {colours[0]}.",
                "frames": shown,
                "probability": 0.9,
            }
        shown = list(range(1, len(frames) + 1))
        return {"shown": True, "answer": f"It is {colours[0]}.", "frames": shown, "probability": 0.9}


def seen(settings: Settings, film: Path, seer: Seer, question: str, **given: Any) -> Answer:
    limits = given.pop("limits", Limits())
    with VideoAgent(Settings(settings.library, settings.ingest, limits), vlm=seer.vlm) as agent:
        return agent.ask(film, question, **given)


@pytest.mark.parametrize(
    "question",
    [
        "What colour is the curtain?",
        "Is the man smiling in the picture?",
        "What is the man in the coat doing?",
        "How many people are in the room?",
        "What is shown in the picture behind the curtain?",
        "What does the curtain look like?",
    ],
)
def test_without_eyes_what_is_seen_is_not_guessed_from_words(
    blind: VideoAgent, film: Path, question: str
) -> None:
    answer = blind.ask(film, question)
    assert not answer.found
    assert "needs a visual model" in answer.text
    assert "curtain trick.mp4' " in answer.missing
    assert "--preset local" in answer.missing
    assert all(claim.verdict != "supported" for claim in answer.claims)


def test_without_eyes_words_that_say_it_are_an_answer(blind: VideoAgent, film: Path) -> None:
    answer = blind.ask(film, "What colour is the coat?")
    assert answer.found
    assert "green" in answer.text


@pytest.mark.parametrize(
    ("question", "text", "said"),
    [
        ("What colour is the jacket that she is wearing?", "My jacket is red.", True),
        ("What colour is the jacket that she is wearing?", "I like this jacket.", False),
        ("What colour is the jacket that she is wearing?", "The red car is outside.", False),
        ("How many people are walking in the street?", "There are four people in the street.", True),
        ("How many people are walking in the street?", "People like this street.", False),
        ("What is the dog in the garden doing?", "The dog is digging in the garden.", True),
        ("What is the dog in the garden doing?", "Let us talk about the weather.", False),
    ],
)
def test_words_tell_what_is_seen_only_when_they_name_it_with_the_kind_asked_for(
    question: str, text: str, said: bool
) -> None:
    assert tells(ground(question, 100.0), text) is said


def test_with_eyes_the_best_moments_are_looked_at_twice(settings: Settings, film: Path) -> None:
    seer = Seer()
    answer = seen(settings, film, seer, "What colour is the curtain that he bought in Vienna?")
    assert answer.found
    assert "seen: It is red." in answer.text
    assert (answer.claims[0].verdict, answer.confidence) == ("supported", 0.9)
    assert answer.spans[0].start_seconds <= 10 < answer.spans[0].end_seconds <= 60
    assert answer.evidence[0].source == "visual"
    assert answer.evidence[0].frame_seconds
    assert answer.cost.frames > 0
    first, *_, last = seer.asked
    assert first == "What colour is the curtain that he bought in Vienna?"
    assert last.startswith("Do these frames show the following? ")


def test_what_a_second_look_does_not_show_is_no_answer(settings: Settings, film: Path) -> None:
    class Fickle(Seer):
        def _answer(self, frames: Sequence[Frame], prompt: str) -> dict[str, Any]:
            said = super()._answer(frames, prompt)
            doubted = "Do these frames show" in prompt
            return {"shown": False, "answer": "I see no curtain.", "frames": []} if doubted else said

    answer = seen(settings, film, Fickle(), "What colour is the curtain in the picture?")
    assert not answer.found
    assert {claim.verdict for claim in answer.claims} == {"refuted"}


def test_an_option_is_chosen_by_what_is_seen(settings: Settings, film: Path) -> None:
    options = {"A": "blue", "B": "red", "C": "white"}
    answer = seen(settings, film, Seer(), "Which colour is the curtain at 0:15?", options=options)
    assert answer.choice == "B"
    assert answer.text.startswith("B) red: ")


def test_where_no_words_help_all_that_is_allowed_is_looked_at(settings: Settings, film: Path) -> None:
    answer = seen(settings, film, Seer(), "What colour is the wall?", span=Span(100, 120))
    assert "It is blue." in answer.text
    assert answer.spans[0].start_seconds >= 100


def test_words_that_say_it_are_not_looked_at(settings: Settings, film: Path) -> None:
    seer = Seer()
    assert "green" in seen(settings, film, seer, "What colour is the coat?").text
    assert seer.asked == []


def test_looks_stay_inside_the_limits(settings: Settings, film: Path) -> None:
    seer = Seer()
    answer = seen(settings, film, seer, "What colour is the big curtain?", limits=Limits(frames=1))
    assert (answer.found, answer.stopped, seer.asked) == (False, "limit", [])


def test_a_model_that_fails_is_an_honest_end(settings: Settings, film: Path) -> None:
    class Broken(Seer):
        def _answer(self, frames: Sequence[Frame], prompt: str) -> dict[str, Any]:
            raise ToolError("the model ran out of memory")

    answer = seen(settings, film, Broken(), "What colour is the old curtain?")
    assert not answer.found
    assert "supported" not in {claim.verdict for claim in answer.claims}
