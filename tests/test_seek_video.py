"""`seek` on real (tiny) videos with pictures planted at known times: frames, boxes, refinement, memory, the command."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from videos import numbered, render

from rewatch.agent.cli import main
from rewatch.agent.question import ground
from rewatch.agent.targets import Sought, sought
from rewatch.memory.errors import InputError, ToolError
from rewatch.memory.ingest.decode import open_reader
from rewatch.memory.library import Library
from rewatch.memory.types import Frame, Limits, Span, VideoInfo
from rewatch.tools.context import ToolContext
from rewatch.tools.meter import Meter
from rewatch.tools.models import Models
from rewatch.tools.registry import offered
from rewatch.tools.seek.calibration import load, save, usual_model
from rewatch.tools.seek.looks import Price
from rewatch.tools.seek.refine import appearance, region, region_size
from rewatch.tools.seek.relations import TargetRelation
from rewatch.tools.seek.scorers import Scores, open_scorer
from rewatch.tools.seek.scorers.reading import share_written
from rewatch.tools.seek.scorers.tiles import cell_of, compose
from rewatch.tools.seek.timeline import Timeline
from rewatch.tools.seek.tool import seek

FPS, SECONDS = 5, 180
RED, BLUE = Span(61.2, 64.4), Span(120.0, 123.0)


class ColourSeer:
    """Finds red or blue squares by their colour; its scores are confidences with a little noise of each frame's own."""

    name = "colour seer"
    scale = "logit"
    price = Price(picture=3.0, frame=1.0, grid=4)

    def __init__(self) -> None:
        self.num_frames = 0

    def score(self, frames: Sequence[Frame], queries: Sequence[str]) -> Scores:
        self.num_frames += len(frames)
        rows = [[_square(frame.image, query) for query in queries] for frame in frames]
        noise = [np.random.default_rng(round(1000 * frame.seconds)).normal() for frame in frames]
        values = [
            [1 / (1 + np.exp(-(-4 + 0.6 * noise[row] + (6 if box else 0)))) for box in boxes]
            for row, boxes in enumerate(rows)
        ]
        return Scores(np.array(values), tuple(map(tuple, rows)))

    def score_tile(self, frames: Sequence[Frame], queries: Sequence[str]) -> Scores:
        return self.score(frames, queries)


def _square(image: np.ndarray, query: str) -> tuple[float, float, float, float] | None:
    channel = 0 if "red" in query else 2
    others = [other for other in range(3) if other != channel]
    found = (image[..., channel] > 170) & (image[..., others].max(axis=-1) < 90)
    rows, columns = np.nonzero(found)
    if len(rows) < 20:
        return None
    height, width = found.shape
    return (
        columns.min() / width,
        rows.min() / height,
        (columns.max() + 1) / width,
        (rows.max() + 1) / height,
    )


def _frames() -> Iterator[np.ndarray]:
    for index in range(FPS * SECONDS):
        image = numbered(index, width=192, height=96)
        for span, colour in ((RED, (220, 20, 20)), (BLUE, (20, 20, 220))):
            if span.contains(index / FPS + 1e-6):
                image[8:40, 96:144] = colour
        yield image


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    folder = tmp_path_factory.mktemp("seek")
    render(folder / "squares.mp4", _frames(), fps=FPS, gop=50)
    with Library.open(folder / "library") as library:
        library.recognise(folder / "squares.mp4")
        yield library


@pytest.fixture
def video(library: Library) -> VideoInfo:
    return library.videos()[0]


def context_of(library: Library, video: VideoInfo, limits: Limits | None = None) -> ToolContext:
    models = Models(detector=ColourSeer)
    return ToolContext(library, (video,), meter=Meter(limits or Limits()), models=models)


def test_a_planted_square_is_found_to_the_frame_with_its_box(library: Library, video: VideoInfo) -> None:
    result = seek(context_of(library, video), video.video_id, ["red square"], max_looks=200)
    best = result.moments[0]
    assert best.span.start_seconds == pytest.approx(RED.start_seconds)
    assert best.span.end_seconds == pytest.approx(RED.end_seconds)
    assert RED.contains(best.frame_seconds[0])
    assert best.boxes[0] == pytest.approx((96 / 192, 8 / 96, 144 / 192, 40 / 96), abs=0.04)
    assert (best.probability or 0) > 0.8
    assert result.absent_probability < 0.1
    assert library.store.observations([best.id]) == [best]


def test_the_second_question_starts_from_the_looks_of_the_first(library: Library, video: VideoInfo) -> None:
    first, second = ColourSeer(), ColourSeer()
    before = seek(context_of(library, video), video.video_id, ["a red thing"], scorer=first, max_looks=200)
    again = seek(context_of(library, video), video.video_id, ["A  red thing"], scorer=second, max_looks=200)
    assert (before.stopped, again.stopped) == ("concentrated", "concentrated")
    assert first.num_frames == len(before.looks)
    assert second.num_frames == 0
    assert again.moments[0].span == before.moments[0].span == RED


def test_few_looks_still_tell_when_a_thing_comes_and_goes(library: Library, video: VideoInfo) -> None:
    class Named(ColourSeer):
        name = "a third colour seer"

    seer = Named()
    where = {"start_seconds": 40.0, "end_seconds": 80.0}
    result = seek(
        context_of(library, video), video.video_id, ["red square"], scorer=seer, max_looks=64, **where
    )
    assert seer.num_frames <= 64
    best = result.moments[0]
    assert best.span.start_seconds == pytest.approx(RED.start_seconds, abs=0.5)
    assert best.span.end_seconds == pytest.approx(RED.end_seconds, abs=0.5)


