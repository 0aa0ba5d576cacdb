"""What a talk's slides look like: themes, layouts and text, drawn at 640x360.

Uses the scalable font that comes inside Pillow, so that every machine draws the same. Drawings of things and
curves are `pictures`'s work, the person beside the slide is `presenter`'s.
"""

import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from PIL import Image, ImageDraw, ImageFont

from rewatch.evals.talks.pictures import draw_picture
from rewatch.evals.talks.script import Layout, Slide, Talk, Theme

WIDTH, HEIGHT = 640, 360
Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Look:
    """Colours and furniture of one theme."""

    background: Colour
    ink: Colour
    accent: Colour
    muted: Colour
    band: Colour | None
    """Colour of a bar behind the title, or None."""
    footer: bool
    """Whether the talk's title and the slide's number stand at the bottom of every slide."""


LOOKS: dict[Theme, Look] = {
    "paper": Look((250, 248, 242), (34, 34, 40), (166, 52, 40), (120, 118, 112), None, True),
    "night": Look((18, 22, 38), (232, 234, 240), (255, 196, 84), (128, 136, 160), None, False),
    "board": Look((28, 66, 52), (240, 244, 236), (250, 220, 120), (150, 184, 166), None, False),
    "band": Look((255, 255, 255), (30, 40, 52), (255, 255, 255), (130, 138, 148), (24, 92, 150), True),
}


def draw_slide(talk: Talk, index: int, revealed: int) -> Image.Image:
    """Draw one slide of a talk with its first `revealed` bullets.

    Returns:
        RGB image of 640x360 pixels.
    """
    slide, look = talk.slides[index], LOOKS[talk.theme]
    image = Image.new("RGB", (WIDTH, HEIGHT), look.background)
    draw = ImageDraw.Draw(image)
    if slide.layout not in _OWN_TITLE:
        _draw_title(draw, look, slide.title)
    right = 500 if talk.presenter == "inset" else 600
    _LAYOUTS[slide.layout](draw, look, slide, revealed, right)
    if look.footer and slide.layout != "break":
        _text(draw, (24, 336), f"{index + 1}", 14, look.muted)
        _text(draw, (56, 336), textwrap.shorten(talk.title, 48, placeholder="..."), 14, look.muted)
    return image


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _text(draw: ImageDraw.ImageDraw, at: tuple[float, float], text: str, size: int, colour: Colour) -> None:
    draw.text(at, text, font=_font(size), fill=colour)


def _centred(
    draw: ImageDraw.ImageDraw, middle: tuple[float, float], text: str, size: int, colour: Colour
) -> None:
    draw.text(middle, text, font=_font(size), fill=colour, anchor="mm")


