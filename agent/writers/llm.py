"""The writer that asks a chat model: claims that cite what was seen, checked by answering again from that alone.

A claim that cites nothing, or what was never seen, goes back to the model. What still does not fit is a failure of
the run, never an answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from langchain_core.messages import AIMessage, HumanMessage
from pydantic import BaseModel, ConfigDict, Field

from rewatch.agent.answer import Claim
from rewatch.agent.chat.chat import Chat
from rewatch.agent.chat.forms import filled, form
from rewatch.agent.chat.transcript import choices, names, told
from rewatch.agent.looking import rewatched
from rewatch.agent.planners import Done
from rewatch.agent.question import Question
from rewatch.agent.writers import Checked, Draft
from rewatch.memory.errors import ModelOutputError
from rewatch.memory.types import Observation
from rewatch.prompts import quoted, render
from rewatch.tools.context import ToolContext


class Statement(BaseModel):
    """One claim."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, max_length=1000, description="One statement that answers the question.")
    observations: list[str] = Field(
        min_length=1, description="Names of the observations that show it: O1, O2."
    )


class Reply(BaseModel):
    """Hand in the answer to the question."""

    model_config = ConfigDict(extra="forbid")

    found: bool = Field(description="Whether the observations answer the question.")
    choice: str | None = Field(None, description="Letter of the right option, where options are given.")
    claims: list[Statement] = Field(max_length=12, description="The answer, best first; empty if not found.")
    confidence: float = Field(ge=0, le=1, description="Probability that this is right, or rightly not found.")


class Judged(BaseModel):
    """The verdict on one claim."""

    model_config = ConfigDict(extra="forbid")

    claim: int = Field(ge=1, description="Number of the claim.")
    verdict: Literal["supported", "refuted", "unverified"] = Field(
        description="Whether the observations show it, show the contrary, or neither."
    )
    reason: str = Field(max_length=500, description="Why, in a few words.")


class Verdicts(BaseModel):
    """Hand in your own answer and the verdict on every claim."""

    model_config = ConfigDict(extra="forbid")

    answer: str = Field(max_length=1000, description="Your own answer, from the observations alone.")
    choice: str | None = Field(
        None, description="Letter of the option that you choose, where options are given."
    )
    verdicts: list[Judged] = Field(description="One for each claim.")
    confidence: float = Field(ge=0, le=1, description="Probability that the supported claims answer rightly.")
    missing: str = Field(
        "", max_length=500, description="What a further search should look for, if anything."
    )


@dataclass(frozen=True, slots=True)
class LlmWriter:
    """Writes by a chat model."""

    chat: Chat
    tools: ToolContext

    def compose(self, question: Question, done: Sequence[Done]) -> Draft:
        """Claims in the model's words; none when it finds no answer in what was seen."""
        seen = names(done)
        if not seen:
            return Draft(())
        prompt = render("answer", question=question.text, choices=choices(question), observations=told(seen))
        reply = self.chat.ask(
            [HumanMessage(prompt)],
            [form(Reply)],
            lambda message: _accepted(message, question, seen),
            reserve=1,
        )
        if not reply.found:
            return Draft((), reply.confidence)
        claims = [
            Claim(item.text, "unverified", tuple(seen[name].id for name in dict.fromkeys(item.observations)))
            for item in reply.claims
        ]
        if reply.choice:
            chosen = f"{reply.choice}) {question.options[reply.choice]}: {claims[0].text}"
            claims[0] = replace(claims[0], text=chosen)
        return Draft(tuple(claims), reply.confidence)

    def check(self, question: Question, claims: Sequence[Claim], done: Sequence[Done]) -> Checked:
        """Answer again from the cited observations alone and judge every claim; look again at what was seen."""
        if not claims:
            return Checked(())
        cited = {name for claim in claims for name in claim.evidence_ids}
        seen = {name: item for name, item in names(done).items() if item.id in cited}
        prompt = render(
            "check",
            question=question.text,
            choices=choices(question),
            observations=told(seen),
            claims=quoted("\n".join(f"{n}. {claim.text}" for n, claim in enumerate(claims, 1)), "claims"),
        )
        verdicts = self.chat.ask(
            [HumanMessage(prompt)], [form(Verdicts)], lambda reply: _complete(reply, len(claims))
        )
        by_number = {item.claim: item for item in verdicts.verdicts}
        checked = [
            (replace(claim, verdict=by_number[number].verdict), by_number[number].reason)
            for number, claim in enumerate(claims, 1)
        ]
        if question.options:
            checked = _agreed(checked, verdicts.choice)
        checked = rewatched(self.tools, question, checked)
        held = any(claim.verdict == "supported" for claim, _ in checked)
        missing = "" if held else verdicts.missing or f"the claim does not hold: {checked[0][1]}"
        return Checked(tuple(checked), None, missing, verdicts.confidence if held else None)

    def text(self, question: Question, held: Sequence[Claim]) -> str:
        """The claims that hold, one a line."""
        return "\n".join(claim.text for claim in held)


def _accepted(message: AIMessage, question: Question, seen: Mapping[str, Observation]) -> Reply:
    """The answer, if it keeps the rules that no schema tells.

    Raises:
        ModelOutputError: It cites what was never seen, names no option, or claims nothing.
    """
    reply = filled(message, Reply)
    unknown = {name for item in reply.claims for name in item.observations} - set(seen)
    if unknown:
        raise ModelOutputError(
            f"there is no observation {', '.join(sorted(unknown))}; cite those between O1 and O{len(seen)}"
        )
    if reply.found and not reply.claims:
        raise ModelOutputError("an answer that is found has at least one claim")
    letters = list(question.options)
    if reply.found and letters and reply.choice not in letters:
        raise ModelOutputError(f"choice {reply.choice!r} is none of the options {', '.join(letters)}")
    if not letters and reply.choice is not None:
        raise ModelOutputError("there are no options; leave choice out")
    return reply


def _complete(message: AIMessage, num_claims: int) -> Verdicts:
    verdicts = filled(message, Verdicts)
    judged = sorted(item.claim for item in verdicts.verdicts)
    if judged != list(range(1, num_claims + 1)):
        raise ModelOutputError(f"verdicts: there are claims 1 to {num_claims}; judge each of them once")
    return verdicts


def _agreed(checked: list[tuple[Claim, str]], choice: str | None) -> list[tuple[Claim, str]]:
    """The verdicts on a choice: nothing holds unless answering again chose the same option."""
    first, reason = checked[0]
    if first.verdict == "supported" and first.text.startswith(f"{choice}) "):
        return checked
    told = (
        reason
        if first.verdict != "supported"
        else f"answering again from the evidence chose {choice or 'none'}"
    )
    verdict = "unverified" if first.verdict == "supported" else first.verdict
    return [
        (replace(first, verdict=verdict), told),
        *((replace(claim, verdict="unverified"), told) for claim, _ in checked[1:]),
    ]
