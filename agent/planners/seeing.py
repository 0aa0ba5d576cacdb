"""The rules with eyes: where words do not say what is seen, search and look; without a visual model, do not guess."""

from collections.abc import Sequence
from dataclasses import dataclass

from rewatch.agent.calls import ToolCall
from rewatch.agent.looking import LOOK, candidates, look_calls, remedy, sightings, tells
from rewatch.agent.planners import Done, Planner, Reflection
from rewatch.agent.planners.rules import SUFFICIENT
from rewatch.agent.question import Question
from rewatch.agent.seeking import SEEK, answers_by_moment, moments, seek_calls, surest, verdicts
from rewatch.tools.context import ToolContext

_LOOKED_FOR = ("what", "when", "yes_no", "count")
"""Types of questions that a picture may answer where no words do."""


@dataclass(frozen=True, slots=True)
class SeeingPlanner:
    """Another planner's calls first, then a search of the pictures and looks at what it found."""

    words: Planner
    """Plans what is read, and what is found by likeness in the index."""
    tools: ToolContext

    def plan(self, question: Question, done: Sequence[Done], missing: str) -> tuple[ToolCall, ...]:
        """The other planner's calls; when it has none left, a look at good candidates, else a search and a look."""
        calls = self.words.plan(question, done, missing)
        if calls:
            return calls
        looks = self._looks(question, done)
        sought = any(item.call.tool == SEEK for item in done)
        if not sought and self._can_seek(question) and not (looks and candidates(question, done)):
            return seek_calls(question, self.tools) or looks
        return looks

    def reflect(self, question: Question, done: Sequence[Done]) -> Reflection:
        """Sufficient when a look shows it, when a search found it and nothing can look closer, or when words say it."""
        judged = self.words.reflect(question, [item for item in done if item.call.tool != SEEK])
        seen = sightings(done)
        if seen:
            return Reflection(True, max(judged.confidence, seen[0].probability or 0.0))
        found = surest(question, done)
        if found >= SUFFICIENT and answers_by_moment(question, self.tools) and not self._can_look(question):
            return Reflection(True, max(judged.confidence, found))
        if not question.needs_eyes:
            return judged
        read = (seen for item in done if item.call.tool != SEEK for seen in item.observations)
        if judged.sufficient and any(tells(question, seen.text) for seen in read):
            return judged
        if self._can_look(question) or verdicts(done):
            return Reflection(False, judged.confidence, judged.missing or "no words say what is seen")
        return Reflection(False, judged.confidence, remedy(question, self.tools))

    def _looks(self, question: Question, done: Sequence[Done]) -> tuple[ToolCall, ...]:
        """Looks that were not made yet: once at what searches found first, once more at what `seek` found."""
        made = [item.call for item in done if item.call.tool == LOOK]
        if not self._can_look(question) or (made and not moments(done)):
            return ()
        return tuple(call for call in look_calls(question, done, self.tools) if call not in made)

    def _can_look(self, question: Question) -> bool:
        return self._wants_eyes(question) and self.tools.models.has("vlm")

    def _can_seek(self, question: Question) -> bool:
        """Whether a moment would be an answer, or could be looked at for one."""
        return self._can_look(question) or answers_by_moment(question, self.tools)

    def _wants_eyes(self, question: Question) -> bool:
        return question.needs_eyes or (question.type in _LOOKED_FOR and not question.counts_mentions)
