"""How well and how fast on-screen text is read: words and spans on slides whose truth is known.

`rewatch bench screen --talk sourdough --film FILE` draws slides in several typefaces and sizes, renders and indexes
a talk, watches a film, and prints one table. Drawing is `drawn_slides`'s work, reading `rewatch.memory.ingest`'s.
"""

import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from rewatch.agent.cli.options import JsonOption
from rewatch.agent.cli.printing import make_console, print_json
from rewatch.evals.bench.drawn_slides import Share, drawn_words, script_words, shared_words, words_in
from rewatch.evals.talks.render import render_talk
from rewatch.evals.talks.script import load_talk
from rewatch.evals.talks.timeline import FRAMES_PER_SECOND, Timeline, build_timeline
from rewatch.memory.ingest.frames_stage import ScanStage
from rewatch.memory.ingest.ocr import ScreenReader
from rewatch.memory.ingest.pipeline import Pipeline
from rewatch.memory.ingest.probe import probe
from rewatch.memory.ingest.screen_text import ScreenStage
from rewatch.memory.ingest.settings import IngestSettings
from rewatch.memory.store import Store
from rewatch.memory.types import Span, TextKind, TextLine

_WITHIN_SECONDS = 1.0
_KINDS: tuple[TextKind, ...] = ("screen",)


Row = dict[str, Any]
"""What was measured of one thing, by name."""


def screen(
    slides: Annotated[
        int,
        typer.Option("--slides", metavar="N", min=0, help="Drawn slides for each typeface and frame size."),
    ] = 6,
    talk: Annotated[
        list[str] | None,
        typer.Option("--talk", metavar="TALK", help="A bundled talk, or a .md file; give several."),
    ] = None,
    film: Annotated[
        list[Path] | None, typer.Option("--film", metavar="VIDEO", help="A video to time; give several.")
    ] = None,
    folder: Annotated[
        Path, typer.Option("--folder", metavar="DIR", help="Where talks are rendered to.")
    ] = Path("bench"),
    as_json: JsonOption = False,
) -> None:
    """Measure how well and how fast on-screen text is read, on drawn slides, talks and films."""
    rows = list(_slide_rows(slides)) if slides else []
    rows += [_talk_row(name, folder) for name in talk or ()]
    rows += [_film_row(video) for video in film or ()]
    if as_json:
        print_json([{k: v._asdict() if isinstance(v, Share) else v for k, v in row.items()} for row in rows])
        return
    columns = list(dict.fromkeys(name for row in rows for name in row))
    table = Table(*(name.replace("_", " ") for name in columns), box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(_cell(row.get(name, "")) for name in columns))
    make_console().print(table)


def _cell(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)


@dataclass(frozen=True, slots=True)
class Placed:
    """A text of a talk and one of the spans in which it stands on the screen."""

    text: str
    span: Span


def index_screen(video: Path, folder: Path) -> tuple[list[TextLine], str, float, float]:
    """Index only what the screen shows.

    Returns:
        Lines, the stage's note, seconds of the pass and seconds of reading.
    """
    marks: dict[str, tuple[float, float]] = {}

    def progress(stage: str, _done: float, _duration: float) -> None:
        now = time.perf_counter()
        marks[stage] = (marks.get(stage, (now, now))[0], now)

    info = probe(video)
    with Store.open(folder) as store:
        store.put_video(info)
        Pipeline(store, (ScanStage(), ScreenStage())).run(info, IngestSettings(), progress)
        lines = store.text_lines(info.video_id, kinds=_KINDS)
        note = next(record.note for record in store.stage_records(info.video_id) if record.name == "screen")
    scan, screen = (marks[name][1] - marks[name][0] for name in ("scan", "screen"))
    return lines, note, scan, screen


def placed_texts(timeline: Timeline) -> Iterator[Placed]:
    """Every text of a talk's slides with each span in which it is shown without a break."""
    for index, timed in enumerate(timeline.slides):
        for number, text in enumerate([timed.slide.title, *timed.slide.bullets]):
            shots = [
                shot
                for shot in timeline.shots
                if shot.slide_index == index and shot.view == "slide" and shot.revealed >= number
            ]
            for first, last in _joined([(shot.first, shot.last) for shot in shots]):
                span = Span(first / FRAMES_PER_SECOND, last / FRAMES_PER_SECOND)
                yield from (Placed(part.strip(), span) for part in text.split("|"))


def talk_words(placed: Sequence[Placed], lines: Sequence[TextLine]) -> Share:
    """Words of a talk's slides that stand exactly in the lines read at that time."""
    right = whole = 0
    for item in placed:
        shown = [line.text for line in lines if _mostly_in(item.span, line.span)]
        right += max((shared_words([item.text], [text]) for text in _windows(shown)), default=0)
        whole += len(words_in([item.text]))
    return Share(right, whole)


def talk_spans(placed: Sequence[Placed], lines: Sequence[TextLine]) -> Share:
    """Texts with a line, or the line of a part, that begins and ends within a second of the truth.

    Texts of one or two letters, such as the cells of a table, do not count.
    """
    right = whole = 0
    for item in placed:
        key = _squashed(item.text)
        if len(key) < 3:
            continue
        whole += 1
        right += any(
            len(_squashed(line.text)) >= 3
            and _squashed(line.text) in key
            and abs(line.span.start_seconds - item.span.start_seconds) <= _WITHIN_SECONDS
            and abs(line.span.end_seconds - item.span.end_seconds) <= _WITHIN_SECONDS
            for line in lines
        )
    return Share(right, whole)


def _slide_rows(num_slides: int) -> Iterator[Row]:
    reader = ScreenReader()
    for what, (share, seconds) in drawn_words(num_slides, script_words(), reader).items():
        yield {"what": what, "words_exact": share, "reading_seconds": seconds}
    reader.close()


def _talk_row(name: str, folder: Path) -> Row:
    talk = load_talk(name)
    video, placed = render_talk(talk, folder), list(placed_texts(build_timeline(talk)))
    lines, timing = _indexed(video)
    exact, spans = talk_words(placed, lines), talk_spans(placed, lines)
    return {"what": name, "words_exact": exact, "spans_within_1s": spans, **timing}


def _film_row(film: Path) -> Row:
    lines, timing = _indexed(film)
    return {"what": film.name, "lines": len(lines), **timing}


def _indexed(video: Path) -> tuple[list[TextLine], Row]:
    with tempfile.TemporaryDirectory() as library:
        lines, note, scan, screen = index_screen(video, Path(library))
    return lines, {"pass_seconds": scan, "reading_seconds": screen, "note": note}


def _joined(parts: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join parts that touch."""
    joined: list[tuple[int, int]] = []
    for first, last in sorted(parts):
        if joined and first <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return joined


def _mostly_in(span: Span, line: Span) -> bool:
    shared = span.intersection(line)
    return shared is not None and shared.duration_seconds >= 0.5 * span.duration_seconds


def _windows(texts: Sequence[str]) -> Iterator[str]:
    """Each line, and each with the ones that follow it: a text may have been broken into three."""
    for length in (1, 2, 3):
        for first in range(len(texts) - length + 1):
            yield " ".join(texts[first : first + length])


def _squashed(text: str) -> str:
    return "".join(words_in([text])).casefold()
