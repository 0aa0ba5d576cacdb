"""A simulated haystack: videos of LV-Haystack's lengths and counts, and a scorer that looks at them imperfectly.

Owns the assumptions, all of them fields of `World`; `docs/benchmarks/seek.md` prints them beside the results. The
search learns nothing of it but what a scorer would show.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from rewatch.memory.types import Span
from rewatch.tools.seek.looks import VIEWS, Looks, Price, View
from rewatch.tools.seek.timeline import Floats, Timeline


@dataclass(frozen=True, slots=True)
class World:
    """What is assumed of videos and of a scorer. Heights are in standard deviations of the scorer's noise."""

    middle_minutes: float = 21.0
    """Median length; log-normal, cut at 8 and 90 minutes, which makes the mean about 24."""
    absent_share: float = 0.05
    """Questions without a key frame."""
    counts: tuple[float, ...] = (0.45, 0.30, 0.13, 0.07, 0.05)
    """Shares of one to five key frames; the mean is 1.97."""
    clustered_share: float = 0.6
    """Videos whose key frames lie around one place (exponential, 30 s) and not anywhere."""
    long_take_share: float = 0.3
    """Videos in long takes, as from a worn camera; the others are cut."""
    shot_seconds: tuple[float, float] = (4.0, 0.9)
    """Median and log-spread of shots in videos that are cut."""
    take_seconds: tuple[float, float] = (60.0, 1.0)
    """The same for long takes."""
    width_seconds: tuple[float, float] = (3.0, 0.5)
    """Median and log-spread of how fast a moment fades to both sides (Gaussian), inside its own shot only."""
    target_height: tuple[float, float] = (4.5, 6.5)
    """Mean lift of the score at a key frame: in a tile, and alone."""
    lookalike_height: tuple[float, float] = (3.6, 2.6)
    """The same for look-alikes: large frames tell them apart."""
    height_spread: float = 0.2
    """Relative standard deviation of the lift between moments."""
    question_spread: float = 0.15
    """Relative standard deviation of the lift between questions."""
    lookalikes_per_minute: float = 0.3
    cue_share: float = 0.7
    """Key frames that have the cue nearby (up to 10 s, in their shot or the next); it fades twice as slowly."""
    cues_per_minute: float = 0.3
    """How often the cue also shows elsewhere."""
    shot_share: float = 0.2
    """Share of the noise's variance that a whole shot has in common."""
    fade_share: float = 0.6
    """Share that fades over time."""
    fade_seconds: float = 2.0
    across_views: float = 0.5
    """Correlation of a frame's own noise between both views."""
    video_offset: float = 0.5
    """Standard deviation of a video's own offset of all scores."""
    tail_degrees: float = float("inf")
    """Degrees of freedom of the frames' own noise; few make false alarms frequent (Student's t)."""

    def quality(self, factor: float) -> "World":
        """The same world seen by a better or a worse scorer."""
        tile, frame = self.target_height
        near, far = self.lookalike_height
        return replace(
            self,
            target_height=(tile * factor, frame * factor),
            lookalike_height=(near * factor, far * factor),
        )


SHIFTED = replace(
    World(),
    target_height=(3.9, 5.6),
    lookalike_height=(3.5, 2.7),
    lookalikes_per_minute=0.45,
    fade_seconds=3.0,
    shot_share=0.3,
    fade_share=0.5,
    width_seconds=(2.5, 0.6),
    video_offset=0.8,
)
"""A world that the evidence model was not fitted on."""

SIM_PRICE = Price(picture=3.0, frame=1.0, grid=4)
"""A call of the scorer is taken to cost as much as decoding three frames; tiles are 4x4."""
SCORE_OFFSET, SCORE_SPREAD = -3.0, 0.8
"""A score is the logistic of an affine of the simulator's units, as a detector's confidence would be."""


