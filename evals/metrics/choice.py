"""Reading the chosen option out of a reply, and accuracy over many.

The strict reader answers only when the reply says one option and no other; whatever it cannot read is wrong and
counted. Those of published scripts are in `readers`.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

_ALONE = re.compile(r"[(\[]?\s*([A-Za-z])\s*[)\]]?\s*[.:,]?")
_LEADING = re.compile(r"[(\[]?([A-Z])[)\]]?\s*[.):]\s*(.*)", re.DOTALL)
_NAMED = re.compile(
    r"\b(?:answer|option|choice)s?\b\s*(?:is|:|=)?\s*[\"'(\[]*([A-Z])(?=[\"')\].,;:!\s]|$)(?!['’]s)(?!\s+[a-z])",
    re.IGNORECASE,
)
_PUNCTUATION = " \t\n.,;:!?\"'()[]"


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Share of questions answered right; what could not be read is wrong."""

    accuracy: float
    num_samples: int
    num_unparseable: int


def parse_choice(reply: str, options: Mapping[str, str]) -> str | None:
    """Read the one option that a reply chooses.

    A reply chooses an option when it is the letter alone ("B", "(b)", "B."), begins with the letter set off ("B. the
    red one"), names it ("the answer is B"), or repeats the text of exactly one option. A reply that contradicts itself
    ("B. <text of C>", "the answer is A, or option C") chooses none.

    Args:
        reply: What the method said.
        options: Letters and texts.

    Returns:
        The letter, or None when the reply does not say exactly one.
    """
    text = reply.strip()
    if match := _ALONE.fullmatch(text):
        return _known(match[1], options)
    by_text = [letter for letter, option in options.items() if _bare(option) == _bare(text)]
    if match := _LEADING.fullmatch(text):
        letter, rest = match[1], _bare(match[2])
        others = [known for known, option in options.items() if rest and _bare(option) == rest]
        named = {found.upper() for found in _NAMED.findall(match[2])} - {letter}
        consistent = (not others or letter in others) and not named
        return _known(letter, options) if consistent else None
    if len(by_text) == 1:
        return by_text[0]
    named = {found for found in _NAMED.findall(text) if found.isupper()}
    return _known(named.pop(), options) if len(named) == 1 else None


def accuracy(pairs: Iterable[tuple[str | None, str]]) -> Accuracy:
    """Accuracy of chosen letters.

    Args:
        pairs: The letter that was read (None: unparseable) and the right one.
    """
    counted = list(pairs)
    right = sum(chosen == truth for chosen, truth in counted)
    unparseable = sum(chosen is None for chosen, _ in counted)
    return Accuracy(right / len(counted) if counted else 0.0, len(counted), unparseable)


PRINTED: dict[str, Callable[[int, int], float]] = {
    "hourvideo": lambda right, total: round(right / total * 100, 2),
    "longvideobench": lambda right, total: round(100 * round(right / total, 5), 3),
    "lvbench": lambda right, total: right / total * 100,
    "mlvu": lambda right, total: right / total * 100,
    "tempcompass": lambda right, total: round(right * 100 / total, 1),
    "video-mme": lambda right, total: round(100 * right / total, 1),
}
"""Percent right as published scripts print it: the order of the operations decides the last digit. LVBench and
LongVideoBench (as lmms-eval has it) print shares, which are percents here."""


NEXT_QA_KINDS = {
    "CW": "Why",
    "CH": "How",
    "TN": "Bef&Aft",
    "TP": "Bef&Aft",
    "TC": "When",
    "DC": "Cnt",
    "DL": "Loc",
    "DO": "Other",
}
"""NExT-QA's types of question by their published names; questions of before and after are one kind."""


def next_qa(answered: Iterable[tuple[str, bool]]) -> dict[str, float]:
    """NExT-QA's accuracies, in percent to two digits, as its `eval_mc.py` prints them.

    Args:
        answered: The type of each question ("CW", "TP") and whether it was answered right.

    Returns:
        By kind, by causal, temporal and descriptive questions ("Acc_C", "Acc_T", "Acc_D"), and of all ("Acc"); kinds
        without a question, on which the script fails, are left out.
    """
    groups: dict[str, list[bool]] = {
        name: [] for name in (*NEXT_QA_KINDS.values(), "Acc_C", "Acc_T", "Acc_D", "Acc")
    }
    for kind, right in answered:
        for name in (NEXT_QA_KINDS[kind], f"Acc_{kind[0]}", "Acc"):
            groups[name].append(right)
    return {name: float(f"{sum(each) * 100.0 / len(each):.2f}") for name, each in groups.items() if each}


def _known(letter: str, options: Mapping[str, str]) -> str | None:
    return letter.upper() if letter.upper() in options else None


def _bare(text: str) -> str:
    return " ".join(text.casefold().split()).strip(_PUNCTUATION)
