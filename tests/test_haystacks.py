"""Haystacks: the same seed hides the same, truth fits what is drawn, and the whole way to scores works."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from videos import frame_number, numbered_frames, render

from rewatch.agent.cli import main
from rewatch.evals.haystacks.base import FRAMES_PER_SECOND, PART_SECONDS, RealVideo, Scenery
from rewatch.evals.haystacks.needles import draw_needle
from rewatch.evals.haystacks.plan import SHOWN_SECONDS, Needle, make_plan
from rewatch.evals.haystacks.render import render as render_haystack
from rewatch.memory.errors import InputError, SettingError
from rewatch.memory.ingest.decode import open_reader
from rewatch.memory.ingest.probe import probe
from rewatch.memory.ingest.subtitle_files import read_cues


def test_the_same_seed_hides_the_same_and_another_does_not() -> None:
    first = make_plan(600, ("text", "speech"), 4, 7)
    assert first == make_plan(600, ("text", "speech"), 4, 7)
    assert first.needles != make_plan(600, ("text", "speech"), 4, 8).needles


def test_needles_lie_inside_the_video_and_never_overlap() -> None:
    for seed in range(20):
        plan = make_plan(240, ("text", "speech"), 6, seed)
        starts = [needle.start_seconds for needle in plan.needles]
        assert starts[0] >= 0
        assert starts[-1] + SHOWN_SECONDS <= 240
        assert min(np.diff(starts)) >= SHOWN_SECONDS


def test_truth_follows_from_what_is_hidden() -> None:
    plan = make_plan(3600, ("text", "speech"), 6, 3)
    told = {needle.text: needle for needle in plan.needles}
    kinds = {sample.category.split(",")[0] for sample in plan.samples}
    assert kinds == {"retrieval", "grounding", "ordering", "counting", "not there"}
    for sample in plan.samples:
        right = sample.options.get(sample.answer or "", "")
        owner = sample.question.partition("word of the ")[2].rstrip("?")
        if sample.category.startswith("retrieval"):
            needle = told[f"The secret word of the {owner} is {right}."]
            assert sample.extra["needles"] == [list(needle.span)]
        if sample.category.startswith("counting"):
            bird = sample.question.split("the ")[1].split(" bell")[0]
            assert sum(bird in needle.text for needle in plan.needles) == int(right)
        if sample.category.startswith("not there"):
            assert right == "the video does not say"
            assert not any(owner in text for text in told)
        if sample.category.startswith("ordering"):
            starts = {
                letter: next(n.start_seconds for t, n in told.items() if t.lower().startswith(text))
                for letter, text in sample.options.items()
            }
            assert min(starts, key=lambda letter: starts[letter]) == sample.answer


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((30, ("text",), 2, 0), "outside 0:01:00 to 10:00:00"),
        ((60, ("text", "speech"), 6, 0), "do not fit into 1:00"),
        ((3600, ("picture",), 20, 0), "outside 2 to 8"),
        ((3600, ("text",), 1, 0), "1 needles of kind text are outside 2 to 12"),
    ],
)
def test_what_cannot_be_hidden_is_refused(
    arguments: tuple[float, tuple[str, ...], int, int], said: str
) -> None:
    with pytest.raises(SettingError, match=said):
        make_plan(*arguments)  # type: ignore[arg-type]


def test_a_minute_is_long_enough() -> None:
    assert make_plan(60, ("text",), 2, 0).length_seconds == 60


@pytest.fixture(scope="module")
def haystack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hay")
    plan = make_plan(155, ("picture", "clip", "speech"), 4, 5)
    render_haystack([plan], Scenery(), folder)
    return folder


def test_needles_are_on_the_screen_when_the_truth_says(haystack: Path) -> None:
    told = json.loads((haystack / "needles.jsonl").read_text())
    info = probe(haystack / told["video"])
    assert info.duration_seconds == pytest.approx(155)
    assert info.average_fps == pytest.approx(FRAMES_PER_SECOND)
    drawn = [needle for needle in told["needles"] if needle["kind"] in ("picture", "clip")]
    paper = np.array([244, 240, 230])
    with open_reader(info) as reader:
        for needle in drawn:
            start = needle["start_seconds"]
            for seconds in (start + 0.05, start + SHOWN_SECONDS - 0.25):
                corner = reader.at(seconds).image[2:10, 2:20].mean(axis=(0, 1))
                assert np.abs(corner - paper).max() < 12, needle
        quiet = next(
            s
            for s in range(150)
            if all(not n["start_seconds"] - 1 <= s <= n["start_seconds"] + 6 for n in drawn)
        )
        assert np.abs(reader.at(quiet).image[2:10, 2:20].mean(axis=(0, 1)) - paper).max() > 12


def test_speech_needles_stand_in_the_subtitles_alone(haystack: Path) -> None:
    told = json.loads((haystack / "needles.jsonl").read_text())
    lines = read_cues((haystack / told["video"]).with_suffix(".srt"))
    assert len(lines) > 15
    for needle in told["needles"]:
        if needle["kind"] == "speech":
            start, end = needle["start_seconds"], needle["start_seconds"] + SHOWN_SECONDS
            during = [line.text for line in lines if line.start_seconds < end and line.end_seconds > start]
            assert during == [needle["text"]]


def test_a_real_video_comes_round_again(tmp_path: Path) -> None:
    video = render(tmp_path / "real.mp4", numbered_frames(120), fps=Fraction(5))
    plan = make_plan(60, ("text",), 2, 1)
    render_haystack([plan], RealVideo(video), tmp_path / "hay")
    hidden = [needle.start_seconds for needle in plan.needles]
    free = [s for s in range(60) if not any(start <= s <= start + SHOWN_SECONDS for start in hidden)]
    with open_reader(probe(tmp_path / "hay" / f"{plan.name}.mp4")) as reader:
        for seconds in free:
            assert (
                frame_number(reader.at(seconds + 0.1).image)
                == seconds % (2 * PART_SECONDS) * FRAMES_PER_SECOND
            )
    short = render(tmp_path / "short.mp4", numbered_frames(10), fps=Fraction(5))
    with pytest.raises(InputError, match="shorter than 10 seconds"):
        RealVideo(short)


def test_a_clip_moves_the_way_its_name_says() -> None:
    frame = Scenery().part(0)[0]

    def ink(way: str, seconds: float) -> tuple[float, float]:
        image = np.asarray(draw_needle(frame, Needle("clip", 0, f"globe {way}"), seconds)).min(axis=2)
        rows, columns = np.nonzero(image < 120)
        return float(columns.mean()), float(rows.mean())

    assert ink("right", 4.5)[0] > ink("right", 0.5)[0] + 200
    assert ink("left", 4.5)[0] < ink("left", 0.5)[0] - 200
    assert ink("up", 4.5)[1] < ink("up", 0.5)[1] - 50
    assert ink("down", 4.5)[1] > ink("down", 0.5)[1] + 50


def test_a_haystack_is_made_run_and_scored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hay, out = str(tmp_path / "hay"), str(tmp_path / "run")
    made = [
        "eval",
        "haystack",
        "--out",
        hay,
        "--length",
        "2:00",
        "--kind",
        "speech",
        "--needles",
        "3",
        "--json",
    ]
    assert main(made) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"videos": ["hay_120s_0.mp4"], "num_samples": 14}
    assert main(["eval", "run", "haystack", "--data", hay, "--method", "retrieval-1", "--out", out]) == 0
    capsys.readouterr()
    assert main(["eval", "score", out, "--json"]) == 0
    scores = json.loads(capsys.readouterr().out)
    assert scores["categories"]["retrieval, speech"]["accuracy"] == 1.0
    assert main(["eval", "haystack", "--out", hay, "--length", "2:00", "--kind", "smell"]) == 2
    assert "choose text, speech, picture, clip" in capsys.readouterr().err
