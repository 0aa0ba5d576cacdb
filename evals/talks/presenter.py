"""The person who gives the talk: a drawn figure that never stands quite still.

Owns the poses of the small figure beside a slide and of the full-frame view of the speaker. Both loop.
"""

import math

import numpy as np
from PIL import Image, ImageDraw

from rewatch.evals.talks.script import Talk
from rewatch.evals.talks.slides import HEIGHT, LOOKS, WIDTH

NUM_POSES = 60
"""Poses of one loop."""
INSET = (524, 236, 632, 332)
"""Where the small figure stands, in pixels: left, top, right, bottom; even numbers, for 4:2:0 colour."""


def inset_poses(talk: Talk) -> list[Image.Image]:
    """Draw the loop of the small figure on the theme's background."""
    left, top, right, bottom = INSET
    return [_figure((right - left, bottom - top), LOOKS[talk.theme].muted, pose) for pose in range(NUM_POSES)]


def speaker_poses(talk: Talk) -> list[Image.Image]:
    """Draw the loop of the full-frame view: the person in a room, without any text."""
    backdrop = _room(LOOKS[talk.theme].muted)
    poses = []
    for pose in range(NUM_POSES):
        image = backdrop.copy()
        _draw_person(ImageDraw.Draw(image), (WIDTH, HEIGHT), pose)
        poses.append(image)
    return poses


def _figure(size: tuple[int, int], background: tuple[int, int, int], pose: int) -> Image.Image:
    image = Image.new("RGB", size, background)
    _draw_person(ImageDraw.Draw(image), size, pose)
    return image


def _room(tint: tuple[int, int, int]) -> Image.Image:
    """A wall with a slow gradient, fine grain and a lectern, so that it codes like a camera's picture."""
    shade = np.linspace(0.45, 1.0, WIDTH)[None, :, None] * np.linspace(1.0, 0.6, HEIGHT)[:, None, None]
    grain = np.random.default_rng(7).normal(0, 3, (HEIGHT, WIDTH, 1))
    wall = np.clip(shade * np.array(tint) + grain, 0, 255).astype(np.uint8)
    image = Image.fromarray(wall)
    ImageDraw.Draw(image).polygon([(60, 360), (80, 230), (200, 230), (220, 360)], fill=(92, 62, 40))
    return image


def _draw_person(draw: ImageDraw.ImageDraw, size: tuple[int, int], pose: int) -> None:
    width, height = size
    turn = 2 * math.pi * pose / NUM_POSES
    x = width * (0.55 + 0.02 * math.sin(turn))
    nod = height * 0.012 * math.sin(2 * turn)
    head = height * 0.14
    top = height * 0.34 + nod
    draw.rounded_rectangle((x - head * 1.7, height * 0.5, x + head * 1.7, height), head, fill=(58, 74, 110))
    draw.ellipse((x - head, top - head, x + head, top + head), fill=(214, 170, 138))
    draw.chord((x - head, top - head, x + head, top + head), 180, 360, fill=(70, 50, 40))
    mouth = head * (0.08 + 0.12 * abs(math.sin(3 * turn)))
    lips = top + head * 0.5
    draw.ellipse((x - head * 0.3, lips - mouth, x + head * 0.3, lips + mouth), fill=(120, 40, 40))
    reach, lift = x - head * (2.4 + 0.5 * math.sin(turn)), height * (0.66 + 0.1 * math.sin(turn + 1))
    draw.line(
        [(x - head * 1.5, height * 0.62), (reach, lift)], fill=(58, 74, 110), width=max(3, int(head * 0.5))
    )
    palm = head * 0.3
    draw.ellipse((reach - palm, lift - palm, reach + palm, lift + palm), fill=(214, 170, 138))
