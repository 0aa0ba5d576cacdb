"""How a needle looks: a line of words over the picture, a drawing that fills it, or one that moves over it."""

from PIL import Image, ImageDraw, ImageFont

from rewatch.evals.haystacks.base import HEIGHT, WIDTH
from rewatch.evals.haystacks.plan import SHOWN_SECONDS, Needle
from rewatch.evals.talks.pictures import draw_picture

_INK, _PAPER, _MUTED = (30, 40, 60), (244, 240, 230), (190, 200, 210)
_TEXT_SIZE = 24
_DRAWING = 220
"""Pixels of a moving drawing."""


def draw_needle(frame: Image.Image, needle: Needle, seconds: float) -> Image.Image:
    """The frame with a needle in it.

    Args:
        frame: The picture without it.
        needle: What to draw; what is said leaves the picture alone.
        seconds: Since the needle began.
    """
    if needle.kind == "text":
        return _captioned(frame, needle.text)
    if needle.kind == "picture":
        return _drawing(needle.text, (WIDTH - 300) / 2, (HEIGHT - 300) / 2, 300)
    if needle.kind == "clip":
        name, way = needle.text.split()
        return _moving(name, way, seconds / SHOWN_SECONDS)
    return frame


def _captioned(frame: Image.Image, text: str) -> Image.Image:
    image = frame.copy()
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(_TEXT_SIZE)
    left, top, right, bottom = draw.textbbox((0, 0), text, font=font)
    x, y = (WIDTH - (right - left)) / 2, HEIGHT - 60
    draw.rectangle((x - 12, y - 10, x + right - left + 12, y + bottom - top + 16), fill=(10, 10, 14))
    draw.text((x, y), text, font=font, fill=(250, 250, 245))
    return image


def _drawing(name: str, x: float, y: float, size: float) -> Image.Image:
    image = Image.new("RGB", (WIDTH, HEIGHT), _PAPER)
    draw_picture(ImageDraw.Draw(image), name, (x, y, x + size, y + size), _INK, _MUTED)
    return image


def _moving(name: str, way: str, done: float) -> Image.Image:
    """A drawing on its way from one edge to the opposite one; `done` is 0 to 1."""
    along = done if way in ("right", "down") else 1 - done
    x, y = (WIDTH - _DRAWING) / 2, (HEIGHT - _DRAWING) / 2
    if way in ("left", "right"):
        x = along * (WIDTH - _DRAWING)
    else:
        y = along * (HEIGHT - _DRAWING)
    return _drawing(name, x, y, _DRAWING)
