"""The video that needles are hidden in: drawn scenery, or a real video, repeated up to the wanted length.

Frames are given by part: ten seconds at five frames a second, of one size. Parts come round again and again, so that a
long haystack costs hardly more than a short one; what repeats is said by the truth file.
"""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import Image, ImageDraw

from rewatch.memory.errors import InputError
from rewatch.memory.ingest.decode import open_reader
from rewatch.memory.ingest.probe import probe
from rewatch.memory.types import Span

FRAMES_PER_SECOND = 5
PART_SECONDS = 10
WIDTH, HEIGHT = 640, 360
MOST_PARTS = 180
"""Half an hour of a real video before it begins again."""


class Base(Protocol):
    """A source of frames."""

    num_parts: int
    says: str

    def part(self, number: int) -> list[Image.Image]:
        """The frames of a part: RGB, 640 by 360, fifty of them."""


class Scenery:
    """Hills under a sky whose light and sun move once a second; no words anywhere."""

    num_parts = 6
    says = "drawn scenery without any text, repeated every minute"

    def part(self, number: int) -> list[Image.Image]:
        """Draw a part."""
        first, round_seconds = number * PART_SECONDS, self.num_parts * PART_SECONDS
        scenes = [_scene((first + second) / round_seconds) for second in range(PART_SECONDS)]
        return [scene for scene in scenes for _ in range(FRAMES_PER_SECOND)]


class RealVideo:
    """A real video, scaled to 640 by 360 without keeping its shape, from its start for up to half an hour."""

    def __init__(self, path: Path) -> None:
        """Look at a video.

        Raises:
            VideoError: It is missing or no video.
            InputError: It is shorter than a part.
        """
        self._info = probe(path)
        self.num_parts = min(int(self._info.duration_seconds // PART_SECONDS), MOST_PARTS)
        if self.num_parts < 1:
            raise InputError(f"{path} is shorter than {PART_SECONDS} seconds; choose a longer video")
        self.says = f"{path.name}, {self.num_parts * PART_SECONDS} seconds of it repeated"

    def part(self, number: int) -> list[Image.Image]:
        """Decode a part."""
        start = number % self.num_parts * PART_SECONDS
        return list(self._frames(Span(start, start + PART_SECONDS)))

    def _frames(self, span: Span) -> Iterator[Image.Image]:
        count = PART_SECONDS * FRAMES_PER_SECOND
        seconds = [span.start_seconds + at / FRAMES_PER_SECOND for at in range(count)]
        with open_reader(self._info) as reader:
            for frame in reader.at_many(seconds):
                yield Image.fromarray(frame.image).resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR)


def _scene(turn: float) -> Image.Image:
    """The scenery at a moment of its round, 0 to 1."""
    light = 0.5 + 0.5 * math.sin(2 * math.pi * turn)
    rows = np.linspace(0, 1, HEIGHT)[:, None]
    low, high = np.array([200, 190 + 30 * light, 170]), np.array([70, 110, 150 + 60 * light])
    sky = (rows * low + (1 - rows) * high)[:, None, :].repeat(WIDTH, axis=1)
    image = Image.fromarray(sky.astype(np.uint8))
    draw = ImageDraw.Draw(image)
    x, y = WIDTH * turn, 110 - 70 * math.sin(math.pi * turn)
    draw.ellipse((x - 24, y - 24, x + 24, y + 24), fill=(250, 232, 160))
    for depth, (height, wave, shade) in enumerate(((230, 0.011, 110), (270, 0.017, 80), (310, 0.009, 55))):
        hill = [
            (x, height + 26 * math.sin(wave * x + depth + 2 * math.pi * turn * depth))
            for x in range(0, WIDTH + 8, 8)
        ]
        draw.polygon([*hill, (WIDTH, HEIGHT), (0, HEIGHT)], fill=(shade, shade + 40, shade))
    return image
