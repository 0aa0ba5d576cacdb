"""Small known pictures drawn into a real video, and a real scorer that can see them: search on real footage.

The pictures are drawn onto frames as they are decoded, so that every other part is the real one: the decoder, tiles,
scores, calibration on other plants, search and refinement to the frame.
"""

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from rewatch.evals.bench.decode import bare_pyav
from rewatch.memory.ingest.decode import FrameReader, open_reader
from rewatch.memory.ingest.probe import probe
from rewatch.memory.types import Box, Frame, Limits, Span, VideoInfo
from rewatch.tools.meter import Meter
from rewatch.tools.seek.belief import Belief
from rewatch.tools.seek.calibration import save
from rewatch.tools.seek.evidence import EvidenceModel, Scale
from rewatch.tools.seek.fitting import Labelled, fit
from rewatch.tools.seek.looking import VideoLooker
from rewatch.tools.seek.looks import VIEWS, Looker, Looks, Price, View
from rewatch.tools.seek.moments import TOLERANCE_SECONDS
from rewatch.tools.seek.policy import Policy
from rewatch.tools.seek.prior import even_prior
from rewatch.tools.seek.refine import appearance
from rewatch.tools.seek.scorers import Scores
from rewatch.tools.seek.scorers.tiles import compose
from rewatch.tools.seek.search import Search, search
from rewatch.tools.seek.timeline import Floats, Timeline

MAGENTA, LIME = (230, 30, 210), (110, 240, 40)
SECONDS_A_LOOK = 2.0
"""Looks allowed lie as close as the shortest plant is long, so that none can be shown between them."""
_LEAST_NOISE = 0.3
_CALIBRATED_SECONDS = 600.0
"""The scorer is calibrated on the beginning of the video."""


@dataclass(frozen=True, slots=True)
class Plant:
    """A picture in the video: a square, its upper half magenta and its lower half lime."""

    span: Span
    """When it is shown."""
    box: Box


