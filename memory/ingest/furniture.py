"""Text that stands on screen after screen and belongs to none of them: page numbers, names, logos.

Owns which lines are furniture. A footer says the talk's name on every slide; whoever asks for a word of it means
something else.
"""

from collections import Counter
from collections.abc import Sequence

from rewatch.memory.types import Span, TextLine

Screen = tuple[Span, list[TextLine]]
"""When a screen stands, and its lines."""

_FOOTER_TOP, _HEADER_BOTTOM = 0.86, 0.07
"""Lines below and above these heights that repeat are furniture."""
_REPEATS, _AT_EDGE, _ANYWHERE = 3, 0.1, 0.6
"""How many screens, and what share of them, show what repeats: at an edge, where subtitles may stand, and anywhere."""
_PAGE_DIGITS = 3
"""Digits of a page number at most; a longer number at an edge is a year, a price or a score."""


def without_furniture(shown: Sequence[Screen]) -> list[Screen]:
    """Screens without the lines that repeat from one to another; those that hold nothing else are left out."""
    counts = Counter(key for _, members in shown for key in {_place(line) for line in members})
    at_edge, anywhere = (max(_REPEATS, share * len(shown)) for share in (_AT_EDGE, _ANYWHERE))

    def furniture(line: TextLine) -> bool:
        if line.box is None:
            return False
        edge = line.box[1] > _FOOTER_TOP or line.box[3] < _HEADER_BOTTOM
        repeats, text = counts[_place(line)], line.text.strip()
        is_page = text.isdigit() and len(text) <= _PAGE_DIGITS
        return (edge and (repeats >= at_edge or is_page)) or repeats >= anywhere

    kept = [(span, [line for line in members if not furniture(line)]) for span, members in shown]
    return [(span, members) for span, members in kept if members]


def squashed(text: str) -> str:
    """Letters and digits only, case folded: the same for readings that differ in their spaces."""
    return "".join(character for character in text.casefold() if character.isalnum())


def unnumbered(text: str) -> str:
    """A text squashed, without the number at its beginning or end: the same on every page."""
    return squashed(text).strip("0123456789")


def _place(line: TextLine) -> tuple[str, int]:
    """What stands how high, coarsely, whatever page it numbers: furniture repeats in its place."""
    words = unnumbered(line.text) or squashed(line.text)
    return words, round(line.box[1] * 10) if line.box else 0
