"""Follow-up questions: what "it", "that" and "then" mean after an earlier question of the same thread."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from rewatch.agent.question import Question
from rewatch.agent.wording import TELL
from rewatch.memory.types import Span
from rewatch.tools.words import content_words

_PREPOSITION, _ASKING = (
    r"(?:about|on|of|with|for|to|in|at)",
    r"(?:what|which|who|where|when|why|how|do|does|did)",
)
_AUXILIARY = r"(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should)"
_RECORDING = r"(?:video|talk|film|movie|clip|lecture|recording|presentation|meeting|tour|episode)"
_ALONE = rf"(?=\W*$|,| (?:{_PREPOSITION}|{_ASKING})\b)"
"""What follows a pronoun that stands by itself: "after that storm" names the storm, "after it broke" an event."""
_AFTER = re.compile(
    rf"\b(?:after|following) (?:that|this|it)\b{_ALONE}|"
    rf"(?:^|\b(?:happen(?:s|ed)?|comes?|came|follow(?:s|ed)?|does|do|did|goes|go|{TELL}) )next\b(?! to\b)|"
    r"(?<!\bthe )\bnext(?=\W*$)|"
    r"^(?:and )?then\b|(?<!back )(?<!since )(?<!until )(?<!by )\bthen(?=\W*$)|\bafterwards?\b",
    re.IGNORECASE,
)
_BEFORE = re.compile(rf"\bbefore (?:that|this|it)\b{_ALONE}", re.IGNORECASE)
_REFERS = re.compile(
    rf"\b(?:it|its|they|them|their|those|these)\b|\bthis\b(?! {_RECORDING}\b)|\bthat(?=\W*$)|"
    rf"(?:^|\b(?:{_AUXILIARY}|{_PREPOSITION}|{_ASKING}|by|from|like|than|and|or) |['’]s )that\b(?! {_RECORDING}\b)",
    re.IGNORECASE,
)
"""A pronoun for an earlier subject; the "that" of "she says that" and "the lamp that" is none."""
_TELLING = re.compile(
    rf"\b(?:do|does|did) (?:it|they) (?:(?:ever|also|actually|first) )?{TELL}\b|\bit true that\b",
    re.IGNORECASE,
)
"""Pronouns for the video or whoever speaks in it, and for nothing."""
_FEW_WORDS = 2
"""A question with a pronoun and so few words of its own is about the earlier one's subject."""


def complete(
    question: Question, turns: Sequence[Mapping[str, Any]], lengths_seconds: Mapping[str, float]
) -> Question:
    """Fill a follow-up question in with what the last turn was about.

    Args:
        question: The question, grounded by itself.
        turns: Earlier turns of the thread, oldest first.
        lengths_seconds: How long each video is that is asked about now, by its id.

    Returns:
        The question with a span after or before the last answer, where that is in one of these videos, or with
        its subject; unchanged when it stands by itself.
    """
    if not turns:
        return question
    last = turns[-1]
    answered = next((span for span in last.get("spans") or [] if span["video_id"] in lengths_seconds), None)
    if answered and question.span is None and _AFTER.search(question.text):
        end = lengths_seconds[answered["video_id"]]
        return replace(question, span=Span(min(float(answered["end_seconds"]), end), end), anchor=None)
    if answered and question.span is None and _BEFORE.search(question.text):
        return replace(question, span=Span(0.0, float(answered["start_seconds"])), anchor=None)
    is_short = len(content_words(question.query)) <= _FEW_WORDS
    if last["query"] and is_short and _REFERS.search(_TELLING.sub(" ", question.text)):
        query = f"{question.query} {last['query']}".strip()
        return replace(question, text=f"{question.text} ({last['query']})", query=query, targets=(query,))
    return question
