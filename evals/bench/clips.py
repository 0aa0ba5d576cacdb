"""Clips whose content is known: scenes of textured regions, something that moves, and small things shown once.

Owns the pictures and their truth. What a compressor keeps of them is `information`'s to judge.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SIDE_PIXELS = 224
PATCH_PIXELS = 16
GRID_SIDE = SIDE_PIXELS // PATCH_PIXELS
OBJECTS = 6
"""Things planted in a clip, each in one frame."""
OBJECT_PATCHES = 2
"""Side of such a thing, in patches."""
REGIONS = 7
_NOISE = 4.0


@dataclass(frozen=True, slots=True)
class TruthClip:
    """Frames, and what is where."""

    name: str
    frames: NDArray[np.uint8]
    """`[T, 224, 224, 3]`, RGB."""
    scene: NDArray[np.int64]
    """Scene of each frame `[T]`."""
    region: NDArray[np.int64]
    """Region of each patch within its scene `[T, N]`; 0 throughout where it is not known."""
    objects: NDArray[np.int64]
    """Flat positions of the patches of each planted thing `[objects, patches]`."""


def synthetic_clip(seed: int, frames: int = 32, scenes: int = 4) -> TruthClip:
    """Draw a clip: each scene has its own regions and a disc that wanders; noise lies over all."""
    chance = np.random.default_rng(seed)
    cuts = np.sort(chance.choice(np.arange(3, frames - 2), scenes - 1, replace=False))
    scene = np.searchsorted(cuts, np.arange(frames), side="right")
    pictures = np.empty((frames, SIDE_PIXELS, SIDE_PIXELS, 3), np.float32)
    region = np.empty((frames, GRID_SIDE**2), np.int64)
    for number in range(scenes):
        still, owner = _scenery(chance)
        own = np.flatnonzero(scene == number)
        pictures[own] = still
        region[own] = owner
        _wander(pictures, own, chance)
    objects = _plant(pictures, chance)
    pictures += chance.normal(0, _NOISE, pictures.shape).astype(np.float32)
    return TruthClip(f"synthetic {seed}", pictures.clip(0, 255).astype(np.uint8), scene, region, objects)


def video_clip(path: Path, frames: int = 32, seed: int = 0) -> TruthClip:
    """Frames of a video at even distances, its scenes by large changes of their colours, with things planted.

    Raises:
        VideoError: The file cannot be read.
    """
    import cv2

    from rewatch.memory.ingest.decode import open_reader
    from rewatch.memory.ingest.probe import probe

    info = probe(path)
    instants = [(index + 0.5) * info.duration_seconds / frames for index in range(frames)]
    with open_reader(info) as reader:
        shown = [
            cv2.resize(frame.image, (SIDE_PIXELS, SIDE_PIXELS), interpolation=cv2.INTER_AREA)
            for frame in reader.at_many(instants)
        ]
    pictures = np.stack(shown).astype(np.float32)
    small = pictures.reshape(frames, 8, SIDE_PIXELS // 8, 8, SIDE_PIXELS // 8, 3).mean(axis=(2, 4))
    change = np.abs(np.diff(small, axis=0)).mean(axis=(1, 2, 3))
    scene = np.concatenate([[0], (change > max(12.0, float(np.median(change)))).cumsum()])
    objects = _plant(pictures, np.random.default_rng(seed))
    region = np.zeros((frames, GRID_SIDE**2), np.int64)
    return TruthClip(path.name, pictures.clip(0, 255).astype(np.uint8), scene, region, objects)


def _scenery(chance: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """A picture of regions around random seeds, each striped in its own colours; the region of each patch."""
    seeds = chance.uniform(0, SIDE_PIXELS, (REGIONS, 2))
    row, column = np.mgrid[:SIDE_PIXELS, :SIDE_PIXELS]
    distance = (row[..., None] - seeds[:, 0]) ** 2 + (column[..., None] - seeds[:, 1]) ** 2
    owner = distance.argmin(axis=-1)
    colours = chance.uniform(0, 255, (REGIONS, 2, 3))
    waves = chance.uniform(0.05, 0.8, (REGIONS, 2))
    phase = np.sin(row * waves[owner, 0] + column * waves[owner, 1])[..., None]
    picture = colours[owner, 0] * (1 + phase) / 2 + colours[owner, 1] * (1 - phase) / 2
    half = PATCH_PIXELS // 2
    return picture.astype(np.float32), owner[half::PATCH_PIXELS, half::PATCH_PIXELS].reshape(-1)


def _wander(pictures: NDArray[np.float32], own: NDArray[np.int64], chance: np.random.Generator) -> None:
    """Draw a disc that crosses the frames of one scene."""
    row, column = np.mgrid[:SIDE_PIXELS, :SIDE_PIXELS]
    start, step, colour = (
        chance.uniform(40, 180, 2),
        chance.uniform(-12, 12, 2),
        chance.uniform(0, 255, 3),
    )
    for number, frame in enumerate(own):
        y, x = (start + step * number) % SIDE_PIXELS
        pictures[frame][(row - y) ** 2 + (column - x) ** 2 < 24**2] = colour


def _plant(pictures: NDArray[np.float32], chance: np.random.Generator) -> NDArray[np.int64]:
    """Put chequered squares into single frames; the flat positions of the patches that they cover."""
    placed = []
    for frame in chance.choice(len(pictures), OBJECTS, replace=len(pictures) < OBJECTS):
        row, column = chance.integers(0, GRID_SIDE - OBJECT_PATCHES + 1, 2)
        colours, square = chance.uniform(0, 255, (2, 3)), int(chance.integers(3, 9))
        y, x = np.mgrid[: OBJECT_PATCHES * PATCH_PIXELS, : OBJECT_PATCHES * PATCH_PIXELS]
        pattern = colours[(y // square + x // square) % 2]
        top, left = row * PATCH_PIXELS, column * PATCH_PIXELS
        pictures[frame, top : top + len(y), left : left + len(x)] = pattern
        rows = np.arange(row, row + OBJECT_PATCHES)[:, None] * GRID_SIDE
        patches = (rows + np.arange(column, column + OBJECT_PATCHES)).reshape(-1)
        placed.append(frame * GRID_SIDE**2 + patches)
    return np.stack(placed)
