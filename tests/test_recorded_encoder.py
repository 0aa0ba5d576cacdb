"""A run that saw through an encoder is replayed without it: indexing, searching and comparing come from the tape."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from seeing import red_video

from rewatch.agent import Settings, VideoAgent
from rewatch.agent.answer import Answer
from rewatch.memory.encoders import Encoder
from rewatch.memory.encoders.colour import ColourEncoder, ColourFamily
from rewatch.memory.encoders.registry import RegisteredEncoders, register_encoder
from rewatch.memory.errors import ReplayError, SettingError
from rewatch.memory.ingest.settings import IngestSettings
from rewatch.memory.types import Frame
from rewatch.tools.recorded_encoder import RecordedEncoders
from rewatch.tools.replay import Recorder, Replay
from rewatch.tools.seek.scorers.recorded import RecordedScorer
from rewatch.tools.seek.scorers.similarity import SimilarityScorer

QUESTION = "When is the wall red in the picture?"


class Lost:
    """A family whose weights have gone."""

    def space_id(self, model: str) -> str:
        raise SettingError("the weights have gone")

    def open(self, model: str, device: str, dtype: str) -> Encoder:
        raise SettingError("the weights have gone")


@pytest.fixture
def lost() -> Iterator[None]:
    """Makes the encoder impossible to open, for as long as a test lasts."""
    yield
    register_encoder("colour", ColourFamily)


@pytest.fixture(scope="module")
def wall(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return red_video(tmp_path_factory.mktemp("video") / "wall.mp4")


def ask(folder: Path, wall: Path, question: str = QUESTION, **tape: Path) -> Answer:
    settings = Settings(folder, IngestSettings(read_screen=False), encoder="colour", **tape)  # type: ignore[arg-type]
    with VideoAgent(settings) as agent:
        return agent.ask(wall, question)


@pytest.mark.usefixtures("lost")
def test_a_run_is_replayed_without_its_encoder(tmp_path: Path, wall: Path) -> None:
    recorded = ask(tmp_path / "one", wall, record=tmp_path / "run.jsonl")
    assert {seen.source for seen in recorded.evidence} == {"visual"}
    register_encoder("colour", Lost)
    with pytest.raises(SettingError, match="gone"):
        ask(tmp_path / "two", wall)
    again = ask(tmp_path / "three", wall, replay=tmp_path / "run.jsonl")
    assert (again.text, again.spans, again.confidence) == (recorded.text, recorded.spans, recorded.confidence)


@pytest.mark.usefixtures("lost")
def test_a_replay_asked_for_other_words_says_which(tmp_path: Path, wall: Path) -> None:
    ask(tmp_path / "one", wall, record=tmp_path / "run.jsonl")
    register_encoder("colour", Lost)
    encoder = RecordedEncoders(RegisteredEncoders(), Replay(tmp_path / "run.jsonl")).open("colour")
    with pytest.raises(ReplayError, match="a green door"):
        encoder.encode_texts(["a green door"])


def test_batches_of_another_size_find_what_was_recorded(tmp_path: Path) -> None:
    pictures = [np.full((8, 8, 3), shade, np.uint8) for shade in (10, 120, 240)]
    with Recorder(tmp_path / "tape") as tape:
        made = RecordedEncoders(RegisteredEncoders(), tape).open("colour").encode_images(pictures)
    np.testing.assert_array_equal(made, ColourEncoder().encode_images(pictures))
    replayed = RecordedEncoders(RegisteredEncoders(), Replay(tmp_path / "tape")).open("colour")
    np.testing.assert_array_equal(replayed.encode_images(pictures[1:]), made[1:])
    np.testing.assert_array_equal(replayed.encode_images(pictures[:1]), made[:1])


def test_a_scorer_is_replayed_with_its_scores_and_boxes(tmp_path: Path) -> None:
    frames = [Frame(float(shade), np.full((8, 8, 3), shade, np.uint8)) for shade in (10, 120, 240)]
    with Recorder(tmp_path / "tape") as tape:
        scorer = RecordedScorer(lambda: SimilarityScorer(ColourEncoder()), tape)
        made = (scorer.name, scorer.scale, scorer.price, scorer.score(frames, ["white", "black"]))

    def gone() -> SimilarityScorer:
        raise AssertionError("a replay opened its model")

    again = RecordedScorer(gone, Replay(tmp_path / "tape"))
    assert (again.name, again.scale, again.price) == made[:3]
    scores = again.score(frames, ["white", "black"])
    np.testing.assert_array_equal(scores.values, made[3].values)
    assert scores.boxes == made[3].boxes
