"""On-screen lines as they belong together: the rows of a table, and all that stands on one screen.

Owns where a screen begins and ends, in which order it is read, and what is a table. Reading lines belongs to the
stages before it, embedding and storing to `sentences`; what repeats on every screen is told by `furniture`.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from rewatch.memory.ingest.furniture import Screen, unnumbered, without_furniture
from rewatch.memory.types import Box, Sentence, Span, TextLine

BETWEEN_CELLS = " | "
"""Stands between the cells of a table's row."""
_READABLE = 2
"""Letters and digits from which a line is worth to be searched by itself."""
_AT_ONCE_SECONDS = 1.0
_IN_LINE = 0.02
"""Share of the picture's width by which the cells of a column may be out of line."""


def join_screens(lines: Sequence[TextLine], video_id: str) -> list[Sentence]:
    """Make one sentence of each on-screen line, or row of a table, and one of all of them on each screen.

    A screen is a stretch of time in which most of the text stays: a slide with its bullets appearing is one.
    Its lines are joined by newlines in reading order; a screen of one line is not repeated. What repeats from
    screen to screen belongs to none of them, and is one sentence where it stands first.

    Args:
        lines: Lines of kind "screen" by start time.
        video_id: The video they belong to.

    Returns:
        Sentences by start time.
    """
    shown = own_screens(lines)
    found: dict[tuple[Span, str], Sentence] = {}

    def add(span: Span, texts: Sequence[str], boxes: Sequence[Box | None]) -> None:
        text = "\n".join(texts)
        if sum(map(str.isalnum, text)) >= _READABLE:
            found.setdefault(
                (span, text), Sentence(0, video_id, "screen", span, text, tuple(filter(None, boxes)))
            )

    for line in _once(lines, besides=[line for _, members in shown for line in members]):
        add(line.span, [line.text], [line.box])
    for span, members in shown:
        rows = _table_rows(_rows(members))
        for row in rows:
            add(row[0].span, [_row_text(row)], [line.box for line in row])
        if len(rows) > 1:
            add(span, [_row_text(row) for row in rows], [line.box for row in rows for line in row])
    return sorted(found.values(), key=lambda sentence: sentence.span)


def own_screens(lines: Sequence[TextLine]) -> list[Screen]:
    """Screens of the lines that hold a letter or a digit, without what repeats from screen to screen."""
    return without_furniture(screens([line for line in lines if any(map(str.isalnum, line.text))]))


def screens(lines: Sequence[TextLine]) -> list[Screen]:
    """Group on-screen lines to screens.

    Returns:
        Each screen's span and its lines in reading order (top to bottom, then left to right), by time.
    """
    found: list[Screen] = []
    span: Span | None = None
    shown: set[int] = set()
    fullest: set[int] = set()
    for interval, visible in _intervals(lines):
        if span is not None and span.gap_seconds(interval) == 0 and _same_screen(lines, fullest, visible):
            span, shown = span.union(interval), shown | visible
            fullest = visible if len(visible) > len(fullest) else fullest
            continue
        if span is not None:
            found.append((span, _reading_order(lines, shown)))
        span, shown, fullest = interval, set(visible), visible
    if span is not None:
        found.append((span, _reading_order(lines, shown)))
    return found


def _same_screen(lines: Sequence[TextLine], before: set[int], after: set[int]) -> bool:
    """Whether most lines stay, one of the tallest among them: a footer that stays makes no slide the same."""
    kept = before & after
    tallest = max(_height(lines[index]) for index in before)
    headlines = {index for index in before if _height(lines[index]) >= 0.9 * tallest}
    return len(kept) * 2 >= len(before) and bool(headlines & kept)


def _intervals(lines: Sequence[TextLine]) -> Iterator[tuple[Span, set[int]]]:
    """Yield the stretches in which the same lines are visible, those without any left out."""
    times = sorted({t for line in lines for t in (line.span.start_seconds, line.span.end_seconds)})
    by_start = sorted(range(len(lines)), key=lambda i: lines[i].span.start_seconds)
    visible: set[int] = set()
    following = 0
    for start, end in pairwise(times):
        while following < len(by_start) and lines[by_start[following]].span.start_seconds <= start:
            visible.add(by_start[following])
            following += 1
        visible = {index for index in visible if lines[index].span.end_seconds > start}
        if visible:
            yield Span(start, end), set(visible)


def _reading_order(lines: Sequence[TextLine], members: set[int]) -> list[TextLine]:
    return [line for row in _rows([lines[i] for i in members]) for line in row]


def _rows(lines: Sequence[TextLine]) -> list[list[TextLine]]:
    """Sort to rows, top to bottom and left to right; boxes whose middles are close stand in one row."""
    rows: list[list[TextLine]] = []
    for line in sorted(lines, key=lambda line: _middle(line)[1]):
        if rows and _middle(line)[1] - _middle(rows[-1][0])[1] < _height(line) / 2:
            rows[-1].append(line)
        else:
            rows.append([line])
    return [sorted(row, key=_middle) for row in rows]


def _table_rows(rows: Sequence[list[TextLine]]) -> list[list[TextLine]]:
    """Keep the rows of tables together, whose cells stand below each other; the lines of others stand alone."""
    return [
        part
        for row in rows
        for part in (
            [row]
            if any(_is_table(row, other) for other in rows if other is not row)
            else [[line] for line in row]
        )
    ]


def _is_table(row: Sequence[TextLine], other: Sequence[TextLine]) -> bool:
    """Whether two rows have as many cells, each as long to be seen as its row and in line with the other's."""
    if not 1 < len(row) == len(other):
        return False
    at_once = all(
        abs(line.span.start_seconds - each[0].span.start_seconds) <= _AT_ONCE_SECONDS
        and abs(line.span.end_seconds - each[0].span.end_seconds) <= _AT_ONCE_SECONDS
        for each in (row, other)
        for line in each
    )
    return at_once and all(_in_line(one, two) for one, two in zip(row, other, strict=True))


def _in_line(one: TextLine, other: TextLine) -> bool:
    """Whether two cells share their left edges, their right edges or their middles."""
    if one.box is None or other.box is None:
        return False
    (left, _, right, _), (other_left, _, other_right, _) = one.box, other.box
    off = (left - other_left, right - other_right, (left + right - other_left - other_right) / 2)
    return min(map(abs, off)) <= _IN_LINE


def _row_text(row: Sequence[TextLine]) -> str:
    return BETWEEN_CELLS.join(line.text for line in row)


def _once(lines: Sequence[TextLine], *, besides: Sequence[TextLine]) -> Iterator[TextLine]:
    """Each line that is not among others, where its words, whatever page they number, stand first."""
    others, seen = {id(line) for line in besides}, {""}
    for line in lines:
        words = unnumbered(line.text)
        if id(line) not in others and words not in seen:
            seen.add(words)
            yield line


def _middle(line: TextLine) -> tuple[float, float]:
    x0, y0, x1, y1 = line.box or (0.0, 0.0, 0.0, 0.0)
    return (x0 + x1) / 2, (y0 + y1) / 2


def _height(line: TextLine) -> float:
    return line.box[3] - line.box[1] if line.box else 0.0
