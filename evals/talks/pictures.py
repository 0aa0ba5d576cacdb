"""Simple line drawings for slides: things and curves, named by the script's `draw:` line."""

import math
from collections.abc import Callable

from PIL import ImageDraw

Colour = tuple[int, int, int]
_Box = tuple[float, float, float, float]


class _Pen:
    """Draws in a box whose coordinates run from 0 to 1, y downwards."""

    def __init__(self, draw: ImageDraw.ImageDraw, box: _Box, ink: Colour, muted: Colour) -> None:
        self.draw, self.box, self.ink, self.muted = draw, box, ink, muted

    def at(self, *points: tuple[float, float]) -> list[tuple[float, float]]:
        x0, y0, x1, y1 = self.box
        return [(x0 + x * (x1 - x0), y0 + y * (y1 - y0)) for x, y in points]

    def line(self, *points: tuple[float, float], width: int = 3) -> None:
        self.draw.line(self.at(*points), fill=self.ink, width=width, joint="curve")

    def box_at(self, x0: float, y0: float, x1: float, y1: float, *, filled: bool = False) -> None:
        corners = self.at((x0, y0), (x1, y1))
        self.draw.rectangle(corners, outline=self.ink, width=3, fill=self.muted if filled else None)

    def round_at(self, x: float, y: float, radius: float, *, filled: bool = False) -> None:
        ((left, top),) = self.at((x, y))
        pixels = radius * (self.box[3] - self.box[1])
        corners = (left - pixels, top - pixels, left + pixels, top + pixels)
        self.draw.ellipse(corners, outline=self.ink, width=3, fill=self.muted if filled else None)


def draw_picture(draw: ImageDraw.ImageDraw, name: str, box: _Box, ink: Colour, muted: Colour) -> None:
    """Draw the named thing or curve into the box; the empty name draws nothing.

    Raises:
        KeyError: There is no drawing of that name; see `PICTURES`.
    """
    if name:
        PICTURES[name](_Pen(draw, box, ink, muted))


def _engine(pen: _Pen) -> None:
    pen.box_at(0.05, 0.45, 0.45, 0.7, filled=True)
    pen.line((0.45, 0.57), (0.62, 0.57), (0.78, 0.5))
    pen.round_at(0.78, 0.55, 0.24)
    pen.round_at(0.78, 0.55, 0.05, filled=True)
    pen.box_at(0.1, 0.15, 0.2, 0.45)
    for puff in range(3):
        pen.round_at(0.16 + 0.09 * puff, 0.1 - 0.02 * puff, 0.04 + 0.01 * puff)


def _cup(pen: _Pen) -> None:
    pen.box_at(0.2, 0.4, 0.65, 0.85, filled=True)
    pen.round_at(0.72, 0.6, 0.14)
    for x in (0.3, 0.42, 0.54):
        pen.line((x, 0.33), (x + 0.03, 0.24), (x - 0.02, 0.16), (x + 0.02, 0.06))


def _dice(pen: _Pen) -> None:
    for left, dots in (
        (0.08, ((0.5, 0.5),)),
        (0.55, ((0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75))),
    ):
        pen.box_at(left, 0.3, left + 0.36, 0.72)
        for x, y in dots:
            pen.round_at(left + 0.36 * x, 0.3 + 0.42 * y, 0.035, filled=True)


def _globe(pen: _Pen) -> None:
    pen.round_at(0.5, 0.5, 0.42)
    for bend in (-0.24, 0.0, 0.24):
        pen.line(
            *((0.5 + bend * math.cos(t / 10 * math.pi - math.pi / 2), 0.08 + 0.084 * t) for t in range(11))
        )
    for y, half in ((0.3, 0.36), (0.5, 0.41), (0.7, 0.36)):
        pen.line((0.5 - half, y), (0.5 + half, y), width=2)


def _compass(pen: _Pen) -> None:
    pen.round_at(0.5, 0.5, 0.4)
    for turn in range(8):
        far = 0.36 if turn % 2 == 0 else 0.2
        angle = turn * math.pi / 4
        pen.line((0.5, 0.5), (0.5 + far * math.sin(angle), 0.5 - far * math.cos(angle)))


