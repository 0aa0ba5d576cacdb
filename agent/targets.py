"""What a question is looking for in the picture: targets, cues, and how they relate in time.

Owns the rules from words to the arguments of `seek`. The moment that an asker refers to ("before the red car arrives")
becomes a target of its own, sought together with the first.
"""

import re
from dataclasses import dataclass

from rewatch.agent.question import Question
from rewatch.tools.seek.relations import RelationKind, TargetRelation

_BESIDE = re.compile(
    r"\s+(?:beside|next to|near|close to|in front of|behind|under|on top of|inside|standing (?:in|on|at)|in|on|at|with)"
    r"\s+(?=(?:a|an|the|his|her|their|its)\b)",
    re.IGNORECASE,
)
"""What stands between a target and where it is: the rest names things that are seen beside it."""
_ARTICLE = re.compile(r"^(?:(?:in|on|at|of)\s+)?(?:a|an|the|any|some|his|her|their|its)\s+", re.IGNORECASE)
_APPEARING = re.compile(
    r"\s+(?:appears?|appeared|comes?|came|arrives?|arrived|leaves?|left|disappears?|disappeared|shown|seen|visible|"
    r"is|are|was|were|be|the|for|on screen|looks?|looks? like)$",
    re.IGNORECASE,
)
"""What is said of a thing's coming, going and looks after its name: it is not what one looks for."""
_BORNE = re.compile(
    r"^(?:numbers?|digits?|letters?|words?|names?|texts?|colou?rs?|logos?|signs?|patterns?)\b", re.IGNORECASE
)
"""What something else bears, and too small to be searched for: its bearer is found, and then looked at closely."""
_LATER = re.compile(
    r"^(?P<who>.+?)\s+(?:who|that|which)\s+(?:later|then|afterwards)\s+(?P<act>.+)$", re.IGNORECASE
)
_RELATION: dict[str, RelationKind] = {"before": "before", "after": "after", "during": "near"}


@dataclass(frozen=True, slots=True)
class Sought:
    """Arguments of `seek`."""

    targets: tuple[str, ...]
    cues: tuple[str, ...] = ()
    relations: tuple[TargetRelation, ...] = ()


def sought(question: Question) -> Sought | None:
    """Name what a question looks for in the picture; None where it names nothing.

    Args:
        question: The grounded question.
    """
    if question.type == "order" and len(question.targets) > 1:
        return Sought(tuple(_bare(target) for target in question.targets))
    if not question.query:
        return None
    targets: list[str] = []
    cues: list[str] = []
    relations: list[TargetRelation] = []
    later = _LATER.match(question.query)
    named = later["who"] if later else question.query
    target, *beside = (_bare(part) for part in _BESIDE.split(named))
    if _BORNE.match(target) and beside:
        target = beside.pop(0)
    targets.append(target)
    cues += [part for part in beside if part]
    if later:
        act = _bare(f"{later['who']} {later['act']}")
        targets.append(act)
        relations.append(TargetRelation(target, "before", act))
    if question.anchor:
        anchor = _bare(question.anchor.text)
        targets.append(anchor)
        relations.append(TargetRelation(target, _RELATION[question.anchor.relation], anchor))
    if question.rank is not None:
        relations.append(TargetRelation(target, "nth", nth=question.rank))
    if not target:
        return None
    return Sought(tuple(targets), tuple(cues), tuple(relations))


def _bare(text: str) -> str:
    """A thing's name alone: without an article, and without the words that let it appear."""
    name = _ARTICLE.sub("", " ".join(text.split()).strip(" ,.?!"))
    while _APPEARING.search(name):
        name = _APPEARING.sub("", name)
    return name
