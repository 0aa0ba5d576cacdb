"""VNBench's rule: a question counts when it is answered right in all four of its shuffles.

Source: Zhao et al., "Needle In A Video Haystack", 2024, and its `eval.py`. Each question is asked four times with its
options in another order; per type the share of questions with four right tries, overall the mean over types.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from rewatch.evals.metrics import Convention

TRIES = 4


@dataclass(frozen=True, slots=True)
class Try:
    """One of the shuffles of a question."""

    question: str
    """The question's name, the same for its four tries."""
    kind: str
    right: bool | None
    """None when there was no reply."""


def all_tries(tries: Iterable[Try], *, convention: Convention = "corrected") -> dict[str, float]:
    """Share of questions with every try right, by type, with the mean of types under "overall".

    Args:
        tries: Every try; replies are read by `choice`.
        convention: "official" forgets a question none of whose tries has a reply; "corrected" counts it wrong.
    """
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for item in tries:
        if item.right is not None or convention == "corrected":
            counts[item.kind][item.question] += bool(item.right)
    shares = {
        kind: sum(right == TRIES for right in questions.values()) / len(questions)
        for kind, questions in sorted(counts.items())
    }
    return {**shares, "overall": sum(shares.values()) / len(shares) if shares else 0.0}
