"""Writers: what the answer says, and whether it holds.

Owns the contract. `quoting` answers in the video's own words and needs no model; `llm` asks a chat model. The
whole answer is made of the claims that hold by `composition`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from rewatch.agent.answer import Claim
from rewatch.agent.planners import Done
from rewatch.agent.question import Question


@dataclass(frozen=True, slots=True)
class Draft:
    """The claims of an answer before they are checked."""

    claims: tuple[Claim, ...]
    """Best first; none when nothing answers. The first one of a multiple choice begins with "LETTER) "."""
    confidence: float | None = None
    """Probability that this is right, where the writer tells one; else it follows from the evidence."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What the check of an answer found."""

    claims: tuple[tuple[Claim, str], ...]
    """Each claim with its verdict, and the reason for it."""
    rival: Done | None = None
    """Better evidence: the answer is to be written again with it, and `claims` do not count."""
    missing: str = ""
    """What another plan should look for, or ""."""
    confidence: float | None = None
    """As in `Draft`, after the check."""


class Writer(Protocol):
    """Writes and checks an answer. `compose` and `check` raise RewatchError when its model fails."""

    def compose(self, question: Question, done: Sequence[Done]) -> Draft:
        """Write the claims, each citing observations."""

    def check(self, question: Question, claims: Sequence[Claim], done: Sequence[Done]) -> Checked:
        """Judge every claim by its evidence."""

    def text(self, question: Question, held: Sequence[Claim]) -> str:
        """The answer, of the claims that hold; there is at least one."""
