"""Questions with passages, some of which answer: what the reader learns from.

The passages of a question are those that a search would bring, the hardest to tell from the answer, and those that
hold it. A near miss, and a question on another transcript, has none that does.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rewatch.agent.question import Question, ground
from rewatch.evals.answerability.corpus import Asked, is_right
from rewatch.memory.library import Library
from rewatch.memory.types import Limits
from rewatch.tools.context import ToolContext
from rewatch.tools.meter import Meter
from rewatch.tools.passages import Passages, load
from rewatch.tools.relevance import embed_query
from rewatch.tools.search import candidates, kinds_of

RIGHT = 2
"""At most so many passages that answer."""


@dataclass(frozen=True, slots=True)
class Exercise:
    """One question and passages as they are read."""

    question: str
    alone: tuple[str, ...]
    """Passages by themselves, those that answer first, the others as the search ranks them."""
    behind: tuple[str, ...]
    """The same behind their context."""
    answers: NDArray[np.bool_]
    """bool `[len(alone)]`; all false for a near miss."""
    balancing: bool
    """Whether it was written so that the words that it shares with a passage tell nothing of the answer."""


def exercises(library: Library, questions: Sequence[Asked]) -> Iterator[Exercise]:
    """Make exercises of the questions on one transcript."""
    for asked in questions:
        question = ground(asked.text, asked.video.duration_seconds, asked.options)
        passages = load(library, asked.video.video_id)
        near = [p for p, sentence in enumerate(passages.sentences) if is_right(sentence.span, asked.spans)]
        beside = {other for position in near for other in passages.neighbours(position)} | set(near)
        right = [position for position in near if asked.is_answered_within(passages.sentences[position])]
        if asked.answerable and not right:
            continue
        found = _found(library, asked, question, passages)
        chosen = [*right[:RIGHT], *(position for position in found if position not in beside)]
        yield Exercise(
            asked.text,
            tuple(passages.to_read(position) for position in chosen),
            tuple(passages.behind_context(position) for position in chosen),
            np.arange(len(chosen)) < len(right[:RIGHT]),
            asked.balancing and not asked.foreign,
        )


def _found(library: Library, asked: Asked, question: Question, passages: Passages) -> list[int]:
    context = ToolContext(library, (asked.video,), None, Meter(Limits()))
    query = embed_query(question.text, question.query, question.expected)
    return candidates(context, asked.video, query, asked.video.span, kinds_of(question.channels), passages)