class PlantedReader:
    """A reader whose frames carry the plants; what search needs of `FrameReader`."""

    def __init__(self, reader: FrameReader, plants: Sequence[Plant]) -> None:
        self._reader = reader
        self._plants = plants

    def at(self, seconds: float) -> Frame:
        return self._drawn(self._reader.at(seconds))

    def at_many(self, seconds: Sequence[float]) -> Iterator[Frame]:
        return map(self._drawn, self._reader.at_many(seconds))

    def _drawn(self, frame: Frame) -> Frame:
        image = frame.image.copy()
        height, width = image.shape[:2]
        for plant in self._plants:
            if plant.span.contains(frame.seconds):
                x0, x1 = round(plant.box[0] * width), round(plant.box[2] * width)
                y0, y1 = round(plant.box[1] * height), round(plant.box[3] * height)
                image[y0 : (y0 + y1) // 2, x0:x1] = MAGENTA
                image[(y0 + y1) // 2 : y1, x0:x1] = LIME
        return replace(frame, image=image)


class ColourScorer:
    """Sees magenta above lime: the log of how many pixels of either colour touch the other so."""

    name = "magenta above lime"
    scale: Scale = "identity"
    price = Price(picture=30.0, frame=30.0, grid=4)

    def score(self, frames: Sequence[Frame], queries: Sequence[str]) -> Scores:
        """One score for each frame, the same for every query."""
        seen = [_touching(frame.image) for frame in frames]
        values = np.array([[_worth(number)] * len(queries) for number, _ in seen])
        return Scores(values, tuple((box,) * len(queries) for _, box in seen))

    def score_tile(self, frames: Sequence[Frame], queries: Sequence[str]) -> Scores:
        """One score for each cell of the tile."""
        grid = self.price.grid
        tile = compose(frames, grid)
        height, width = tile.shape[0] // grid, tile.shape[1] // grid
        cells = [
            tile[row * height : (row + 1) * height, column * width : (column + 1) * width]
            for row, column in (divmod(number, grid) for number in range(len(frames)))
        ]
        return self.score([Frame(0.0, cell) for cell in cells], queries)


def _worth(pixels: float) -> float:
    return float(np.log1p(pixels))


def _touching(image: NDArray[np.uint8]) -> tuple[float, Box | None]:
    """Columns in which magenta stands right above lime, and where."""
    upper, lower = (_like(image, colour) for colour in (MAGENTA, LIME))
    meets = np.zeros(upper.shape, bool)
    for gap in (1, 2):
        meets[:-gap] |= upper[:-gap] & lower[gap:]
    rows, columns = np.nonzero(meets)
    if not len(rows):
        return 0.0, None
    height, width = image.shape[:2]
    row, left, right = int(np.median(rows)), int(columns.min()), int(columns.max()) + 1
    half = (right - left) / 2
    box = (left / width, max(row - half, 0.0) / height, right / width, min((row + half) / height, 1.0))
    return float(len(np.unique(columns))), box


def _like(image: NDArray[np.uint8], colour: tuple[int, int, int]) -> NDArray[np.bool_]:
    near: NDArray[np.bool_] = (np.abs(image.astype(np.int16) - colour) < 70).all(axis=2)
    return near


@dataclass(frozen=True, slots=True)
class Report:
    """How a search on real footage went."""

    video: str
    planted: int
    found: int
    """Plants with a returned frame within the tolerance."""
    returned: int
    looks: int
    pictures: int
    stopped: str
    absent_probability: float
    empty_absent_probability: float
    """Of the same video without a plant."""
    exact: int
    """Plants found whose first frame was told exactly."""
    decode_ratio: float
    """Processor time to decode the search's looks over that of a plain seek-and-decode of each, both by one thread; the
    best of three."""
    overhead_ms: float
    """Processor time of the search for a look, without scorer and decoder."""

    def to_plain(self) -> dict[str, Any]:
        return asdict(self)

    def to_text(self) -> str:
        return (
            f"{self.video}: {self.found} of {self.planted} plants found, {self.exact} to the exact first frame; "
            f"{self.returned} frames returned after {self.looks} looks on {self.pictures} pictures ({self.stopped})\n"
            f"not in the video: {self.absent_probability:.3f}; without a plant: {self.empty_absent_probability:.3f}\n"
            f"decoding the looks took {self.decode_ratio:.2f} of a plain seek-and-decode; the search itself "
            f"{self.overhead_ms:.2f} ms a look"
        )


def search_planted(path: Path, count: int, seed: int, calibration: Path | None) -> Report:
    """Plant pictures, search for them, and search the same video without them.

    Args:
        path: The video.
        count: Pictures to plant.
        seed: Of when and where they are; the calibration's are drawn apart from them.
        calibration: Where to write the scorer's calibration, or None.
    """
    info = probe(path)
    with open_reader(info) as reader:
        model = _calibrated(info, reader, np.random.default_rng([seed, 2]))
        if calibration is not None:
            save(model, calibration)
        plants = _plants(info, info.duration_seconds, count, np.random.default_rng([seed, 1]))
        started = time.thread_time()
        done, looking_seconds = _search(info, model, PlantedReader(reader, plants), count)
        own_seconds = time.thread_time() - started - looking_seconds
        empty, _ = _search(info, model, PlantedReader(reader, ()), count)
        picked = [moment.seconds for moment in done.found[0].moments]
        exact = [_is_exact(info, PlantedReader(reader, plants), reader, model, plant) for plant in plants]
    hits = [_hits(plant, picked) for plant in plants]
    return Report(
        video=path.name,
        planted=count,
        found=sum(hits),
        returned=len(picked),
        looks=done.num_looks,
        pictures=done.num_pictures,
        stopped=done.stopped,
        absent_probability=done.found[0].absent_probability,
        empty_absent_probability=empty.found[0].absent_probability,
        exact=sum(hit and right for hit, right in zip(hits, exact, strict=True)),
        decode_ratio=_decode_ratio(info, [looks.seconds.tolist() for looks in done.looks]),
        overhead_ms=1000 * own_seconds / done.num_looks,
    )


def _plants(info: VideoInfo, duration: float, count: int, chance: np.random.Generator) -> list[Plant]:
    """Pictures of a twelfth to a sixth of the frame's height, shown for two to five seconds, apart from each other."""
    part = duration / count
    plants = []
    for number in range(count):
        length = min(float(chance.uniform(SECONDS_A_LOOK, 5)), part / 2)
        start = number * part + float(chance.uniform(0, part - length))
        high = float(chance.uniform(1 / 12, 1 / 6))
        wide = high * info.height / info.width
        left, top = float(chance.uniform(0, 1 - wide)), float(chance.uniform(0, 1 - high))
        plants.append(Plant(Span(start, start + length), (left, top, left + wide, top + high)))
    return plants


def _calibrated(info: VideoInfo, reader: FrameReader, chance: np.random.Generator) -> EvidenceModel:
    """Fit the evidence on one look a second at the beginning of the video, with plants of its own."""
    duration = min(info.duration_seconds, _CALIBRATED_SECONDS)
    timeline = Timeline(Span(0.0, duration))
    plants = _plants(info, duration, max(min(6, int(duration / 40)), 1), chance)
    jitter = np.random.default_rng(0)
    shown = tuple(plant.span.middle_seconds for plant in plants)
    videos = []
    for number in (len(plants), 0):
        drawn, truth = plants[:number], shown[:number]
        scores = _every_score(timeline, PlantedReader(reader, drawn))
        # A scorer that never errs has no noise to fit: this is the least that is assumed.
        noisy = {
            view: values + _LEAST_NOISE * jitter.normal(size=len(values)) for view, values in scores.items()
        }
        videos.append(Labelled(timeline, noisy, truth))
    return fit(videos, ColourScorer.scale)


def _every_score(timeline: Timeline, reader: PlantedReader) -> dict[View, Floats]:
    """Both views of every cell."""
    looker = VideoLooker(_as_reader(reader), ColourScorer(), ("it",), Meter(Limits(frames=None)))
    scores: dict[View, Floats] = {view: np.zeros(timeline.num_cells) for view in VIEWS}
    step = ColourScorer.price.grid**2
    for first in range(0, timeline.num_cells, step):
        cells = slice(first, min(first + step, timeline.num_cells))
        for view in VIEWS:
            scores[view][cells] = looker.look(timeline.centres[cells].tolist(), view).scores[:, 0]
    return scores


class _Timed:
    """A looker that adds up the time this thread spends looking."""

    def __init__(self, looker: Looker) -> None:
        self.price = looker.price
        self.spent_seconds = 0.0
        self._looker = looker

    def look(self, seconds: Sequence[float], view: View) -> Looks:
        started = time.thread_time()
        looks = self._looker.look(seconds, view)
        self.spent_seconds += time.thread_time() - started
        return looks


def _search(
    info: VideoInfo, model: EvidenceModel, reader: PlantedReader, moments: int
) -> tuple[Search, float]:
    """What the search found, told how many moments there may be, and how long it took to look."""
    timeline = Timeline(info.span)
    looker = _Timed(VideoLooker(_as_reader(reader), ColourScorer(), ("it",), Meter(Limits(frames=None))))
    policy = Policy(timeline, model, ColourScorer.price)
    belief = Belief(timeline, model, even_prior(timeline, moments=moments))
    allowed = math.ceil(info.duration_seconds / SECONDS_A_LOOK)
    return search([belief], looker, policy, max_looks=allowed), looker.spent_seconds


def _as_reader(reader: PlantedReader) -> FrameReader:
    """Looking needs `at_many` of a reader and nothing else."""
    return cast(FrameReader, reader)


def _hits(plant: Plant, picked: Sequence[float]) -> bool:
    start, end = plant.span.start_seconds - TOLERANCE_SECONDS, plant.span.end_seconds + TOLERANCE_SECONDS
    return any(start <= seconds <= end for seconds in picked)


def _is_exact(
    info: VideoInfo, planted: PlantedReader, plain: FrameReader, model: EvidenceModel, plant: Plant
) -> bool:
    """Whether binary refinement tells the first frame that shows the plant."""
    scorer = ColourScorer()

    def shows(frame: Frame) -> bool:
        return bool(scorer.score([frame], ("it",)).values[0, 0] > 0)

    around = Span(
        max(plant.span.start_seconds - 30, 0.0), min(plant.span.end_seconds + 30, info.duration_seconds)
    )
    told = appearance(_as_reader(planted), shows, plant.span.middle_seconds, around, 48)
    first = next(
        frame.seconds for frame in plain.frames(plant.span) if frame.seconds >= plant.span.start_seconds
    )
    return abs(told.start_seconds - first) < 1e-6


def _decode_ratio(info: VideoInfo, batches: Sequence[Sequence[float]], rounds: int = 3) -> float:
    """Decode the same looks as the search did and one by one, in turns, by one thread: more would decode ahead."""
    ours, plain = [], []
    every = [seconds for batch in batches for seconds in batch]
    for _ in range(rounds):
        started = time.process_time()
        with open_reader(info, threads=1) as reader:
            for batch in batches:
                for _frame in reader.at_many(batch):
                    pass
        middle = time.process_time()
        bare_pyav(info, every)
        ours.append(middle - started)
        plain.append(time.process_time() - middle)
    return min(ours) / min(plain)
