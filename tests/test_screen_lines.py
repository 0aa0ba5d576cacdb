"""On-screen text becomes lines with exact spans: slides that build up, change and return, and text that scrolls."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from videos import render

from rewatch.memory.errors import ToolError
from rewatch.memory.ingest import ocr, screen_text
from rewatch.memory.ingest.frames_stage import ScanStage
from rewatch.memory.ingest.ocr import ScreenReader
from rewatch.memory.ingest.pipeline import Pipeline
from rewatch.memory.ingest.probe import probe
from rewatch.memory.ingest.screen_text import ScreenStage
from rewatch.memory.ingest.settings import IngestSettings
from rewatch.memory.store import Store
from rewatch.memory.types import TextLine

FPS = 5
TITLE, FIRST, SECOND, OTHER = (
    "Entropy of a source",
    "It counts surprise",
    "It is measured in bits",
    "Break until 3:15",
)
Picture = NDArray[np.uint8]


def slide(*lines: str, sway: float | None = None) -> Picture:
    image = Image.new("RGB", (640, 360), (250, 248, 242))
    draw = ImageDraw.Draw(image)
    for number, line in enumerate(lines):
        draw.text((30, 24 + 50 * number), line, font=ImageFont.load_default(24), fill=(30, 30, 40))
    if sway is not None:
        x = 560 + 15 * np.sin(3 * sway)
        draw.rectangle((490, 240, 630, 350), fill=(90, 110, 130))
        draw.ellipse((x - 30, 250, x + 30, 330), fill=(224, 180, 150))
    return np.asarray(image)


def talk() -> Iterator[Picture]:
    """0 s: title and a point; 5.4 s: another point; 11.2 s: break; 17.6 s: the first slide again, to 24 s."""
    for frame in range(24 * FPS):
        seconds = frame / FPS
        if 11.2 <= seconds < 17.6:
            yield slide(OTHER)
        else:
            points = (FIRST,) if seconds < 5.4 else (FIRST, SECOND)
            yield slide(TITLE, *points, sway=seconds)


def credits() -> Iterator[Picture]:
    """Names that move up at 40 pixels a second."""
    for frame in range(16 * FPS):
        image = Image.new("RGB", (640, 360), (0, 0, 0))
        draw = ImageDraw.Draw(image)
        for number, name in enumerate(("Ada Lovelace", "Claude Shannon", "Grace Hopper", "Alan Turing")):
            y = 360 + 60 * number - 40 * frame / FPS
            draw.text((200, y), name, font=ImageFont.load_default(26), fill=(235, 235, 235))
        yield np.asarray(image)


def index(video: Path, folder: Path, **settings: bool) -> tuple[list[TextLine], str, str]:
    """Run the stages; returns the lines, the channel's status and its note."""
    info = probe(video)
    with Store.open(folder) as store:
        store.put_video(info)
        Pipeline(store, (ScanStage(), ScreenStage())).run(info, IngestSettings(**settings), lambda *_: None)
        (record,) = (record for record in store.stage_records(info.video_id) if record.name == "screen")
        return store.text_lines(info.video_id), str(record.status), record.note


@pytest.fixture(scope="module")
def talk_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render(tmp_path_factory.mktemp("talk") / "talk.mp4", talk(), fps=FPS)


@pytest.fixture(scope="module")
def talk_lines(talk_video: Path, tmp_path_factory: pytest.TempPathFactory) -> list[TextLine]:
    return index(talk_video, tmp_path_factory.mktemp("library"))[0]


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        (TITLE, [(0.0, 11.2), (17.6, 24.0)]),
        (FIRST, [(0.0, 11.2), (17.6, 24.0)]),
        (SECOND, [(5.4, 11.2), (17.6, 24.0)]),
        (OTHER, [(11.2, 17.6)]),
    ],
)
def test_a_line_stands_from_its_first_frame_to_its_last(
    talk_lines: list[TextLine], text: str, spans: list[tuple[float, float]]
) -> None:
    found = [(line.span.start_seconds, line.span.end_seconds) for line in talk_lines if line.text == text]
    assert np.array(found) == pytest.approx(np.array(spans), abs=1.0)