@dataclass(frozen=True, slots=True)
class Haystack:
    """One simulated video and question, at a frame a second."""

    span: Span
    shots: tuple[Span, ...]
    key_seconds: tuple[float, ...]
    """Ascending; empty where the video does not show the target."""
    lookalike_seconds: tuple[float, ...]
    scores: dict[View, Floats]
    """float64 `[C, 2]` for each view: what the scorer says of each second's frame, of the target and of the cue."""
    features: Floats
    """float64 `[C, 8]`: unit vectors that tell shots apart, as an image encoder's would."""
    offset: float
    """The video's own offset of all scores, in the simulator's units."""
    question: float
    """The question's own factor on all lifts."""


def draw(world: World, seed: int, *, present: bool | None = None) -> Haystack:
    """Draw a video.

    Args:
        world: What is assumed.
        seed: The same seed and world give the same video.
        present: Whether the target is shown; None leaves it to chance.
    """
    chance = np.random.default_rng(seed)
    minutes = float(np.clip(np.exp(chance.normal(np.log(world.middle_minutes), 0.6)), 8, 90))
    span = Span(0.0, round(60 * minutes))
    shots = _shots(world, span, chance)
    shown = chance.random() >= world.absent_share if present is None else present
    keys = _keys(world, span, chance) if shown else np.zeros(0)
    number = chance.poisson(world.lookalikes_per_minute * minutes)
    alike = np.sort(chance.uniform(0, span.end_seconds, number))
    question = max(1 + world.question_spread * chance.normal(), 0.3)
    timeline = Timeline(span, shots)
    lifts = [
        _lift(world, timeline, keys, chance) * question,
        _lift(world, timeline, alike, chance) * question,
        _lift(world, timeline, _cues(world, span, keys, chance), chance, slower=2.0),
    ]
    noise = _noise(world, timeline, chance), _noise(world, timeline, chance)
    offset = world.video_offset * chance.normal()
    scores = {}
    for number, view in enumerate(VIEWS):
        target = np.maximum(lifts[0] * world.target_height[number], lifts[1] * world.lookalike_height[number])
        units = np.stack(
            [noise[0][number] + target, noise[1][number] + lifts[2] * world.target_height[number]], axis=1
        )
        scores[view] = 1 / (1 + np.exp(-(SCORE_OFFSET + SCORE_SPREAD * (units + offset))))
    features = _features(timeline, chance)
    return Haystack(
        span, shots, tuple(keys.tolist()), tuple(alike.tolist()), scores, features, offset, question
    )


class SimulatedLooker:
    """Looks at a haystack: reads the scores that were drawn with it, and counts."""

    def __init__(self, haystack: Haystack, price: Price = SIM_PRICE) -> None:
        self.haystack = haystack
        self.price = price
        self.num_looks = 0
        self.num_pictures = 0

    def look(self, seconds: Sequence[float], view: View) -> Looks:
        """Look at the frames of these seconds."""
        cells = np.clip(np.floor(np.sort(seconds)).astype(np.int64), 0, len(self.haystack.scores[view]) - 1)
        self.num_looks += len(cells)
        self.num_pictures += 1 if view == "tile" else len(cells)
        return Looks(cells + 0.5, self.haystack.scores[view][cells], view)

    def features(self, seconds: Sequence[float]) -> Floats:
        """Unit vectors of the frames of these seconds, `[N, D]`, in ascending order of time."""
        rows: Floats = self.haystack.features[np.floor(np.sort(seconds)).astype(np.int64)]
        return rows


def _shots(world: World, span: Span, chance: np.random.Generator) -> tuple[Span, ...]:
    median, spread = world.take_seconds if chance.random() < world.long_take_share else world.shot_seconds
    edges = [0.0]
    while edges[-1] < span.end_seconds:
        edges.append(edges[-1] + max(float(np.exp(chance.normal(np.log(median), spread))), 1.0))
    edges[-1] = span.end_seconds
    return tuple(Span(a, b) for a, b in pairwise(edges) if b > a)


