"""Text lines become whole sentences with tight spans, and are stored with their vectors, once."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from rewatch.memory.ingest.encoder import SentenceEncoder
from rewatch.memory.ingest.joining import MAX_SECONDS, MAX_WORDS, join_spoken
from rewatch.memory.ingest.screens import join_screens
from rewatch.memory.ingest.sentences import PART_SENTENCES, SentenceStage
from rewatch.memory.ingest.settings import IngestSettings
from rewatch.memory.ingest.stage import StageContext
from rewatch.memory.store import Store
from rewatch.memory.types import Box, Sentence, Span, TextKind, TextLine, VideoInfo


def cue(start: float, end: float, text: str, kind: TextKind = "subtitle") -> TextLine:
    return TextLine(kind, Span(start, end), text, "talk.srt")


def written(
    start: float, end: float, text: str, top: float, height: float = 0.08, left: float = 0.1
) -> TextLine:
    box: Box = (left, top, left + 0.3, top + height)
    return TextLine("screen", Span(start, end), text, "ocr", box)


def spans(sentences: list[Sentence]) -> list[tuple[float, float, str]]:
    return [(round(s.span.start_seconds, 2), round(s.span.end_seconds, 2), s.text) for s in sentences]


def test_fragments_are_joined_and_borders_inside_a_cue_are_interpolated() -> None:
    lines = [cue(0, 2, "This is the beginning of"), cue(2, 4, "it. Here is more"), cue(4, 5, "to say.")]
    assert spans(join_spoken(lines, "v")) == [
        (0, 2.38, "This is the beginning of it."),
        (2.5, 5, "Here is more to say."),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "We met Dr. Smith at 3.5 degrees.",
        "Fruit, e.g. apples, is cheap.",
        "He waited... and then he left.",
        "It was J. Watt who saw it.",
        'She said "Stop!" and left.',
    ],
)
def test_a_full_stop_does_not_always_end_a_sentence(text: str) -> None:
    assert [s.text for s in join_spoken([cue(0, 9, text), cue(9, 10, "Next one.")], "v")] == [
        text,
        "Next one.",
    ]


def test_a_new_speaker_or_a_long_silence_ends_a_sentence() -> None:
    lines = [cue(0, 1, "I think that"), cue(1, 2, ">> No, wait"), cue(9, 10, "well then")]
    assert [s.text for s in join_spoken(lines, "v")] == ["I think that", ">> No, wait", "well then"]


def test_long_sentences_are_cut_at_clauses() -> None:
    clause = "the first thing that you see here is a rather long clause of this sentence, "
    found = join_spoken([cue(0, 60, clause * 5 + "end.")], "v")
    assert len(found) > 1
    assert all(len(s.text.split()) <= MAX_WORDS and s.span.duration_seconds <= MAX_SECONDS for s in found)
    assert " ".join(s.text for s in found) == (clause * 5 + "end.")
    assert all(s.text.endswith((",", ".")) for s in found)


def test_captions_without_punctuation_are_cut_at_pauses() -> None:
    lines, clock = [], 0.0
    for number in range(40):
        lines.append(cue(clock, clock + 2, f"so line {number} goes on"))
        clock += 3.5 if number % 3 == 2 else 2.0
    found = join_spoken(lines, "v")
    assert [len(s.text.split()) for s in found[:5]] == [15] * 5
    assert " ".join(s.text for s in found) == " ".join(line.text for line in lines)
    assert (found[1].span.start_seconds, found[1].span.end_seconds) == (7.5, 13.5)


def test_an_hour_without_any_break_is_still_cut() -> None:
    found = join_spoken([cue(0, 3600, "word " * 9000)], "v")
    assert max(len(s.text.split()) for s in found) <= MAX_WORDS


def test_a_slide_is_one_text_and_each_of_its_lines_is_one() -> None:
    lines = [
        written(0, 10, "Title", 0.1, 0.1),
        written(2, 10, "right", 0.4, left=0.6),
        written(2, 10, "left", 0.41),
        written(4, 10, "below", 0.6),
        written(10, 20, "Another", 0.1, 0.1),
        written(10, 20, "text", 0.3),
        written(25, 30, "alone", 0.5),
    ]
    found = join_screens(lines, "v")
    assert [s.text for s in found if "\n" in s.text] == ["Title\nleft\nright\nbelow", "Another\ntext"]
    slide = next(s for s in found if s.text.startswith("Title\n"))
    assert (slide.span, len(slide.boxes)) == (Span(0, 10), 4)
    assert sorted(s.text for s in found if "\n" not in s.text) == sorted(line.text for line in lines)


def test_a_footer_that_stays_does_not_join_two_slides() -> None:
    lines = [
        written(0, 20, "The talk's name", 0.93, 0.04),
        written(0, 10, "First", 0.1, 0.1),
        written(10, 20, "Second", 0.1, 0.1),
    ]
    texts = [s.text for s in join_screens(lines, "v") if "\n" in s.text]
    assert texts == ["First\nThe talk's name", "Second\nThe talk's name"]


def test_the_rows_of_a_table_are_read_as_rows() -> None:
    cells = [("thread", "hours"), ("Cotton", "13"), ("Bamboo", "1,200"), ("Tungsten", "9")]
    lines = [written(0, 30, "Threads", 0.05, 0.1)]
    for number, (left, right) in enumerate(cells):
        lines += [written(0, 30, left, 0.2 + number / 10), written(0, 30, right, 0.2 + number / 10, left=0.5)]
    lines.append(written(0, 30, "a note below it", 0.7))
    rows = ["Threads", *map(" | ".join, cells), "a note below it"]
    assert sorted(s.text for s in join_screens(lines, "v")) == sorted([*rows, "\n".join(rows)])


def test_lines_beside_each_other_that_come_one_by_one_are_no_table() -> None:
    lines = [
        written(0, 30, "Reasons", 0.2),
        written(10, 30, "Costs", 0.2, left=0.5),
        written(0, 30, "Heat", 0.3),
        written(20, 30, "Rent", 0.3, left=0.5),
    ]
    single = [s.text for s in join_screens(lines, "v") if "\n" not in s.text]
    assert sorted(single) == ["Costs", "Heat", "Reasons", "Rent"]


def test_what_repeats_on_every_slide_is_said_once_and_belongs_to_none() -> None:
    slides = ["Flames", "Towers", "Cocoa", "Gas"]
    lines = []
    for number, title in enumerate(slides):
        at = 10 * number
        lines += [
            written(at, at + 10, title, 0.1, 0.1),
            written(at, at + 10, f"about {title}", 0.4),
            written(at, at + 10, f"{number + 7} Somebody left a light on", 0.93, 0.04),
        ]
    texts = [s.text for s in join_screens(lines, "v")]
    assert [text for text in texts if "Somebody" in text] == ["7 Somebody left a light on"]
    assert "Gas\nabout Gas" in texts


def test_a_year_at_the_edge_is_no_page_number() -> None:
    lines = [written(0, 10, "The armistice", 0.4), written(0, 10, "1918", 0.9), written(10, 20, "12", 0.9)]
    texts = [s.text for s in join_screens(lines, "v")]
    assert sorted(texts) == ["1918", "The armistice", "The armistice\n1918"]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "library") as opened:
        yield opened


@pytest.fixture
def video(tmp_path: Path, store: Store) -> VideoInfo:
    info = VideoInfo("id", tmp_path / "talk.mp4", 4000.0, 64, 36, 25.0, "h264", "mov", 0, 0.0, False)
    store.put_video(info)
    return info


def context_of(store: Store, video: VideoInfo, finished: set[str]) -> StageContext:
    return StageContext(video, store, IngestSettings(), frozenset(finished), lambda seconds: None)


def test_a_killed_run_goes_on_without_loss_or_repeats(store: Store, video: VideoInfo) -> None:
    number = PART_SENTENCES + 20
    store.add_text_lines("id", [cue(n, n + 1, f"Number {n}.") for n in range(number)])
    stage, finished = SentenceStage(), set[str]()
    for _ in range(2):  # killed after the first part
        part = next(stage.run(context_of(store, video, finished)))
        part.write(store)
        finished.add(part.key)
    assert list(stage.run(context_of(store, video, finished))) == []
    sentences = store.sentences("id")
    assert [s.text for s in sentences] == [f"Number {n}." for n in range(number)]
    ids, vectors = store.vectors(SentenceEncoder.space_id, "id")
    assert ids.tolist() == [s.id for s in sentences]
    assert np.allclose(vectors[-1], SentenceEncoder().encode_texts([sentences[-1].text])[0], atol=1e-5)
    assert stage.outcome(context_of(store, video, finished)).status == "read"


def test_a_video_without_text_is_said_to_have_none(store: Store, video: VideoInfo) -> None:
    context = context_of(store, video, set())
    assert list(SentenceStage().run(context)) == []
    assert SentenceStage().outcome(context).status == "absent"
