"""The passages of one video in memory: sentences by time with their vectors, and what stands around each.

Owns neighbourhood: which sentences are said before and after, which screen is shown meanwhile. The rows are
the store's, comparing with a query is `relevance`'s work.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from rewatch.memory.ingest.encoder import SentenceEncoder
from rewatch.memory.ingest.screens import BETWEEN_CELLS
from rewatch.memory.library import Library
from rewatch.memory.store import VectorState
from rewatch.memory.types import Sentence, Span
from rewatch.tools.words import stems

Floats = NDArray[np.float32]

NEAR_SECONDS = 12.0
"""Spoken sentences further away than this are not neighbours: a pause has come between."""

_PAUSE_SECONDS = 3.0
"""A longer silence begins another thought."""
_SETTING = 4
"""How many sentences back a speaker's "he" or "it" may point."""
_BEFORE, _READ_WORDS = 2, 70
"""A passage is read behind so many sentences, so many words in all."""
_SPOKEN = ("subtitle", "speech")


@dataclass(frozen=True)
class Passages:
    """All sentences of one video."""

    sentences: tuple[Sentence, ...]
    """By start time."""
    vectors: Floats
    """float32 `[len(sentences), D]`, unit length."""
    rows: dict[int, int]
    """Position of each sentence by its row id."""
    spoken: tuple[int, ...]
    """Positions of the spoken (or subtitled) sentences, by start time."""
    shown: tuple[int, ...]
    """Positions of the texts on the screen, by start time."""
    stem_counts: Mapping[str, int]
    """In how many sentences each stem stands."""
    space_id: str = SentenceEncoder.space_id
    """The embedding space of the vectors."""

    def neighbours(self, position: int, reach: int = 1) -> list[int]:
        """Positions of the passage and of what is said just before and after it.

        A text on the screen has as neighbours what is said while it stands there.

        Args:
            position: Position of a sentence.
            reach: How many spoken sentences to take on either side.
        """
        sentence = self.sentences[position]
        if sentence.kind not in _SPOKEN:
            return [position, *self.said_during(sentence.span)[: 4 * reach]]
        place = bisect_left(self.spoken, position)
        around = self.spoken[max(place - reach, 0) : place + reach + 1]
        return [
            other for other in around if self.sentences[other].span.gap_seconds(sentence.span) <= NEAR_SECONDS
        ]

    def following(self, position: int) -> int | None:
        """Position of the sentence spoken after a spoken one, or None."""
        if self.sentences[position].kind not in _SPOKEN:
            return None
        place = bisect_left(self.spoken, position) + 1
        return self.spoken[place] if place < len(self.spoken) else None

    def completed(self, position: int) -> Sentence:
        """A passage with what completes it: a line with its screen, while the line stands, a sentence with the next."""
        sentence = self.sentences[position]
        if sentence.kind == "screen":
            whole = (self.sentences[other] for other in self.shown)
            screens = [
                s for s in whole if sentence.text in s.text.splitlines() and s.span.overlaps(sentence.span)
            ]
            return replace(
                max(screens, key=lambda screen: len(screen.text), default=sentence), span=sentence.span
            )
        following = self.following(position)
        if following is None or self.sentences[following].span.gap_seconds(sentence.span) > _PAUSE_SECONDS:
            return sentence
        after = self.sentences[following]
        return replace(sentence, span=sentence.span.union(after.span), text=f"{sentence.text} {after.text}")

    def to_read(self, position: int) -> str:
        """A passage as the reader judges it: what is said by itself, a line on the screen with the rest of the screen.

        A row of a table needs its heading; a sentence that is read with others is believed for what stands beside it.
        """
        sentence = self.sentences[position]
        return in_marks(sentence.text) if sentence.kind in _SPOKEN else self.in_context(position)

    def in_context(self, position: int) -> str:
        """A passage between marks, with what is said before and after it, or with the rest of its screen."""
        sentence = self.sentences[position]
        if sentence.kind == "screen":
            lines, between = self.completed(position).text.splitlines(), " / "
            place = lines.index(sentence.text) if sentence.text in lines else len(lines)
            before, after = _heads(lines, place), lines[place + 1 :]
        else:
            around, between = self.neighbours(position), " "
            before = [self.sentences[other].text for other in around if other < position]
            after = [self.sentences[other].text for other in around if other > position]
        return between.join([*before, in_marks(sentence.text), *after])

    def behind_context(self, position: int) -> str:
        """A spoken passage between marks, behind the title of what is shown meanwhile and the last sentences before it.

        Where that would be long, the sentences furthest back are left out, so that the passage itself is never cut.
        A text on the screen stands as `to_read` has it.
        """
        sentence = self.sentences[position]
        if sentence.kind not in _SPOKEN:
            return self.to_read(position)
        place = bisect_left(self.spoken, position)
        said = [self.sentences[other] for other in self.spoken[max(place - _BEFORE, 0) : place]]
        near = [
            other.text for other in said if other.span.gap_seconds(sentence.span) <= _BEFORE * NEAR_SECONDS
        ]
        screens = [self.sentences[other].text for other in self._shown_at.overlapping(sentence.span)]
        titles = [f"{max(screens, key=len).splitlines()[0]}."] if screens else []
        context = [*titles, *near]
        while context and len(" ".join([*context, sentence.text]).split()) > _READ_WORDS:
            del context[min(len(titles), len(context) - 1)]
        return " ".join([*context, in_marks(sentence.text)])

    def setting(self, position: int) -> list[int]:
        """Positions of what sets the scene of a passage: the last sentences before it, the screen meanwhile.

        A speaker names a person or a thing once and then says "he" or "it"; the slide keeps the name.
        """
        span = self.sentences[position].span
        place = bisect_left(self.spoken, position)
        before = self.spoken[max(place - _SETTING, 0) : place + 2]
        said = [
            other
            for other in before
            if self.sentences[other].span.gap_seconds(span) <= _SETTING * NEAR_SECONDS
        ]
        return [*said, *self._shown_at.overlapping(span)]

    def holding(self, stem: str) -> int:
        """How many sentences hold a word of that stem."""
        return self.stem_counts.get(stem, 0)

    def said_during(self, span: Span) -> list[int]:
        """Positions of the spoken sentences that overlap a span."""
        return self._spoken_at.overlapping(span)

    def around(self, position: int, reach: int = 1) -> Floats:
        """Mean direction of a passage and its neighbours, float32 `[D]`, unit length."""
        mean = self.vectors[self.neighbours(position, reach)].mean(axis=0)
        return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-9), np.float32)

    @cached_property
    def _spoken_at(self) -> "_Times":
        return _Times(self.sentences, self.spoken)

    @cached_property
    def _shown_at(self) -> "_Times":
        return _Times(self.sentences, self.shown)


