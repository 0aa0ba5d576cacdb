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