def _wrapped(text: str, size: int, width: float) -> list[str]:
    """Break a text into lines that fit the width at the font size."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and _font(size).getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _draw_title(draw: ImageDraw.ImageDraw, look: Look, title: str) -> None:
    size = 26
    while size > 17 and _font(size).getlength(title) > 592:
        size -= 1
    if look.band:
        draw.rectangle((0, 0, WIDTH, 54), fill=look.band)
    _text(draw, (24, 14), title, size, look.accent)
    if not look.band:
        draw.line((24, 52, 616, 52), fill=look.muted, width=1)


def _draw_bullets(draw: ImageDraw.ImageDraw, look: Look, slide: Slide, revealed: int, right: int) -> None:
    y = 70.0
    for number, bullet in enumerate(slide.bullets[:revealed], start=1):
        colour = look.ink if look.band else look.accent
        if slide.layout == "numbered":
            _text(draw, (30, y), f"{number}.", 20, colour)
        else:
            draw.ellipse((34, y + 9, 41, y + 16), fill=colour)
        for line in _wrapped(bullet, 20, right - 60):
            _text(draw, (58, y), line, 20, look.ink)
            y += 26
        y += 12


def _draw_section(draw: ImageDraw.ImageDraw, look: Look, slide: Slide, revealed: int, _right: int) -> None:
    fill = look.band or look.background
    draw.rectangle((0, 0, WIDTH, HEIGHT), fill=fill)
    lines = _wrapped(slide.title, 36, 560)
    y = 150 - 22 * (len(lines) - 1)
    for line in lines:
        _centred(draw, (WIDTH / 2, y), line, 36, look.accent)
        y += 44
    draw.line((200, y - 8, 440, y - 8), fill=look.muted, width=2)
    for bullet in slide.bullets[:revealed]:
        _centred(draw, (WIDTH / 2, y + 22), bullet, 20, (232, 238, 244) if look.band else look.ink)
        y += 30


def _draw_statement(draw: ImageDraw.ImageDraw, look: Look, slide: Slide, revealed: int, right: int) -> None:
    y = 90.0
    for bullet in slide.bullets[:revealed]:
        for line in _wrapped(bullet, 30, right - 60):
            _text(draw, (40, y), line, 30, look.ink)
            y += 40
        y += 14


def _draw_quote(draw: ImageDraw.ImageDraw, look: Look, slide: Slide, revealed: int, right: int) -> None:
    quote, *source = slide.bullets[:revealed]
    y = 86.0
    draw.line((34, 84, 34, 240), fill=look.muted, width=4)
    for line in _wrapped(quote, 24, right - 70):
        _text(draw, (54, y), line, 24, look.ink)
        y += 33
    for line in source:
        _text(draw, (54, y + 12), line, 18, look.muted)
        y += 24


def _draw_table(draw: ImageDraw.ImageDraw, look: Look, slide: Slide, revealed: int, right: int) -> None:
    rows = [[cell.strip() for cell in bullet.split("|")] for bullet in slide.bullets[:revealed]]
    column = (right - 30) / max(map(len, rows))
    for number, row in enumerate(rows):
        y = 70 + 36 * number
        for place, cell in enumerate(row):
            head = number == 0
            _text(draw, (36 + place * column, y), cell, 18, look.muted if head else look.ink)
        draw.line((30, y + 28, right, y + 28), fill=look.muted, width=1)


def _draw_flow(draw: ImageDraw.ImageDraw, look: Look, slide: Slide, revealed: int, right: int) -> None:
    y, height = 76, 34
    for number, bullet in enumerate(slide.bullets[:revealed]):
        width = _font(18).getlength(bullet) + 28
        draw.rounded_rectangle((60, y, 60 + width, y + height), 8, outline=look.ink, width=2)
        _text(draw, (74, y + 6), bullet, 18, look.ink)
        if number + 1 < revealed:
            draw.line((84, y + height, 84, y + height + 14), fill=look.muted, width=3)
            draw.polygon([(78, y + height + 9), (90, y + height + 9), (84, y + height + 16)], fill=look.muted)
        y += height + 16


def _draw_picture(draw: ImageDraw.ImageDraw, look: Look, slide: Slide, revealed: int, right: int) -> None:
    wide = right - 40 if slide.layout == "graph" else 260
    draw_picture(draw, slide.drawing, (40, 66, 40 + wide, 318), look.ink, look.muted)
    if slide.layout == "graph":
        _draw_axes(draw, look, slide.bullets[:revealed], right)
        return
    y = 84.0
    for bullet in slide.bullets[:revealed]:
        for line in _wrapped(bullet, 18, right - 320):
            _text(draw, (320, y), line, 18, look.ink)
            y += 24
        y += 10


def _draw_axes(draw: ImageDraw.ImageDraw, look: Look, names: tuple[str, ...], right: int) -> None:
    """Name the horizontal axis by the first line, the vertical one by the second; the rest are notes."""
    for name, at in zip(names, ((right - 170, 298), (60, 62)), strict=False):
        _text(draw, at, name, 17, look.ink)
    for number, note in enumerate(names[2:]):
        _text(draw, (right - 250, 90 + 26 * number), note, 17, look.ink)


def _draw_break(draw: ImageDraw.ImageDraw, look: Look, slide: Slide, revealed: int, _right: int) -> None:
    _centred(draw, (WIDTH / 2, 80), slide.title, 38, look.ink)
    draw_picture(draw, slide.drawing, (240, 120, 400, 270), look.ink, look.muted)
    for number, bullet in enumerate(slide.bullets[:revealed]):
        _centred(draw, (WIDTH / 2, 300 + 28 * number), bullet, 22, look.ink)


def _draw_nothing(
    _draw: ImageDraw.ImageDraw, _look: Look, _slide: Slide, _revealed: int, _right: int
) -> None:
    """A speaker view has no slide."""


_OWN_TITLE: frozenset[Layout] = frozenset({"section", "break", "speaker"})
_LAYOUTS: dict[Layout, Callable[[ImageDraw.ImageDraw, Look, Slide, int, int], None]] = {
    "bullets": _draw_bullets,
    "numbered": _draw_bullets,
    "section": _draw_section,
    "statement": _draw_statement,
    "quote": _draw_quote,
    "table": _draw_table,
    "graph": _draw_picture,
    "picture": _draw_picture,
    "flow": _draw_flow,
    "break": _draw_break,
    "speaker": _draw_nothing,
}