def _jar(pen: _Pen) -> None:
    pen.box_at(0.28, 0.2, 0.72, 0.9)
    pen.box_at(0.24, 0.1, 0.76, 0.2, filled=True)
    pen.box_at(0.28, 0.5, 0.72, 0.9, filled=True)
    for x, y in ((0.36, 0.6), (0.55, 0.7), (0.45, 0.8), (0.64, 0.58)):
        pen.round_at(x, y, 0.03)


def _loaf(pen: _Pen) -> None:
    pen.line(
        *(
            (0.5 - 0.42 * math.cos(t * math.pi / 12), 0.72 - 0.42 * math.sin(t * math.pi / 12))
            for t in range(13)
        )
    )
    pen.line((0.08, 0.72), (0.92, 0.72))
    for x in (0.32, 0.48, 0.64):
        pen.line((x, 0.55), (x + 0.1, 0.4))


def _network(pen: _Pen) -> None:
    places = ((0.15, 0.3), (0.5, 0.15), (0.85, 0.35), (0.3, 0.75), (0.7, 0.8))
    for a, b in ((0, 1), (1, 2), (0, 3), (3, 4), (2, 4), (1, 3)):
        pen.line(places[a], places[b], width=2)
    for x, y in places:
        pen.round_at(x, y, 0.06, filled=True)


def _window(pen: _Pen) -> None:
    pen.box_at(0.1, 0.1, 0.9, 0.9)
    pen.line((0.1, 0.22), (0.9, 0.22))
    for y in (0.36, 0.5, 0.64, 0.78):
        pen.line((0.18, y), (0.8 - y / 4, y), width=2)


def _coast(pen: _Pen) -> None:
    pen.box_at(0.04, 0.06, 0.96, 0.94)
    shore = (
        (0.04, 0.6),
        (0.2, 0.5),
        (0.28, 0.62),
        (0.42, 0.44),
        (0.56, 0.5),
        (0.62, 0.3),
        (0.8, 0.34),
        (0.96, 0.2),
    )
    pen.line(*shore)
    pen.round_at(0.3, 0.3, 0.06)
    pen.line((0.7, 0.6), (0.7, 0.82), (0.78, 0.72), (0.62, 0.72), width=2)


def _curve(height: Callable[[float], float]) -> Callable[[_Pen], None]:
    """A graph with two axes; `height` maps 0..1 to 0..1, upwards."""

    def drawn(pen: _Pen) -> None:
        pen.line((0.04, 0.02), (0.04, 0.9), (0.99, 0.9), width=2)
        pen.line(*((0.04 + 0.9 * t / 40, 0.88 - 0.7 * height(t / 40)) for t in range(41)), width=4)

    return drawn


def _bars(pen: _Pen) -> None:
    pen.line((0.04, 0.02), (0.04, 0.9), (0.99, 0.9), width=2)
    for number, height in enumerate((0.25, 0.4, 0.62, 0.5, 0.3)):
        left = 0.12 + 0.17 * number
        pen.box_at(left, 0.9 - height, left + 0.1, 0.9, filled=True)


PICTURES: dict[str, Callable[[_Pen], None]] = {
    "engine": _engine,
    "cup": _cup,
    "dice": _dice,
    "globe": _globe,
    "compass": _compass,
    "jar": _jar,
    "loaf": _loaf,
    "network": _network,
    "window": _window,
    "coast": _coast,
    "rising": _curve(lambda x: 1 - math.exp(-3 * x)),
    "falling": _curve(lambda x: math.exp(-3 * x)),
    "s-curve": _curve(lambda x: 1 / (1 + math.exp(-10 * (x - 0.5)))),
    "peak": _curve(lambda x: math.exp(-18 * (x - 0.45) ** 2)),
    "wave": _curve(lambda x: 0.5 + 0.4 * math.sin(12 * x)),
    "sawtooth": _curve(lambda x: (x * 4) % 1),
    "bars": _bars,
}
"""Every drawing that a script may name."""
