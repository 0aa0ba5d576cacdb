"""Shots, scenes and chapters nest exactly, and chapters begin where topics do."""

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from videos import numbered, render

from rewatch.memory.ingest.chapters import Material, SegmentStage, build_segments
from rewatch.memory.ingest.encoder import SentenceEncoder
from rewatch.memory.ingest.joining import join_spoken
from rewatch.memory.ingest.partition import choose_starts
from rewatch.memory.ingest.probe import probe
from rewatch.memory.ingest.settings import IngestSettings
from rewatch.memory.ingest.shots import histogram
from rewatch.memory.ingest.slides import find_slides
from rewatch.memory.ingest.stage import StageContext
from rewatch.memory.ingest.transitions import closes_topic, opens_topic
from rewatch.memory.store import Store
from rewatch.memory.types import FrameSample, Segment, Span, TextLine

TALK = {
    "Baking bread": [
        ("Flour and water", "Mix the flour with water and knead the dough. The gluten makes it elastic."),
        ("Yeast", "Yeast eats the sugar in the flour. The dough rises because of the gas."),
        ("The oven", "Bake the loaf in a hot oven. The crust turns brown and crisp."),
    ],
    "Sailing boats": [
        ("Wind and sails", "The wind pulls the sail of the boat. A keel keeps it from drifting sideways."),
        ("Tacking", "To sail against the wind you tack. The crew moves the boom to the other side."),
        ("Harbours", "In the harbour the sailors lower the sails. The boat is tied to the quay with ropes."),
    ],
    "Growing roses": [
        ("Soil and sun", "Roses like sun and rich soil. Plant the shrub in a deep hole in the garden."),
        ("Pruning", "Prune the stems of the roses in spring. Cut above a bud with sharp secateurs."),
        ("Greenfly", "Greenfly suck the sap of the leaves. Ladybirds in the garden eat the greenfly."),
    ],
}
SLIDE_SECONDS, HEADING_SECONDS = 40.0, 10.0


def line(start: float, end: float, text: str, top: float, height: float) -> TextLine:
    return TextLine("screen", Span(start, end), text, "ocr", (0.1, top, 0.1 + 0.02 * len(text), top + height))


def talk(*, headings: bool) -> tuple[Material, dict[str, float]]:
    """A talk of three topics, and when each begins."""
    screen: list[TextLine] = []
    said: list[TextLine] = []
    starts: dict[str, float] = {}
    cuts = [0.0]
    clock = 0.0
    for title, slides in TALK.items():
        starts[title] = clock
        if headings:
            screen.append(line(clock, clock + HEADING_SECONDS, title, 0.4, 0.12))
            clock += HEADING_SECONDS
            cuts.append(clock)
        for name, speech in slides:
            end = clock + SLIDE_SECONDS
            screen += [line(clock, end, name, 0.08, 0.07), line(clock, end, speech.split(".")[0], 0.3, 0.05)]
            for offset, sentence in zip((2, 20), speech.split(". "), strict=True):
                said.append(
                    TextLine("subtitle", Span(clock + offset, clock + offset + 15), sentence + ".", "srt")
                )
            clock = end
            cuts.append(clock)
    shots = [Span(a, b) for a, b in itertools.pairwise(cuts)]
    return material(clock, shots, screen, said), starts


def material(
    duration: float,
    shots: Sequence[Span],
    screen: Sequence[TextLine] = (),
    said: Sequence[TextLine] = (),
    samples: Sequence[FrameSample] = (),
) -> Material:
    spoken = join_spoken(said, "v")
    vectors = SentenceEncoder().encode_texts([sentence.text for sentence in spoken])
    return Material(duration, shots, samples, screen, spoken, vectors)


def level(segments: Sequence[Segment], name: str) -> list[Segment]:
    return [segment for segment in segments if segment.level == name]


def check_nesting(segments: Sequence[Segment], duration: float) -> None:
    below: set[float] | None = None
    for name in ("shot", "scene", "chapter"):
        spans = [segment.span for segment in level(segments, name)]
        assert spans[0].start_seconds == 0
        assert spans[-1].end_seconds == duration
        assert all(a.end_seconds == b.start_seconds for a, b in itertools.pairwise(spans))
        assert all(span.duration_seconds > 0 for span in spans)
        starts = {span.start_seconds for span in spans}
        assert below is None or starts <= below
        below = starts


@pytest.mark.parametrize("headings", [True, False])
def test_chapters_begin_where_topics_do(headings: bool) -> None:
    made, starts = talk(headings=headings)
    segments = build_segments(made)
    check_nesting(segments, made.duration_seconds)
    assert set(starts.values()) <= {chapter.span.start_seconds for chapter in level(segments, "chapter")}


def test_a_heading_names_its_chapter() -> None:
    made, starts = talk(headings=True)
    titles = {chapter.span.start_seconds: chapter.title for chapter in level(build_segments(made), "chapter")}
    assert [titles[start] for start in starts.values()] == list(starts)


def test_without_slides_the_title_is_made_of_spoken_words() -> None:
    made, _ = talk(headings=False)
    blind = Material(made.duration_seconds, made.shots, (), (), made.spoken, made.vectors)
    words = " ".join(sentence.text for sentence in made.spoken).casefold()
    chapters = level(build_segments(blind), "chapter")
    assert all(chapter.title for chapter in chapters)
    assert all(part.casefold() in words for chapter in chapters for part in chapter.title.split(", "))