def test_nothing_else_is_read_beside_a_presenter_who_moves(talk_lines: list[TextLine]) -> None:
    assert {line.text for line in talk_lines} == {TITLE, FIRST, SECOND, OTHER}


def test_lines_of_one_screen_come_from_top_to_bottom(talk_lines: list[TextLine]) -> None:
    last = [line.text for line in talk_lines if line.span.end_seconds > 20]
    assert last == [TITLE, FIRST, SECOND]


def test_parts_agree_with_one_pass_and_a_killed_run_resumes_without_duplicates(
    talk_video: Path, talk_lines: list[TextLine], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screen_text, "_PART_SECONDS", 8.0)
    read = ScreenReader.read

    def killed(reader: ScreenReader, *arguments: object) -> object:
        if monkeypatch_calls.append(1) or len(monkeypatch_calls) > 1:
            raise KeyboardInterrupt
        return read(reader, *arguments)  # type: ignore[arg-type]

    monkeypatch_calls: list[int] = []
    with monkeypatch.context() as patch:
        patch.setattr(ScreenReader, "read", killed)
        with pytest.raises(KeyboardInterrupt):
            index(talk_video, tmp_path)
    lines, _, _ = index(talk_video, tmp_path)
    assert sorted((line.text, line.span) for line in lines) == sorted(
        (line.text, line.span) for line in talk_lines
    )


def test_scrolling_names_are_one_line_each_from_edge_to_edge(tmp_path: Path) -> None:
    lines, _, _ = index(render(tmp_path / "credits.mp4", credits(), fps=FPS), tmp_path / "library")
    assert [line.text for line in lines] == ["Ada Lovelace", "Claude Shannon", "Grace Hopper", "Alan Turing"]
    for number, line in enumerate(lines):
        assert line.span.start_seconds == pytest.approx(1.5 * number, abs=1.0)
        assert line.span.end_seconds == pytest.approx(min(1.5 * number + 9.6, 16), abs=1.0)


@pytest.mark.parametrize("frames", [1, 4])
def test_a_video_shorter_than_text_needs_to_settle_is_read(frames: int, tmp_path: Path) -> None:
    video = render(tmp_path / "flash.mp4", [slide("A card that is gone at once")] * frames, fps=FPS)
    lines, _, _ = index(video, tmp_path / "library")
    assert [line.text for line in lines] == ["A card that is gone at once"]
    assert lines[0].span.end_seconds == pytest.approx(frames / FPS, abs=0.05)


def test_keyframes_alone_find_the_text_of_a_fast_index(talk_video: Path, tmp_path: Path) -> None:
    lines, status, note = index(talk_video, tmp_path, fast=True)
    assert {TITLE, OTHER} <= {line.text for line in lines}
    assert status == "read"
    assert "keyframes" in note


def test_a_video_without_text_says_so(tmp_path: Path) -> None:
    blank = (np.full((90, 160, 3), 10 * number, np.uint8) for number in range(12))
    lines, status, note = index(render(tmp_path / "blank.mp4", blank, fps=4), tmp_path / "library")
    assert (lines, status) == ([], "absent")
    assert "no text was found" in note


def test_reading_can_be_switched_off_and_on_again(talk_video: Path, tmp_path: Path) -> None:
    lines, status, note = index(talk_video, tmp_path, read_screen=False)
    assert (lines, status) == ([], "unavailable")
    assert "switched off" in note
    assert index(talk_video, tmp_path)[1] == "read"


def test_broken_models_leave_the_channel_unavailable_with_a_remedy(
    talk_video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ToolError("the OCR models cannot be loaded (x); pip install y")

    monkeypatch.setattr(ocr, "ScreenReader", broken)
    lines, status, note = index(talk_video, tmp_path)
    assert (lines, status) == ([], "unavailable")
    assert "pip install" in note
