"""The rules with eyes: where words do not say what is seen, look; and without a visual model, do not guess."""

from collections.abc import Sequence
from dataclasses import dataclass

from rewatch.agent.calls import ToolCall
from rewatch.agent.looking import LOOK, look_calls, remedy, sightings, tells
from rewatch.agent.planners import Done, Planner, Reflection
from rewatch.agent.question import Question
from rewatch.tools.context import ToolContext

_LOOKED_FOR = ("what", "when", "yes_no", "count")
"""Types of questions that a picture may answer where no words do."""


@dataclass(frozen=True, slots=True)
class SeeingPlanner:
    """Another planner's calls first, then looks."""

    words: Planner
    """Plans what is read."""
    tools: ToolContext

    def plan(self, question: Question, done: Sequence[Done], missing: str) -> tuple[ToolCall, ...]:
        """The other planner's calls; when it has none left, looks, once."""
        calls = self.words.plan(question, done, missing)
        looked = any(item.call.tool == LOOK for item in done)
        if calls or looked or not self._can_look(question):
            return calls
        return look_calls(question, done, self.tools)

    def reflect(self, question: Question, done: Sequence[Done]) -> Reflection:
        """Sufficient when a look shows it, or when words say it."""
        judged = self.words.reflect(question, done)
        seen = sightings(done)
        if seen:
            return Reflection(True, max(judged.confidence, seen[0].probability or 0.0))
        if not question.needs_eyes:
            return judged
        told = any(tells(question, seen.text) for item in done for seen in item.observations)
        if judged.sufficient and told:
            return judged
        if self._can_look(question):
            return Reflection(False, judged.confidence, judged.missing or "no words say what is seen")
        return Reflection(False, judged.confidence, remedy(question, self.tools))

    def _can_look(self, question: Question) -> bool:
        wanted = question.needs_eyes or (question.type in _LOOKED_FOR and not question.counts_mentions)
        return wanted and self.tools.models.has("vlm")
