"""Options of a multiple choice as statements: which one a number, an order or an absence bears out.

An option that says that there is no answer is no rival of the others: it holds when a search finds nothing.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise

from rewatch.agent import wording
from rewatch.agent.answer import Claim
from rewatch.tools.numbers import numbers
from rewatch.tools.words import content_words, stems

_THEN = re.compile(
    r"\s*(?:->|→|>|;|(?:,\s*)?\b(?:and\s+)?then\b|\bfollowed by\b|\bbefore\b|\bafter\b|,(?:\s*and\b)?)\s*",
    re.I,
)
_ENDS = re.compile(r"^(?:first|finally|lastly)\b\W*|\W+$", re.I)
_TIMES = {"never": 0.0, "none": 0.0, "not at all": 0.0, "once": 1.0, "twice": 2.0, "thrice": 3.0}
_BOUNDS: tuple[tuple[re.Pattern[str], Callable[[float, float], bool]], ...] = (
    (re.compile(r"\b(?:more than|over|above)\b", re.I), lambda number, bound: number > bound),
    (re.compile(r"\bat least\b|\bor more\b|\d\+", re.I), lambda number, bound: number >= bound),
    (re.compile(r"\b(?:fewer|less) than\b|\bunder\b", re.I), lambda number, bound: number < bound),
    (re.compile(r"\bat most\b|\bor (?:fewer|less)\b|\bup to\b", re.I), lambda number, bound: number <= bound),
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n")
_NEARLY_ALL = 0.7
"""Share of a query's words by which a sentence is about the very thing that is asked."""
_RANGE = re.compile(r"\d\s*(?:-|–|to)\s*\d|\w\s+to\s+\w|\bbetween\b", re.I)


def lead(options: Mapping[str, str], letter: str | None) -> str:
    """How a claim for an option begins; "" for no option."""
    return f"{letter}) {options[letter]}: " if letter else ""


def letter_of(claims: Sequence[Claim]) -> str | None:
    """The letter that the first claim begins with, if it is for an option."""
    match = re.match(r"(\w+)\) ", claims[0].text) if claims else None
    return match[1] if match else None


def for_number(options: Mapping[str, str], number: float) -> str | None:
    """The one option that says a number: "3", "three times", "twice", "more than 2", "2 to 4"."""
    return _only(letter for letter, text in options.items() if _says(text, number))


def for_absence(options: Mapping[str, str]) -> str | None:
    """The one option that says that there is no answer: "none of these", "the video does not say"."""
    return _only(letter for letter, text in options.items() if wording.ABSENT.search(text))


def for_order(options: Mapping[str, str], in_time: Sequence[str], *, last: bool, agrees: bool) -> str | None:
    """The one option that an order bears out.

    Args:
        options: Orders ("A, then B"), single things, or yes and no.
        in_time: All things by time.
        last: Whether the latest is asked for, rather than the first.
        agrees: What yes or no says, for options that say so.
    """
    word = "yes" if agrees else "no"
    if letter := _only(key for key, text in options.items() if re.match(rf"{word}\b", text, re.I)):
        return letter
    wanted = ((in_time[-1 if last else 0],), tuple(in_time))
    said = {letter: tuple(_thing(item, in_time) for item in _items(text)) for letter, text in options.items()}
    return _only(letter for letter, things in said.items() if things in wanted)


def ordered_things(options: Mapping[str, str]) -> tuple[str, ...]:
    """The things that every option puts into another order; () when the options are no orders."""
    items = [_items(text) for text in options.values() if not wording.ABSENT.search(text)]
    orders = {tuple(item.casefold() for item in order) for order in items}
    same = len({tuple(sorted(order)) for order in orders}) == 1
    return items[0] if len(orders) > 1 and same and len(set(items[0])) > 1 else ()


def names_all(query: str, text: str) -> bool:
    """Whether one sentence of a text holds every content word of a query."""
    asked = {word.stem for word in content_words(query)}
    return bool(asked) and any(asked <= stems(sentence) for sentence in _SENTENCE.split(text))


def own(query: str, text: str) -> str:
    """A text without the sentences that say of something else what is asked; all of it where nothing else is left."""
    kept = [sentence for sentence in _SENTENCE.split(text) if not _of_another(query, sentence)]
    return " ".join(kept) or text


def speaks_of_another(query: str, text: str) -> bool:
    """Whether a text says of something else what is asked: in the place of a word of the query stands another.

    A missing word that another sentence happens to hold mends nothing where one sentence holds nearly all the others.

    Args:
        query: "the mayor of Boston".
        text: "The mayor of Chicago resigned."
    """
    if _of_another(query, text):
        return True
    asked = {word.stem for word in content_words(query)}
    near = [s for s in _SENTENCE.split(text) if len(asked & stems(s)) >= _NEARLY_ALL * len(asked)]
    return not names_all(query, text) and any(_of_another(query, sentence) for sentence in near)


def _of_another(query: str, text: str) -> bool:
    asked, told, held = content_words(query), content_words(text), stems(text)
    known = {word.stem for word in asked}
    told_beside = {(one.stem, _between(text, one.end, two.start), two.stem) for one, two in pairwise(told)}
    for one, two in pairwise(asked):
        between = _between(query, one.end, two.start)
        for before, link, after in told_beside:
            if link != between:
                continue
            if two.stem not in held and before == one.stem and after not in known:
                return True
            if one.stem not in held and after == two.stem and before not in known:
                return True
    return False


def _only(letters: Iterable[str]) -> str | None:
    found = list(letters)
    return found[0] if len(found) == 1 else None


def _between(text: str, start: int, end: int) -> str:
    return " ".join(text[start:end].casefold().split())


def _says(text: str, number: float) -> bool:
    stated = numbers(text) or tuple(n for word, n in _TIMES.items() if re.search(rf"\b{word}\b", text, re.I))
    if len(stated) == 2 and _RANGE.search(text):
        return stated[0] <= number <= stated[1]
    if len(stated) != 1:
        return False
    holds = next((holds for pattern, holds in _BOUNDS if pattern.search(text)), None)
    return holds(number, stated[0]) if holds else number == stated[0]


def _items(text: str) -> tuple[str, ...]:
    """The things that an option names, first to last."""
    items = tuple(item for part in _THEN.split(text) if (item := _ENDS.sub("", part.strip())))
    return items[::-1] if re.search(r"\bafter\b", text, re.I) else items


def _thing(item: str, things: Sequence[str]) -> str:
    """The thing that an option's words name: the most alike of them; "" for none, or for more than one."""
    words = stems(item)
    shares = [len(words & stems(thing)) / len(words | stems(thing)) for thing in things]
    best = max(shares)
    return things[shares.index(best)] if best > 0 and shares.count(best) == 1 else ""
