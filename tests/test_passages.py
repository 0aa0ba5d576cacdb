"""Which passages share a moment: a screen and what is said meanwhile, of any length and in any overlap."""

import numpy as np

from rewatch.memory.types import Sentence, Span
from rewatch.tools.passages import Passages


def drawn(chance: np.random.Generator, count: int) -> Passages:
    """Sentences and screens whose spans overlap, hold each other, touch, or last no time at all."""
    starts = np.sort(chance.integers(0, 60, count))
    lasting = chance.choice([0, 1, 2, 5, 40], count)
    spans = [Span(float(start), float(start + length)) for start, length in zip(starts, lasting, strict=True)]
    kinds = chance.choice(["subtitle", "screen"], count)
    sentences = tuple(
        Sentence(row, "video", "screen" if kind == "screen" else "subtitle", span, f"passage {row}")
        for row, (kind, span) in enumerate(zip(kinds, spans, strict=True))
    )
    said, shown = (
        tuple(row for row, sentence in enumerate(sentences) if (sentence.kind == "screen") is is_shown)
        for is_shown in (False, True)
    )
    return Passages(
        sentences, np.ones((count, 2), np.float32), {row: row for row in range(count)}, said, shown, {}
    )


def test_what_is_said_during_a_span_is_all_that_overlaps_it() -> None:
    chance = np.random.default_rng(5)
    for _ in range(50):
        passages = drawn(chance, 30)
        for start, length in zip(chance.integers(0, 70, 20), chance.integers(0, 12, 20), strict=True):
            span = Span(float(start), float(start + length))
            overlapping = [row for row in passages.spoken if passages.sentences[row].span.overlaps(span)]
            assert passages.said_during(span) == overlapping


def test_the_setting_of_a_passage_holds_every_screen_that_stands_meanwhile() -> None:
    chance = np.random.default_rng(6)
    for _ in range(50):
        passages = drawn(chance, 30)
        for position in passages.spoken:
            span = passages.sentences[position].span
            standing = [row for row in passages.shown if passages.sentences[row].span.overlaps(span)]
            setting = passages.setting(position)
            assert [row for row in setting if row in passages.shown] == standing


def spoken(*texts: str, gap_seconds: float = 0.0, slide: str = "") -> Passages:
    """Sentences of two seconds one after another, the slide on the screen all the while."""
    spans = [Span(start, start + 2.0) for start in np.arange(len(texts)) * (2.0 + gap_seconds)]
    said = [
        Sentence(row, "video", "subtitle", span, text)
        for row, (span, text) in enumerate(zip(spans, texts, strict=True))
    ]
    shown = [Sentence(len(texts), "video", "screen", Span(0, spans[-1].end_seconds), slide)] if slide else []
    rows = range(len(texts) + len(shown))
    return Passages(
        (*said, *shown),
        np.ones((len(rows), 2), np.float32),
        {row: row for row in rows},
        tuple(range(len(texts))),
        tuple(range(len(texts), len(rows))),
        {},
    )


def test_a_passage_is_read_behind_the_title_of_its_slide_and_two_sentences() -> None:
    passages = spoken("One.", "Two.", "Three.", "Four.", slide="Numbers\nand more")
    assert passages.behind_context(3) == "Numbers. Two. Three. « Four. »"
    assert passages.behind_context(0) == "Numbers. « One. »"


def test_what_was_said_before_a_long_pause_is_no_context() -> None:
    assert spoken("One.", "Two.", gap_seconds=60).behind_context(1) == "« Two. »"


def test_a_long_context_is_left_out_from_the_front_and_the_passage_is_whole() -> None:
    long, passage = "word " * 30, "so " * 39 + "it was."
    passages = spoken(f"Far {long}.", f"Near {long}.", passage, slide="Title")
    assert passages.behind_context(2) == f"Title. « {passage} »"
    passages = spoken(f"Far {long}.", "Near.", passage)
    assert passages.behind_context(2) == f"Near. « {passage} »"
    assert spoken("Before.", "so " * 200).behind_context(1) == f"« {'so ' * 200} »"


def test_a_text_on_the_screen_has_the_rest_of_its_screen_as_context() -> None:
    passages = spoken("One.", slide="Title\nand more")
    assert passages.behind_context(1) == passages.to_read(1)
