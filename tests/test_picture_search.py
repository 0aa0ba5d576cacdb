"""Search finds pictures by words and by example, beside passages, and says no more than it knows."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from videos import Image, render

from rewatch.agent import Settings, VideoAgent
from rewatch.agent.cli import main
from rewatch.memory.encoders.colour import ColourEncoder
from rewatch.memory.errors import LimitReached, ToolError
from rewatch.memory.ingest.settings import IngestSettings
from rewatch.memory.library import Library
from rewatch.memory.types import Limits, Span, VideoInfo
from rewatch.tools.context import ToolContext
from rewatch.tools.footage import relevance
from rewatch.tools.meter import Meter
from rewatch.tools.models import Models
from rewatch.tools.search import search, search_image

FPS = 2
SHOTS = (
    *(("grey", 20), ("blue", 12), ("grey", 20), ("red", 6), ("white", 14)),
    *(("green", 10), ("grey", 20), ("black", 9), ("grey", 9)),
)
"""Colour and seconds of each shot."""
RED = Span(52.0, 58.0)
PAINTS = {
    "grey": (128, 128, 128),
    "blue": (30, 60, 200),
    "red": (210, 25, 25),
    "white": (250, 250, 250),
    "green": (30, 160, 50),
    "black": (5, 5, 5),
}
SUBTITLES = (
    "1\n00:00:10,000 --> 00:00:15,000\nToday we learn how heat becomes work in an engine.\n\n"
    "2\n00:01:20,000 --> 00:01:26,000\nThe red kangaroo lives in the dry middle of Australia.\n\n"
    "3\n00:01:30,000 --> 00:01:36,000\nEntropy measures what we do not know about a gas.\n"
)


def paint(name: str, number: int = 0) -> Image:
    """A frame of one colour with a dark corner that moves."""
    image = np.empty((90, 160, 3), np.uint8)
    image[:] = PAINTS[name]
    image[:20, number % 12 * 10 : number % 12 * 10 + 10] = 60
    return image


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    frames = [paint(name, n) for name, seconds in SHOTS for n in range(seconds * FPS)]
    path.with_suffix(".srt").write_text(SUBTITLES)
    return render(path, frames, fps=FPS, gop=16)


@pytest.fixture(scope="module")
def folder(film: Path) -> Path:
    with Library.open(film.parent / "library") as library:
        library.add(film, IngestSettings(encoder="colour", read_screen=False, processes=1))
    return film.parent / "library"


@pytest.fixture(scope="module")
def context(folder: Path) -> Iterator[ToolContext]:
    with Library.open(folder) as library:
        yield ToolContext(library, tuple(library.videos()), models=Models(encoder=ColourEncoder))


@pytest.fixture(scope="module")
def video(context: ToolContext) -> VideoInfo:
    return context.videos[0]


@pytest.mark.parametrize(
    ("query", "start", "end"), [("a red thing", 52, 58), ("green", 72, 82), ("navy", 20, 32)]
)
def test_words_find_the_shot_and_name_its_frame(
    context: ToolContext, query: str, start: float, end: float
) -> None:
    best = search(context, query, channels=("visual",))[0]
    assert (best.channel, best.span) == ("visual", Span(start, end))
    assert best.frame_seconds
    assert all(best.span.contains(at) for at in best.frame_seconds)
    assert best.model == "colour@1"
    assert f"the most similar to “{query}”" in best.text


def test_each_shot_is_named_once_and_in_order_of_score(context: ToolContext) -> None:
    found = search(context, "red", channels=("visual",), limit=5)
    assert len(found) == 5
    assert len({seen.span for seen in found}) == 5
    assert [seen.score for seen in found] == sorted((seen.score for seen in found), reverse=True)


def test_passages_and_pictures_are_ranked_together_and_told_apart(context: ToolContext) -> None:
    found = search(context, "red")
    assert {seen.channel for seen in found} == {"speech", "visual"}
    assert [seen.score for seen in found] == sorted((seen.score for seen in found), reverse=True)
    assert found[0].span == RED
    said = search(context, "measure of entropy")
    assert said[0].channel == "speech"
    assert "Entropy" in said[0].text


def test_without_an_encoder_search_is_what_it_was(context: ToolContext) -> None:
    blind = replace(context, models=Models())
    assert {seen.channel for seen in search(blind, "red")} == {"speech"}
    assert search(blind, "red", channels=("visual",)) == []
    assert search(context, "red", channels=("speech",)) == search(blind, "red", channels=("speech",))


def test_what_is_not_shown_is_not_believed(context: ToolContext) -> None:
    (best, *_) = search(context, "purple", channels=("visual",))
    assert (best.probability or 0) < 0.5
    (best, *_) = search(context, "red", channels=("visual",))
    assert (best.probability or 0) > 0.8


def test_a_span_restricts(context: ToolContext) -> None:
    assert search(context, "red", channels=("visual",), span=Span(0, 40))[0].span.end_seconds <= 52
    assert search(replace(context, span=Span(0, 40)), "red", channels=("visual",), span=Span(60, 70)) == []
    inside = search(replace(context, span=Span(50, 60)), "red", channels=("visual",))
    assert {seen.span for seen in inside} <= {RED, Span(32, 52), Span(58, 72)}


def test_an_example_finds_its_like(context: ToolContext) -> None:
    best = search_image(context, paint("green"))[0]
    assert (best.tool, best.channel, best.span) == ("search_image", "visual", Span(72, 82))
    assert search_image(context, paint("green")) == search_image(context, paint("green"))


def test_an_example_needs_an_encoder_and_counts_as_a_call(context: ToolContext) -> None:
    with pytest.raises(ToolError, match="no encoder is set"):
        search_image(replace(context, models=Models()), paint("green"))
    limited = replace(context, meter=Meter(Limits(tool_calls=1)))
    search_image(limited, paint("green"))
    with pytest.raises(LimitReached):
        search_image(limited, paint("green"))


def test_an_encoder_that_embedded_nothing_finds_nothing(context: ToolContext) -> None:
    class Stranger(ColourEncoder):
        space_id = "another space"

    assert search(replace(context, models=Models(encoder=Stranger)), "red", channels=("visual",)) == []


def test_the_command_finds_by_words_and_by_image(
    film: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = [str(film), "--library", str(folder)]
    assert main(["search", *where, "a red thing", "--channel", "visual", "--limit", "1"]) == 0
    assert capsys.readouterr().out.startswith("0:52-0:58        visual")
    Pillow.fromarray(paint("blue")).save(tmp_path / "example.png")
    assert main(["search", *where, "--image", str(tmp_path / "example.png"), "--limit", "1"]) == 0
    assert capsys.readouterr().out.startswith("0:20-0:32        visual")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--image", "none.png"], "none.png cannot be read as a picture"),
        (["red", "--image", "none.png"], "search for one of them"),
        ([], "the query is empty"),
    ],
)
def test_the_command_refuses_what_cannot_be(
    arguments: list[str], told: str, film: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["search", str(film), "--library", str(folder), *arguments]) == 2
    assert told in capsys.readouterr().err


def test_the_command_says_when_no_picture_is_indexed(
    film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--library", str(tmp_path)]
    assert main(["index", str(film), *where, "--no-screen"]) == 0
    capsys.readouterr()
    assert main(["search", str(film), *where, "red", "--channel", "visual"]) == 2
    assert "not indexed; use rewatch index --encoder NAME" in capsys.readouterr().err


def test_the_encoder_is_one_setting_for_indexing_and_searching(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    where = [str(film), "--library", str(tmp_path)]
    monkeypatch.setenv("REWATCH_ENCODER", "colour")
    assert main(["index", *where, "--no-screen"]) == 0
    assert main(["search", *where, "a red thing", "--channel", "visual"]) == 0
    assert main(["index", *where, "--encoder", ""]) == 0
    monkeypatch.delenv("REWATCH_ENCODER")
    assert main(["search", *where, "a red thing", "--channel", "visual"]) == 2
    capsys.readouterr()
    assert main(["search", *where, "red", "--channel", "visual", "--encoder", "colour", "--limit", "1"]) == 0
    assert capsys.readouterr().out.startswith("0:52-0:58        visual")


def test_indexing_and_searching_are_recorded_and_replayed_without_the_encoder(
    film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    index = ["index", str(film), "--no-screen", "--encoder", "colour"]
    search = ["search", str(film), "a red thing", "--channel", "visual", "--limit", "1"]
    heard = []
    for how in ("--record", "--replay"):
        where = ["--library", str(tmp_path / how)]
        assert main([*index, *where, how, str(tmp_path / "index.tape")]) == 0
        capsys.readouterr()
        assert main([*search, *where, how, str(tmp_path / "search.tape")]) == 0
        heard.append(capsys.readouterr().out)
        monkeypatch.setattr(ColourEncoder, "encode_images", None)  # whoever asked it from here on would fail
        monkeypatch.setattr(ColourEncoder, "encode_texts", None)
    assert heard[0] == heard[1]
    assert "0:52-0:58" in heard[0]


def test_a_question_about_what_is_seen_is_answered_by_likeness_and_checked(folder: Path, film: Path) -> None:
    with VideoAgent(Settings(library=folder)) as agent:
        answer = agent.ask(film, "When does the green wall appear?")
        assert answer.found
        assert (answer.spans[0].start_seconds, answer.spans[0].end_seconds) == (72.0, 82.0)
        assert "by likeness: the picture at" in answer.text
        assert answer.evidence[0].source == "visual"
        assert answer.confidence <= 0.9
        assert answer.cost.frames == 1  # the cited frame was watched again


def test_likeness_answers_no_question_that_it_cannot(folder: Path, film: Path) -> None:
    with VideoAgent(Settings(library=folder)) as agent:
        for question in ("What is the red thing holding?", "When does the purple wall appear?"):
            answer = agent.ask(film, question)
            assert not answer.found
        answer = agent.ask(film, "What is the red thing holding?")
        assert "needs a model that looks at the pictures" in answer.text
        assert "no visual model is set" not in answer.missing


def test_a_picture_that_is_not_there_when_watched_again_is_refuted(
    folder: Path, film: Path, tmp_path: Path
) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    with VideoAgent(Settings(library=tmp_path / "copy")) as agent:
        store = agent.library.store
        (video,) = store.videos()
        grey = next(at for at in store.frame_seconds("colour@1", video.video_id) if at > 84)
        store.add_frame_vectors("colour@1", video.video_id, [grey], ColourEncoder().encode_texts(["purple"]))
        answer = agent.ask(film, "When does the purple wall appear?")
        assert not answer.found
        assert answer.claims[0].verdict == "refuted"


def test_frames_are_as_relevant_as_the_pictures_around_them(context: ToolContext, video: VideoInfo) -> None:
    """A frame from the middle of each shot: the red one, and the two in whose time "red kangaroo" is said."""
    edges = np.cumsum([0, *(seconds for _, seconds in SHOTS)])
    found = relevance(context, video, ((edges[:-1] + edges[1:]) / 2 + 0.25).tolist(), "red")
    assert [name for (name, _), value in zip(SHOTS, found, strict=True) if value > 0] == [
        "red",
        "green",
        "grey",
    ]
    assert max(found) == found[3]
    pictured, said = relevance(replace(context, models=Models()), video, [55.0, 100.0], "red")
    assert pictured == 0 < said
