"""The quoting writer with eyes: what a look showed is told as seen, after a second look; words are no guess.

A question about the picture is answered from words only where they say what it asks.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rewatch.agent.answer import Claim
from rewatch.agent.looking import LOOK, UNTOLD_PROBABILITY, rewatched, sightings, tells
from rewatch.agent.planners import Done
from rewatch.agent.planners.rules import SUFFICIENT
from rewatch.agent.question import Question
from rewatch.agent.seeking import SEEK, answers_by_moment, in_order, moments, surest, told, told_in_order
from rewatch.agent.writers import Checked, Draft, Writer
from rewatch.memory.timecode import format_seconds
from rewatch.memory.types import Observation, Span
from rewatch.tools.context import ToolContext
from rewatch.tools.words import stems

_CITED = 3
"""Sightings that an answer may cite."""


@dataclass(frozen=True, slots=True)
class SeeingWriter:
    """Tells what was seen; leaves what was read to another writer."""

    words: Writer
    """Writes what was read."""
    tools: ToolContext

    def compose(self, question: Question, done: Sequence[Done]) -> Draft:
        """Claims of what looks showed, if any did; else the other writer's."""
        seen = sightings(done)
        if not seen:
            return self._found(question, done) or self.words.compose(question, done)
        if question.options:
            return Draft(tuple(_chosen(question, seen)))
        return Draft(tuple(_told(item) for item in seen[:_CITED]))

    def check(self, question: Question, claims: Sequence[Claim], done: Sequence[Done]) -> Checked:
        """A second look at what was seen; words about a picture must say what is asked."""
        if claims and self._is_seen(claims[0]):
            checked = rewatched(
                self.tools, question, [(replace(claim, verdict="supported"), "") for claim in claims]
            )
            return Checked(tuple(checked), confidence=self._confidence(checked))
        judged = self.words.check(question, claims, done)
        if not question.needs_eyes or judged.rival is not None:
            return judged
        return replace(judged, claims=tuple(self._unguessed(question, *pair) for pair in judged.claims))

    def text(self, question: Question, held: Sequence[Claim]) -> str:
        """What was seen, as it stands; what was read, in the other writer's words."""
        if any(seen.tool == LOOK for seen in self._cited(held[0])):
            return "\n".join(claim.text for claim in held)
        return self.words.text(question, held)

    def _found(self, question: Question, done: Sequence[Done]) -> Draft | None:
        """Claims of the moments that a search of the pictures found, where they answer and no look denies them."""
        if not answers_by_moment(question, self.tools):
            return None
        if question.type == "order":
            sure = surest(question, done) >= SUFFICIENT
            return Draft((told_in_order(in_order(done)),)) if sure else None
        denied = [
            look
            for item in done
            if item.call.tool == LOOK
            for look in item.observations
            if not look.error and look.score <= 0
        ]
        claims = [
            told(seen)
            for seen in moments(done)
            if (seen.probability or 0.0) >= SUFFICIENT
            and not any(seen.video_id == look.video_id and _meet(seen.span, look.span) for look in denied)
        ]
        return Draft(tuple(claims[:_CITED])) if claims else None

    def _unguessed(self, question: Question, claim: Claim, reason: str) -> tuple[Claim, str]:
        if claim.verdict != "supported" or any(tells(question, seen.text) for seen in self._cited(claim)):
            return claim, reason
        return replace(claim, verdict="unverified"), "it speaks of this, and does not say what is seen"

    def _confidence(self, checked: Sequence[tuple[Claim, str]]) -> float | None:
        held = [claim for claim, _ in checked if claim.verdict == "supported"]
        if not held:
            return None
        probability = self._cited(held[0])[0].probability
        return UNTOLD_PROBABILITY if probability is None else probability

    def _is_seen(self, claim: Claim) -> bool:
        return any(seen.tool in (LOOK, SEEK) for seen in self._cited(claim))

    def _cited(self, claim: Claim) -> list[Observation]:
        return self.tools.library.store.observations(list(claim.evidence_ids))


def _meet(one: Span, other: Span) -> bool:
    return one.gap_seconds(other) == 0


def _told(seen: Observation, lead: str = "") -> Claim:
    start, end = format_seconds(seen.span.start_seconds), format_seconds(seen.span.end_seconds)
    return Claim(f"{lead}{start}–{end}, seen: {seen.text}", "unverified", (seen.id,))


def _chosen(question: Question, seen: Sequence[Observation]) -> list[Claim]:
    """The option that the surest sighting names: by its letter, or by the words of one option alone."""
    for item in seen:
        lettered = re.match(r"\W*([A-Z])(?:\)|\.|:|\b(?!['’]))", item.text)
        letters = [lettered[1]] if lettered and lettered[1] in question.options else []
        letters = letters or [
            letter for letter, text in question.options.items() if stems(text) <= stems(item.text)
        ]
        if len(letters) == 1:
            return [_told(item, f"{letters[0]}) {question.options[letters[0]]}: ")]
    return []
