"""On-screen text seen as slides: what each is called, how long it is on, whether it opens a section.

Owns what can be told from text lines and their places. Grouping lines to screens belongs to `screens`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

from rewatch.memory.ingest.furniture import squashed
from rewatch.memory.ingest.screens import own_screens
from rewatch.memory.types import Span, TextLine

_RETURN_SECONDS = 90.0
"""A slide that comes back after a view of the speaker this short was not left."""
_HEADING_WORDS = 14
_TITLE_WORDS = 14


@dataclass(frozen=True, slots=True)
class Slide:
    """One slide from its first to its last instant, short views of the speaker in between included."""

    span: Span
    title: str
    lines: tuple[str, ...]
    """Text in reading order, without footers."""
    heading: bool
    """Whether it looks like the title of a section: a few large words, placed unlike other slides' titles."""


@dataclass(frozen=True, slots=True)
class _Title:
    text: str
    top: float
    height: float


def find_slides(lines: Sequence[TextLine]) -> list[Slide]:
    """Make on-screen lines into slides.

    Args:
        lines: Lines of kind "screen" by start time.

    Returns:
        Slides by start time, which do not overlap.
    """
    shown = own_screens(lines)
    titles = [_title(members) for _, members in shown]
    slides = [
        Slide(span, title.text, tuple(line.text for line in members), _is_heading(title, members, titles))
        for (span, members), title in zip(shown, titles, strict=True)
    ]
    return _rejoined(slides)


def _title(members: Sequence[TextLine]) -> _Title:
    """The topmost line, or one that is much taller, with its second line where it is wrapped."""
    boxes = [line.box or (0.0, 0.0, 0.0, 0.0) for line in members]
    heights = [box[3] - box[1] for box in boxes]
    first = 0
    tallest = max(range(len(members)), key=lambda index: heights[index])
    if heights[tallest] > 1.35 * heights[0]:
        first = tallest
    text, height = members[first].text, heights[first]
    following = first + 1
    if following < len(members) and height:
        rest = [heights[i] for i in range(len(members)) if i not in (first, following)]
        alike = abs(heights[following] - height) < 0.12 * height
        near = 0 <= boxes[following][1] - boxes[first][3] < 0.8 * height
        stands_out = not rest or height > 1.1 * median(rest)
        words = len(text.split()) + len(members[following].text.split())
        if alike and near and stands_out and words <= _TITLE_WORDS:
            text += " " + members[following].text
    return _Title(text, boxes[first][1], height)


def _is_heading(title: _Title, members: Sequence[TextLine], titles: Sequence[_Title]) -> bool:
    """Few words, and a title that is larger or lower than titles usually are in this video."""
    words = sum(len(line.text.split()) for line in members)
    if words > _HEADING_WORDS or len(members) > 4 or not title.height or len(titles) < 3:
        return False
    larger = title.height > 1.2 * median(other.height for other in titles)
    lower = title.top > median(other.top for other in titles) + 0.1
    is_largest_text = all(
        line.box is None or line.box[3] - line.box[1] < 1.12 * title.height for line in members
    )
    return is_largest_text and larger and lower


def _rejoined(slides: Sequence[Slide]) -> list[Slide]:
    """Join a slide with its own return."""
    joined: list[Slide] = []
    for slide in slides:
        last = joined[-1] if joined else None
        if last and last.span.gap_seconds(slide.span) <= _RETURN_SECONDS and _same(last, slide):
            fuller = slide if len(slide.lines) > len(last.lines) else last
            joined[-1] = replace(fuller, span=last.span.union(slide.span), heading=last.heading)
        else:
            joined.append(slide)
    return joined


def _same(slide: Slide, other: Slide) -> bool:
    """Whether two readings show one slide, bullets added or removed."""
    one, two = ({squashed(line) for line in each.lines} for each in (slide, other))
    return squashed(slide.title) == squashed(other.title) and 2 * len(one & two) >= min(len(one), len(two))