def _keys(world: World, span: Span, chance: np.random.Generator) -> Floats:
    number = 1 + int(chance.choice(len(world.counts), p=world.counts))
    keys = chance.uniform(0, span.end_seconds, number)
    if chance.random() < world.clustered_share:
        keys = keys[0] + np.concatenate([[0.0], chance.exponential(30.0, number - 1)]).cumsum()
        keys = np.where(keys < span.end_seconds, keys, keys - 2 * (keys - keys[0]))
    return np.sort(np.clip(keys, 0, span.end_seconds - 1))


def _cues(world: World, span: Span, keys: Floats, chance: np.random.Generator) -> Floats:
    beside = keys[chance.random(len(keys)) < world.cue_share]
    beside = beside + chance.uniform(-10, 10, len(beside))
    number = chance.poisson(world.cues_per_minute * span.end_seconds / 60)
    elsewhere = chance.uniform(0, span.end_seconds, number)
    return np.sort(np.clip(np.concatenate([beside, elsewhere]), 0, span.end_seconds - 1))


def _features(timeline: Timeline, chance: np.random.Generator) -> Floats:
    """Half of the shots look like one of eight scenes, and no frame quite like its shot."""
    scenes = chance.normal(size=(8, 8))
    shots = chance.normal(size=(len(timeline.cuts) + 1, 8))
    shots += 2 * scenes[chance.integers(8, size=len(shots))] * (chance.random((len(shots), 1)) < 0.5)
    features = shots[timeline.shot_of_cell] + 0.5 * chance.normal(size=(timeline.num_cells, 8))
    unit: Floats = features / np.linalg.norm(features, axis=1, keepdims=True)
    return unit


def _lift(
    world: World, timeline: Timeline, moments: Floats, chance: np.random.Generator, slower: float = 1.0
) -> Floats:
    """The lift at each cell by the moments, as a share of the mean height; the highest counts."""
    lift = np.zeros(timeline.num_cells)
    median, spread = world.width_seconds
    shots = timeline.shot_of_cell[timeline.cell_at(moments)]
    for seconds, shot in zip(moments, shots, strict=True):
        width = slower * float(np.exp(chance.normal(np.log(median), spread)))
        height = max(1 + world.height_spread * chance.normal(), 0.2)
        shape = height * np.exp(-0.5 * ((timeline.centres - seconds) / width) ** 2)
        lift = np.maximum(lift, np.where(timeline.shot_of_cell == shot, shape, 0.0))
    return lift


def _noise(world: World, timeline: Timeline, chance: np.random.Generator) -> list[Floats]:
    """Unit noise for both views: an offset a shot, a part that fades, a part of each frame's own."""
    count = timeline.num_cells
    shots = chance.normal(size=len(timeline.cuts) + 1)[timeline.shot_of_cell]
    common = [chance.normal(size=count) for _ in range(3)]
    share = world.across_views
    own_share = 1 - world.shot_share - world.fade_share
    noise = []
    for number in range(2):
        mixed = np.sqrt(share) * common[0] + np.sqrt(1 - share) * common[1 + number]
        own = chance.normal(size=count)
        if np.isfinite(world.tail_degrees):
            degrees = world.tail_degrees
            own = chance.standard_t(degrees, size=count) / np.sqrt(degrees / (degrees - 2))
        noise.append(
            np.sqrt(world.shot_share) * shots
            + np.sqrt(world.fade_share) * _faded(mixed, timeline, world.fade_seconds)
            + np.sqrt(own_share) * own
        )
    return noise


def _faded(values: Floats, timeline: Timeline, fade_seconds: float) -> Floats:
    """A stationary first-order process from independent values, begun anew at each cut."""
    keep = float(np.exp(-timeline.cell_seconds / fade_seconds))
    scale = float(np.sqrt(1 - keep**2))
    faded = np.empty_like(values)
    shot = -1
    for cell, (value, of_shot) in enumerate(
        zip(values.tolist(), timeline.shot_of_cell.tolist(), strict=True)
    ):
        faded[cell] = value if of_shot != shot else keep * faded[cell - 1] + scale * value
        shot = of_shot
    return faded
