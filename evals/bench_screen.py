"""How well and how fast on-screen text is read: words and spans on slides whose truth is known.

`python -m rewatch.evals.bench_screen --talk sourdough --film FILE` draws slides in several typefaces and sizes,
renders and indexes a talk, watches a film, and prints one table. Reading itself is `memory.ingest`'s work.
"""

import argparse
import random
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from rich.console import Console
from rich.table import Table

from rewatch.evals.talks.render import render_talk
from rewatch.evals.talks.script import load_talk
from rewatch.evals.talks.timeline import FRAMES_PER_SECOND, Timeline, build_timeline
from rewatch.memory.errors import RewatchError
from rewatch.memory.ingest.frames_stage import ScanStage
from rewatch.memory.ingest.ocr import ScreenReader
from rewatch.memory.ingest.pipeline import Pipeline
from rewatch.memory.ingest.probe import probe
from rewatch.memory.ingest.screen_text import ScreenStage
from rewatch.memory.ingest.settings import IngestSettings
from rewatch.memory.store import Store
from rewatch.memory.types import Span, TextKind, TextLine

_TYPEFACES = ("", "DejaVuSans.ttf", "DejaVuSerif.ttf", "DejaVuSansMono.ttf", "DejaVuSans-Bold.ttf")
""""" is the one inside Pillow; the others are left out where they are not installed."""
_SIZES_PIXELS = (14, 16, 18, 22, 28, 36)
_COLOURS = (
    ((250, 248, 242), (30, 30, 40)),
    ((20, 24, 40), (235, 235, 240)),
    ((255, 255, 255), (24, 92, 150)),
)
_FRAME_SIZES = ((640, 360), (1280, 720))
_BULLETS = re.compile(r"^[·•●\-]\s*|[·•●]")
_WITHIN_SECONDS = 1.0
_KINDS: tuple[TextKind, ...] = ("screen",)

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@dataclass(frozen=True, slots=True)
class Placed:
    """A text of a talk and one of the spans in which it stands on the screen."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole."""

    part: int
    whole: int

    def __str__(self) -> str:
        return f"{self.part / max(self.whole, 1):.1%} of {self.whole}"


