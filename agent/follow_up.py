"""Follow-up questions: what "it", "that" and "then" mean after an earlier question of the same thread."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from rewatch.agent.question import Question
from rewatch.memory.types import Span
from rewatch.tools.words import content_words

_AFTER = re.compile(r"\b(?:after|following) (?:that|this|it)\b|\b(?:next|then|afterwards)\b", re.IGNORECASE)
_BEFORE = re.compile(r"\bbefore (?:that|this|it)\b", re.IGNORECASE)
_REFERS = re.compile(r"\b(?:it|its|that|this|they|them|their|those|these)\b", re.IGNORECASE)
_FEW_WORDS = 2
"""A question with a pronoun and so few words of its own is about the earlier one's subject."""


def complete(question: Question, turns: Sequence[Mapping[str, Any]], duration_seconds: float) -> Question:
    """Fill a follow-up question in with what the last turn was about.

    Args:
        question: The question, grounded by itself.
        turns: Earlier turns of the thread, oldest first.
        duration_seconds: Length of the longest video.

    Returns:
        The question with a span after or before the last answer, or with its subject; unchanged when it
        stands by itself.
    """
    if not turns:
        return question
    last = turns[-1]
    spans = last.get("spans") or []
    if spans and question.span is None and _AFTER.search(question.text):
        start = float(spans[0]["end_seconds"])
        return replace(question, span=Span(min(start, duration_seconds), duration_seconds), anchor=None)
    if spans and question.span is None and _BEFORE.search(question.text):
        return replace(question, span=Span(0.0, float(spans[0]["start_seconds"])), anchor=None)
    if _REFERS.search(question.text) and len(content_words(question.query)) <= _FEW_WORDS:
        query = f"{question.query} {last['query']}".strip()
        return replace(question, text=f"{question.text} ({last['query']})", query=query, targets=(query,))
    return question