def test_a_break_in_which_nobody_speaks_is_a_chapter_of_its_own() -> None:
    made, _ = talk(headings=False)
    end = made.duration_seconds
    later = [
        TextLine("subtitle", Span(end + 150 + 20 * n, end + 165 + 20 * n), "Welcome back to the talk.", "srt")
        for n in range(8)
    ]
    said = [TextLine("subtitle", s.span, s.text, "srt") for s in made.spoken] + later
    whole = material(end + 320, [*made.shots, Span(end, end + 320)], made.screen, said)
    starts = [chapter.span.start_seconds for chapter in level(build_segments(whole), "chapter")]
    assert end in starts
    assert end + 150 in starts


def picture(colour: tuple[int, int, int]) -> bytes:
    return histogram(numbered(0, colour=colour))


def test_shots_that_alternate_are_one_scene() -> None:
    colours = [(200, 30, 30), (30, 30, 200)] * 4 + [(30, 200, 30), (220, 220, 40)] * 4
    shots = [Span(5.0 * n, 5.0 * n + 5) for n in range(16)]
    samples = [FrameSample(5.0 * n + 2, picture(colour), b"") for n, colour in enumerate(colours)]
    segments = build_segments(material(80.0, shots, samples=samples))
    check_nesting(segments, 80.0)
    assert [scene.span for scene in level(segments, "scene")] == [Span(0, 40), Span(40, 80)]


def test_a_video_without_any_text_has_chapters_without_titles() -> None:
    rng = np.random.default_rng(7)
    shots = [Span(4.0 * n, 4.0 * n + 4) for n in range(200)]
    samples = [
        FrameSample(4.0 * n + 2, picture((int(rng.integers(256)), 40, 200 if n < 100 else 20)), b"")
        for n in range(200)
    ]
    segments = build_segments(material(800.0, shots, samples=samples))
    check_nesting(segments, 800.0)
    assert 3 <= len(level(segments, "chapter")) <= 20
    assert {chapter.title for chapter in level(segments, "chapter")} == {""}


@pytest.mark.parametrize("duration", [0.04, 5.0])
def test_a_video_of_one_shot_is_one_of_each(duration: float) -> None:
    segments = build_segments(material(duration, [Span(0, duration)]))
    assert [segment.level for segment in segments] == ["shot", "scene", "chapter"]
    check_nesting(segments, duration)


def test_a_topic_that_begins_within_a_shot_splits_it() -> None:
    said = []
    for number, (_, speech) in enumerate(part for slides in TALK.values() for part in slides):
        for offset, sentence in enumerate(speech.split(". ")):
            start = 40.0 * number + 20 * offset + 1
            said.append(TextLine("subtitle", Span(start, start + 15), sentence + ".", "srt"))
    segments = build_segments(material(360.0, [Span(0, 360)], said=said))
    check_nesting(segments, 360.0)
    assert len(level(segments, "chapter")) > 1


def test_chapters_have_sensible_lengths_without_evidence() -> None:
    starts = [10.0 * n for n in range(360)]
    chosen = choose_starts(starts, [0.0] * 360, 3600.0)
    assert 10 <= len(chosen) <= 16
    assert chosen[0] == 0


def test_slides_are_told_from_headings_and_footers() -> None:
    lines = [line(0, 100, "A talk", 0.93, 0.03)]
    for number in range(4):
        start = 25.0 * number
        lines.append(line(start, start + 5, f"Part {number}", 0.4, 0.12))
        lines += [line(start + 5, start + 25, f"Slide {number}", 0.08, 0.07)]
        lines += [line(start + 5, start + 25, f"bullet {number}{n}", 0.3 + n / 8, 0.05) for n in range(3)]
    slides = find_slides(sorted(lines, key=lambda item: item.span))
    assert [slide.title for slide in slides] == [
        f"{kind} {n}" for n in range(4) for kind in ("Part", "Slide")
    ]
    assert [slide.heading for slide in slides] == [True, False] * 4
    assert all("A talk" not in slide.lines for slide in slides)


@pytest.mark.parametrize(
    "sentence",
    [
        "Okay, so now let's move on to memory.",
        "The second thing I want to talk about is heat.",
        "Next up is the hardware.",
        "Welcome back, everybody.",
        "That brings us to part three.",
    ],
)
def test_announcements_are_recognised(sentence: str) -> None:
    assert opens_topic(sentence) == 1


def test_ordinary_sentences_announce_nothing() -> None:
    assert opens_topic("The molecules hit the wall of the box.") == 0
    assert closes_topic("The molecules hit the wall of the box.") == 0
    assert closes_topic("So this answers my first question.") == 1


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "library") as opened:
        yield opened


def test_the_stage_stores_all_levels_and_clears_them(tmp_path: Path, store: Store) -> None:
    colours = [(250, 20, 20)] * 50 + [(20, 20, 250)] * 50
    frames = [numbered(0, colour=colour) for colour in colours]
    video = probe(render(tmp_path / "a.mp4", frames, fps=10))
    store.put_video(video)
    samples = [
        FrameSample(float(n), histogram(frames[10 * n], float(n), 50.0 if n == 5 else 0.0), b"")
        for n in range(10)
    ]
    store.add_samples(video.video_id, samples)
    context = StageContext(video, store, IngestSettings(), frozenset(), lambda seconds: None)
    stage = SegmentStage()
    (part,) = stage.run(context)
    part.write(store)
    check_nesting(store.segments(video.video_id), video.duration_seconds)
    assert 5.0 in {shot.span.start_seconds for shot in store.segments(video.video_id, "shot")}
    stage.clear(store, video.video_id)
    assert store.segments(video.video_id) == []