def drawn_words(
    num_slides: int, words: Sequence[str], reader: ScreenReader
) -> dict[str, tuple[Share, float]]:
    """Read drawn slides.

    Args:
        num_slides: How many for each typeface and frame size.
        words: What to write on them.
        reader: The models.

    Returns:
        By typeface and frame size: words that came back exactly, and the seconds a slide took.
    """
    results: dict[str, tuple[Share, float]] = {}
    for typeface in _TYPEFACES:
        if typeface and not _installed(typeface):
            continue
        for size in _FRAME_SIZES:
            chance, right, whole, start = random.Random(1), 0, 0, time.perf_counter()
            for number in range(num_slides):
                image, truth = _draw(chance, words, typeface, size, number)
                read = [line.text for line in reader.read(image, reader.find(image))]
                right, whole = right + _shared_words(truth, read), whole + len(_words(truth))
            seconds = (time.perf_counter() - start) / num_slides
            results[f"{typeface or 'Pillow'} {size[0]}x{size[1]}"] = (Share(right, whole), seconds)
    return results


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
        right += max((_shared_words([item.text], [text]) for text in _windows(shown)), default=0)
        whole += len(_words([item.text]))
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


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; returns the exit status."""
    parser = argparse.ArgumentParser(prog="rewatch.evals.bench_screen", description=__doc__.splitlines()[0])
    parser.add_argument("--slides", type=int, default=6, help="drawn slides for each typeface and size")
    parser.add_argument("--talk", action="append", default=[], help="a bundled script or a .md file")
    parser.add_argument("--film", action="append", default=[], type=Path, help="a video to time")
    parser.add_argument("--folder", type=Path, default=Path("bench"), help="where talks are rendered to")
    chosen = parser.parse_args(arguments)
    table = Table("what", "words exact", "spans within 1 s", "seconds", "note")
    try:
        _add_slides(table, chosen.slides)
        for name in chosen.talk:
            _add_talk(table, name, chosen.folder)
        for film in chosen.film:
            _add_film(table, film)
    except RewatchError as error:
        print(error, file=sys.stderr)
        return 1
    Console(width=160).print(table)
    return 0


def _add_slides(table: Table, num_slides: int) -> None:
    words = sorted({word for text in _script_texts() for word in text.split() if len(word) <= 16})
    reader = ScreenReader()
    for what, (share, seconds) in drawn_words(num_slides, words, reader).items():
        table.add_row(what, str(share), "", f"{seconds:.2f} a slide", "")
    reader.close()


def _add_talk(table: Table, name: str, folder: Path) -> None:
    talk = load_talk(name)
    video, placed = render_talk(talk, folder), list(placed_texts(build_timeline(talk)))
    with tempfile.TemporaryDirectory() as library:
        lines, note, scan, screen = index_screen(video, Path(library))
    exact, spans = talk_words(placed, lines), talk_spans(placed, lines)
    table.add_row(name, str(exact), str(spans), f"{scan:.1f} pass + {screen:.1f} reading", note)


def _add_film(table: Table, film: Path) -> None:
    with tempfile.TemporaryDirectory() as library:
        lines, note, scan, screen = index_screen(film, Path(library))
    table.add_row(film.name, f"{len(lines)} lines", "", f"{scan:.1f} pass + {screen:.1f} reading", note)


def _script_texts() -> Iterator[str]:
    for name in ("entropy", "maps", "sourdough"):
        for slide in load_talk(name).slides:
            yield from (slide.title, *(bullet.replace("|", " ") for bullet in slide.bullets))


def _draw(
    chance: random.Random, words: Sequence[str], typeface: str, size: tuple[int, int], number: int
) -> tuple[NDArray[np.uint8], list[str]]:
    """Draw a title and bullets; returns the frame, RGB, and its lines."""
    scale = size[1] / 360
    paper, ink = _COLOURS[number % len(_COLOURS)]
    image = Image.new("RGB", size, paper)
    draw = ImageDraw.Draw(image)
    lines: list[str] = []
    body = _SIZES_PIXELS[number % (len(_SIZES_PIXELS) - 2)]
    y = 20 * scale
    while not lines or y + 1.6 * body * scale < size[1] - 10:
        font = _font(typeface, round((chance.choice(_SIZES_PIXELS[-2:]) if not lines else body) * scale))
        text = _fitting(chance, words, font, size[0] * 0.9)
        draw.text((24 * scale, y), text, font=font, fill=ink)
        y += 1.75 * (body if lines else 36) * scale
        lines.append(text)
    return np.asarray(image), lines


def _fitting(chance: random.Random, words: Sequence[str], font: Font, width: float) -> str:
    text = chance.choice(words)
    for _ in range(chance.randint(1, 7)):
        longer = f"{text} {chance.choice(words)}"
        if font.getlength(longer) > width:
            break
        text = longer
    return text


def _font(typeface: str, pixels: int) -> Font:
    return ImageFont.truetype(typeface, pixels) if typeface else ImageFont.load_default(pixels)


def _installed(typeface: str) -> bool:
    try:
        ImageFont.truetype(typeface, 20)
    except OSError:
        return False
    return True


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


def _shared_words(truth: Sequence[str], read: Sequence[str]) -> int:
    matcher = SequenceMatcher(None, _words(truth), _words(read), autojunk=False)
    return sum(block.size for block in matcher.get_matching_blocks())


def _words(texts: Sequence[str]) -> list[str]:
    return [word for text in texts for word in _BULLETS.sub(" ", text).split()]


def _squashed(text: str) -> str:
    return "".join(_BULLETS.sub(" ", text).split()).casefold()


if __name__ == "__main__":
    sys.exit(main())
