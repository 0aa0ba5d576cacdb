"""Slides drawn in several typefaces and sizes, whose words are known, and how many of them are read exactly.

Owns drawing and counting words; reading is `rewatch.memory.ingest`'s work.
"""

import random
import re
import time
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from rewatch.evals.talks.script import load_talk
from rewatch.memory.ingest.ocr import ScreenReader

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

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


class Share(NamedTuple):
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
                right, whole = right + shared_words(truth, read), whole + len(words_in(truth))
            seconds = (time.perf_counter() - start) / num_slides
            results[f"{typeface or 'Pillow'} {size[0]}x{size[1]}"] = (Share(right, whole), seconds)
    return results


def script_words() -> list[str]:
    """Words of the slides of bundled talks, short enough for every slide."""
    return sorted({word for text in _script_texts() for word in text.split() if len(word) <= 16})


def shared_words(truth: Sequence[str], read: Sequence[str]) -> int:
    """Count the words that were read exactly, in their order."""
    matcher = SequenceMatcher(None, words_in(truth), words_in(read), autojunk=False)
    return sum(block.size for block in matcher.get_matching_blocks())


def words_in(texts: Sequence[str]) -> list[str]:
    """Split texts at white space, without the marks before list items."""
    return [word for text in texts for word in _BULLETS.sub(" ", text).split()]


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