class _Times:
    """When some sentences stand, to find those of a moment without going through an hour."""

    def __init__(self, sentences: Sequence[Sentence], positions: Sequence[int]) -> None:
        """Note the times.

        Args:
            sentences: By start time.
            positions: Which of them, ascending.
        """
        self._positions = positions
        self._spans = [sentences[position].span for position in positions]
        self._starts = [span.start_seconds for span in self._spans]
        self._reached = list(accumulate((span.end_seconds for span in self._spans), max))

    def overlapping(self, span: Span) -> list[int]:
        """Positions of those that share an instant with a span, ascending."""
        first = bisect_right(self._reached, span.start_seconds)
        behind = bisect_left(self._starts, span.end_seconds)
        return [self._positions[row] for row in range(first, behind) if self._spans[row].overlaps(span)]


def _heads(lines: Sequence[str], place: int) -> list[str]:
    """What tells what a line of a screen is about: the title, and for a row of a table its first row."""
    if not 0 < place < len(lines):
        return []
    cells = lines[place].count(BETWEEN_CELLS)
    first_row = next(
        (row for row in range(1, place) if cells and lines[row].count(BETWEEN_CELLS) == cells), 0
    )
    return [lines[0], lines[first_row]] if first_row else [lines[0]]


def in_marks(text: str) -> str:
    """A passage between the marks that tell a reader which part of what it reads is meant."""
    return f"« {' / '.join(text.splitlines())} »"


def load(library: Library, video_id: str) -> Passages:
    """Read the passages of a video; the last few videos stay in memory until their vectors change."""
    state = library.store.vector_state(SentenceEncoder.space_id)
    return _load(library, video_id, state)


@lru_cache(maxsize=8)
def _load(library: Library, video_id: str, state: VectorState | None) -> Passages:
    ids, vectors = library.store.vectors(SentenceEncoder.space_id, video_id)
    row_of = {int(row_id): row for row, row_id in enumerate(ids)}
    sentences = tuple(s for s in library.store.sentences(video_id) if s.id in row_of)
    order = [row_of[sentence.id] for sentence in sentences]
    return Passages(
        sentences,
        vectors[order] if order else np.zeros((0, SentenceEncoder.dimensions), np.float32),
        {sentence.id: position for position, sentence in enumerate(sentences)},
        tuple(p for p, sentence in enumerate(sentences) if sentence.kind in _SPOKEN),
        tuple(p for p, sentence in enumerate(sentences) if sentence.kind == "screen"),
        Counter(stem for sentence in sentences for stem in stems(sentence.text)),
    )
