"""Reading the chosen option out of a reply, and accuracy over many.

The strict reader answers only when the reply says one option and no other; whatever it cannot read is wrong and
counted. The readers of published scripts are kept beside it, each with its defect named, so that a published number
can be repeated.
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


def _known(letter: str, options: Mapping[str, str]) -> str | None:
    return letter.upper() if letter.upper() in options else None


def _bare(text: str) -> str:
    return " ".join(text.casefold().split()).strip(_PUNCTUATION)


def read_lvbench(reply: str) -> str:
    """LVBench's reader (`polish_answer`): what stands before ")" and after "(", its first character.

    Defect: a reply without parentheses is judged by its first character, so "Dogs run" answers "D".
    """
    text = reply.strip().split(")")[0].strip()
    if "(" in text:
        text = text.split("(")[1].strip()
    return text.split(" ")[0][:1]


def read_vnbench(reply: str) -> str:
    """VNBench's reader: the first of A, B, C, D that occurs anywhere before the first full stop.

    Defect: "All of them: B" answers "A", and a reply without any of the letters stands for itself.
    """
    text = reply.split(".", maxsplit=1)[0]
    return next((letter for letter in "ABCD" if letter in text), text)


def read_lmms_eval(reply: str, letters: str = "ABCDEF") -> str:
    """The reader that lmms-eval uses for Video-MME, TimeScope and others: the first capital among the letters.

    Defect: "Based on the video" answers "B"; a reply of up to ten words never is unreadable if it has a capital A to F.
    """
    text = reply.strip()
    for lead in _LEADS:
        text = text.replace(lead, "")
    match = re.search(f"[{letters}]", text)
    return match[0] if match else ""


_LEADS = (
    "The best answer is",
    "The correct answer is",
    "The answer is",
    "The answer",
    "The best option is",
    "The correct option is",
    "Best answer:",
    "Best option:",
)


def read_mlvu(reply: str) -> str:
    """MLVU's reader (`choice_bench.py`): what stands before the first ")".

    Defect: it expects a reply that goes on after "(", so "(B) red" answers "(B", which is wrong.
    """
    return reply.split(")", maxsplit=1)[0]


def read_tempcompass(reply: str) -> str | None:
    """TempCompass' rules without its judge: a letter alone, "B." or "B)"; None when they do not match."""
    if reply in ("A", "B", "C", "D"):
        return reply
    return reply[0] if reply[:2] in {f"{letter}{mark}" for letter in "ABCD" for mark in ".)"} else None


def read_yes_no(reply: str) -> str | None:
    """TempCompass' reader of yes or no: how the reply begins."""
    text = reply.lower()
    return "yes" if text.startswith("yes") else "no" if text.startswith("no") else None


OFFICIAL_READERS: dict[str, Callable[[str], str | None]] = {
    "lvbench": read_lvbench,
    "lmms-eval": read_lmms_eval,
    "mlvu": read_mlvu,
    "tempcompass": read_tempcompass,
    "vnbench": read_vnbench,
}
"""Readers of published scripts, by the benchmark they belong to."""
