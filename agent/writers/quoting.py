"""The writer that needs no model: it quotes the passages that answer, and reads them again before they count."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from rewatch.agent.answer import Claim
from rewatch.agent.calls import ToolCall
from rewatch.agent.choosing import choose
from rewatch.agent.composition import compose, rank, worded
from rewatch.agent.options import letter_of
from rewatch.agent.ordering import order
from rewatch.agent.planners import Done
from rewatch.agent.planners.rules import POSSIBLE, SUFFICIENT
from rewatch.agent.question import Question
from rewatch.agent.verification import check, rival
from rewatch.agent.writers import Checked, Draft
from rewatch.memory.errors import LimitReached
from rewatch.memory.types import Observation
from rewatch.tools.context import ToolContext
from rewatch.tools.likeness import is_picture
from rewatch.tools.words import holds


@dataclass(frozen=True, slots=True)
class QuotingWriter:
    """Answers in the video's own words."""

    tools: ToolContext
    recheck: bool = False
    """Read cited screens again from the video's pixels."""

    def compose(self, question: Question, done: Sequence[Done]) -> Draft:
        """Quote the best passages."""
        if question.type == "order":
            return Draft(tuple(order(question, done)))
        claims = compose(self.tools.library.encoder, question, done, self.tools.videos)
        if question.options and not question.counts_mentions and letter_of(claims) is None:
            claims = choose(question, rank(question, done))
        return Draft(tuple(claims))

    def check(self, question: Question, claims: Sequence[Claim], done: Sequence[Done]) -> Checked:
        """Look for a better passage elsewhere, once, then read the cited lines again."""
        better = self._better_rival(question, claims, done)
        if better is not None:
            return Checked((), better)
        needed = _needed(question, self._cited(claims[0])) if claims else SUFFICIENT
        checked = [self._checked(claim, needed) for claim in claims[:1]]
        holds_first = bool(checked) and checked[0][0].verdict == "supported"
        beside = min(needed, POSSIBLE) if holds_first else SUFFICIENT
        return Checked((*checked, *(self._checked(claim, beside) for claim in claims[1:])))

    def text(self, question: Question, held: Sequence[Claim]) -> str:
        """The quotations that hold."""
        return worded(question, held)

    def _better_rival(self, question: Question, claims: Sequence[Claim], done: Sequence[Done]) -> Done | None:
        """A passage elsewhere that beats the best evidence; for questions of one place."""
        looked = any(item.call.purpose == "rival" for item in done)
        if (
            looked
            or not claims
            or question.type in ("summary", "order", "count")
            or question.options
            or question.anchor
            or question.lasts_here
            or question.lists_mentions
        ):
            return None
        cited = self._cited(claims[0])
        if cited and is_picture(cited[0]):  # words are no rivals of a picture
            return None
        better = None
        with suppress(LimitReached):
            better = rival(self.tools, question, cited[0], question.span) if cited else None
        if better is None:
            return None
        call = ToolCall.of(
            "search",
            "rival",
            query=question.query,
            video_id=better.video_id,
            span=question.span,
            channels=question.channels,
        )
        return Done(call, (better,))

    def _checked(self, claim: Claim, needed: float) -> tuple[Claim, str]:
        """A claim with its verdict: supported when all of its evidence is."""
        cited = self._cited(claim)
        try:
            checks = [
                check(self.tools, seen, needed, recheck=self.recheck)
                for seen in cited
                if seen.tool in ("search", "pauses")
            ]
        except LimitReached as error:
            return Claim(claim.text, "unverified", claim.evidence_ids), str(error)
        worst = next((item for item in checks if item.verdict != "supported"), None)
        if worst is not None:
            return Claim(claim.text, worst.verdict, claim.evidence_ids), worst.reason
        if not cited:
            return Claim(claim.text, "unverified", claim.evidence_ids), "it cites no evidence"
        reason = checks[0].reason if checks else "the cited lines were read as they stand in the memory"
        return Claim(claim.text, "supported", claim.evidence_ids), reason

    def _cited(self, claim: Claim) -> list[Observation]:
        return self.tools.library.store.observations(list(claim.evidence_ids))


def _needed(question: Question, cited: Sequence[Observation]) -> float:
    """How likely the first passage must answer: less where the asker says that there is an answer."""
    if question.lists_mentions and all(holds(seen.text, question.query) for seen in cited):
        return 0.0  # the words that are counted or ranked stand there, which is all that is asked
    return POSSIBLE if question.options or question.type in ("order", "summary") else SUFFICIENT
