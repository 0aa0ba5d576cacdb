"""Questions with passages, some of which answer: what the reader learns from.

The passages of a question are those that a search would bring, the hardest to tell from the answer, and those that
hold it. A near miss, and a question on another transcript, has none that does. Nor has a question beside a wrong
answer, so that the reader learns to tell which option a passage bears out, and whether it says yes.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rewatch.agent.question import Question, ground
from rewatch.evals.answerability.corpus import Asked, is_right
from rewatch.memory.library import Library
from rewatch.memory.types import Limits
from rewatch.tools.context import ToolContext
from rewatch.tools.meter import Meter
from rewatch.tools.passages import Passages, load
from rewatch.tools.reader import beside
from rewatch.tools.relevance import embed_query
from rewatch.tools.search import candidates, kinds_of

RIGHT = 2
"""At most so many passages that answer."""
_SHARE_OF_OTHERS = 0.3
"""How often questions are due that balance nothing.

Those written first are more, and their answers share fewer words with them than their near misses do: alone they
teach that a passage with the question's words does not answer it."""
_SHARE_BESIDE, _SHARE_OF_OPTIONS = 0.4, 0.8
"""How often a question beside an answer is due, and beside an option."""
_ONE_IN = 3
"""Of the questions that are no multiple choice, so many are put beside an answer."""
_POLAR = re.compile(r"(?:yes|no)\b")


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
    share: float
    """How likely it is due in an epoch."""


def exercises(library: Library, questions: Sequence[Asked]) -> Iterator[Exercise]:
    """Make exercises of the questions on one transcript."""
    for asked in questions:
        share = 1.0 if asked.balancing and not asked.foreign else _SHARE_OF_OTHERS
        yield from _exercise(library, asked, share)
    for asked in beside_answers(questions):
        yield from _exercise(library, asked, _SHARE_OF_OPTIONS if asked.options else _SHARE_BESIDE)


def beside_answers(questions: Sequence[Asked]) -> Iterator[Asked]:
    """Questions beside their answers, and beside wrong ones, which nothing in their video bears out.

    Args:
        questions: On one transcript. Each multiple choice is taken, and some of the others, for which the answer of
            another question of their kind is a wrong one.
    """
    for number, asked in enumerate(questions):
        if not asked.answerable or not asked.answer or not (asked.options or number % _ONE_IN == 0):
            continue
        yield replace(asked, text=beside(asked.text, asked.answer))
        wrong = _wrong_answer(asked, [*questions[number + 1 :], *questions[:number]])
        if wrong:
            yield replace(
                asked, text=beside(asked.text, wrong), answerable=False, spans=(), texts=frozenset()
            )


def _wrong_answer(asked: Asked, others: Sequence[Asked]) -> str:
    said = asked.answer.casefold()
    if polar := _POLAR.match(said):
        return "no" if polar[0] == "yes" else "yes"
    if asked.options:
        wrong = [option for option in asked.options.values() if option.casefold() != said]
        return wrong[len(asked.text) % len(wrong)]
    same = [
        other.answer
        for other in others
        if other.answerable and other.kind == asked.kind and not other.options
    ]
    return next((answer for answer in same if answer.casefold() not in ("", said)), "")


def _exercise(library: Library, asked: Asked, share: float) -> Iterator[Exercise]:
    """The exercise of a question; none where what answers it is no passage."""
    question = ground(asked.text, asked.video.duration_seconds, asked.options)
    passages = load(library, asked.video.video_id)
    near = [p for p, sentence in enumerate(passages.sentences) if is_right(sentence.span, asked.spans)]
    close = {other for position in near for other in passages.neighbours(position)} | set(near)
    right = [position for position in near if asked.is_answered_within(passages.sentences[position])]
    if asked.answerable and not right:
        return
    found = _found(library, asked, question, passages)
    chosen = [*right[:RIGHT], *(position for position in found if position not in close)]
    yield Exercise(
        asked.text,
        tuple(passages.to_read(position) for position in chosen),
        tuple(passages.behind_context(position) for position in chosen),
        np.arange(len(chosen)) < len(right[:RIGHT]),
        share,
    )


def _found(library: Library, asked: Asked, question: Question, passages: Passages) -> list[int]:
    context = ToolContext(library, (asked.video,), None, Meter(Limits()))
    query = embed_query(question.text, question.query, question.expected)
    return candidates(context, asked.video, query, asked.video.span, kinds_of(question.channels), passages)