def test_what_is_not_there_is_said_to_be_absent(library: Library, video: VideoInfo) -> None:
    context = context_of(library, video)
    result = seek(
        context,
        video.video_id,
        ["red square"],
        start_seconds=70,
        end_seconds=170,
        scorer=_Fresh(),
        max_looks=300,
    )
    assert result.absent_probability > 0.5


class _Fresh(ColourSeer):
    name = "another colour seer"


def test_targets_are_sought_together(library: Library, video: VideoInfo) -> None:
    relation = TargetRelation("red square", "before", "blue square")
    result = seek(
        context_of(library, video),
        video.video_id,
        ["red square", "blue square"],
        relations=[relation],
        scorer=_Fresh(),
    )
    where = {seen.text: seen.frame_seconds[0] for seen in reversed(result.moments)}
    assert RED.contains(where["red square"])
    assert BLUE.contains(where["blue square"])


def test_limits_are_hard_and_mistakes_are_told(library: Library, video: VideoInfo) -> None:
    seer = ColourSeer()
    context = context_of(library, video, Limits(frames=20))
    result = seek(context, video.video_id, ["blue thing"], scorer=seer)
    assert result.stopped == "limit"
    assert seer.num_frames <= 20
    assert context.meter.cost.frames <= 20
    with pytest.raises(InputError, match="name at least one target"):
        seek(context, video.video_id, [" "])
    with pytest.raises(InputError, match="nothing to search"):
        seek(context, video.video_id, ["x"], start_seconds=500)
    with pytest.raises(ToolError, match="nothing can look"):
        open_scorer(Models())


def test_the_agent_is_offered_seek_only_with_something_that_looks(library: Library, video: VideoInfo) -> None:
    assert "seek" in [tool.name for tool in offered(context_of(library, video))]
    assert "seek" not in [tool.name for tool in offered(ToolContext(library, (video,)))]


def test_refinement_is_exact_to_the_frame_within_its_looks(video: VideoInfo) -> None:
    asked = []

    def shows(frame: Frame) -> bool:
        asked.append(frame.seconds)
        return _square(frame.image, "red") is not None

    with open_reader(video) as reader:
        told = appearance(reader, shows, 62.0, Span(0, 180), 40)
        assert told.start_seconds == pytest.approx(RED.start_seconds)
        assert told.end_seconds == pytest.approx(RED.end_seconds)
        assert len(asked) <= 40
        whole = appearance(reader, shows, 62.0, Span(61.4, 63.0), 40)
        assert whole == Span(61.4, 63.0)


def test_what_was_looked_at_bounds_when_a_thing_is_there() -> None:
    timeline = Timeline(Span(0, 100), [Span(0, 30), Span(30, 100)])
    assert timeline.around(50.0, np.array([])) == Span(30, 100)
    assert timeline.around(50.0, np.array([10.0, 42.0, 47.0, 55.5, 80.0])) == Span(47, 55.5)


def test_a_region_keeps_native_pixels() -> None:
    image = np.arange(100 * 200 * 3, dtype=np.uint8).reshape(100, 200, 3)
    assert region(image, (0.5, 0.5, 0.7, 0.9)).tolist() == image[44:96, 94:146].tolist()
    assert region_size((0.5, 0.5, 0.7, 0.9), 200, 100) == (52, 52)
    assert region(image, (0.999, 0.999, 0.999, 0.999)).shape[:2] == (1, 1)


def test_boxes_of_a_tile_belong_to_the_cell_of_their_centre() -> None:
    frames = [Frame(float(n), np.full((60, 100, 3), 10 * n, np.uint8)) for n in range(16)]
    tile = compose(frames, 4)
    height, width = tile.shape[0] // 4, tile.shape[1] // 4
    assert [int(tile[height * r + 5, width * c + 5, 0]) for r in range(4) for c in range(4)] == [
        10 * n for n in range(16)
    ]
    cell, box = cell_of((0.30, 0.55, 0.45, 0.70), 4)
    assert cell == 2 * 4 + 1
    assert box == pytest.approx((0.2, 0.2, 0.8, 0.8))


def test_written_words_are_matched_without_their_spaces() -> None:
    assert share_written("Peach Open Movie", "PEACHOPEN project") == pytest.approx(9 / 14)
    assert share_written("", "anything") == 0


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (
            "When does the red car appear before the dog barks?",
            Sought(("red car", "dog barks")),
        ),
        (
            "When does the man who later falls appear?",
            Sought(("man", "man falls"), (), (TargetRelation("man", "before", "man falls"),)),
        ),
        ("When is a dog on the beach?", Sought(("dog",), ("beach",))),
    ],
)
def test_targets_cues_and_relations_come_from_the_words(question: str, expected: Sought) -> None:
    assert sought(ground(question, 600.0)) == expected


def test_a_calibration_survives_its_file(tmp_path: Path) -> None:
    model = usual_model("logit")
    save(model, tmp_path / "scorer.json")
    assert load(tmp_path / "scorer.json") == model
    (tmp_path / "broken.json").write_text(json.dumps({"warp": 1}))
    with pytest.raises(InputError, match="is no calibration"):
        load(tmp_path / "broken.json")


def test_the_command_says_what_it_needs(
    library: Library, video: VideoInfo, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["seek", str(video.path), "red", "--library", str(library.folder)]) == 1
    assert "set a --detector" in capsys.readouterr().err
    assert main(["seek", str(video.path), "red", "--library", str(library.folder), "--scorer", "nose"]) == 2
    assert "choose among detector" in capsys.readouterr().err
