"""`rewatch bench visual-search`: recall and time of search among a million frames, against comparing every one.

Fills a space with vectors that lie as those of frames do. Each query is asked three times; the best counts.
"""

import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray

from rewatch.agent.cli.printing import make_console
from rewatch.memory.index import VectorIndex
from rewatch.memory.store import Store
from rewatch.memory.types import VideoInfo

Floats = NDArray[np.float32]

_SPACE = "benchmark"


def visual_search(
    vectors: Annotated[int, typer.Option("--vectors", metavar="N", help="Frames in the space.")] = 1_000_000,
    dimensions: Annotated[int, typer.Option("--dimensions", metavar="N", help="Numbers in a vector.")] = 512,
) -> None:
    """Measure recall and times of the index, unrestricted and within one video, and its building."""
    chance = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder)) as store:
        frames, queries = clustered(chance, vectors, dimensions)
        videos = _fill(store, frames)
        index = VectorIndex(store, Path(folder) / "vectors", _SPACE)
        built = _seconds(lambda: index.search(queries["image"][0], 10))
        opened = _seconds(
            lambda: VectorIndex(store, index.path.parent, _SPACE).search(queries["image"][0], 10)
        )
        size = index.path.stat().st_size / 1e6
        _tell(f"{vectors:,} vectors of {dimensions}, a file of {size:.0f} MB")
        _tell(f"  built at the first search in {built:.0f} s, opened by another process in {opened:.1f} s")
        for kind, rows in queries.items():
            truth = nearest_by_comparing_all(frames, rows)
            found, times = _ask(index, rows, None)
            _report(f"{kind} queries", found, truth, times)
        first = vectors // videos
        found, times = _ask(index, queries["image"], "video0")
        _report("within one video", found, nearest_by_comparing_all(frames[:first], queries["image"]), times)


def clustered(chance: np.random.Generator, count: int, dimensions: int) -> tuple[Floats, dict[str, Floats]]:
    """Vectors that lie as frames do, and queries of two kinds.

    Numbers fall off as `n ** -0.7` along random directions (an encoder uses few of its dimensions fully); there
    are 200 subjects, videos on them, a hundred shots a video, and frames that hardly differ within a shot. An
    image query lies beside some frame; a text query lies apart from all frames, as texts do, and leans a little
    towards some shot.
    """
    falling = np.arange(1, dimensions + 1, dtype=np.float32) ** -0.7
    turn = np.linalg.qr(chance.standard_normal((dimensions, dimensions)))[0].astype(np.float32)

    def draw(number: int) -> Floats:
        rows = chance.standard_normal((number, dimensions), dtype=np.float32) * falling
        return np.asarray(rows @ turn / np.linalg.norm(falling), np.float32)

    shots_a_video, frames_a_shot = 100, 10
    shots = -(-count // frames_a_shot)
    videos = draw(200)[chance.integers(0, 200, -(-shots // shots_a_video))] + 0.7 * draw(
        -(-shots // shots_a_video)
    )
    centres = np.repeat(videos, shots_a_video, axis=0)[:shots] + 0.7 * draw(shots)
    common = 1.2 * _unit(draw(1))
    frames = np.empty((count, dimensions), np.float32)
    for first in range(0, count, 50_000):
        rows = np.repeat(centres[first // frames_a_shot :][: 50_000 // frames_a_shot], frames_a_shot, axis=0)
        rows = rows[: count - first]
        frames[first : first + len(rows)] = _unit(common + rows + 0.25 * draw(len(rows)))
    beside = _unit(frames[chance.integers(0, count, 100)] + 0.3 * _unit(draw(100)))
    leaning = 0.6 * _unit(centres[chance.integers(0, shots, 100)])
    texts = _unit(leaning + _unit(draw(1)) + 0.8 * _unit(draw(100)))
    return frames, {"image": beside, "text": texts}


def nearest_by_comparing_all(frames: Floats, queries: Floats) -> list[set[int]]:
    """The ten nearest of all frames to each query."""
    found = []
    for some in np.array_split(queries, 4):
        cosines = some @ frames.T
        found += [set(np.argpartition(-row, 10)[:10].tolist()) for row in cosines]
    return found


def _fill(store: Store, frames: Floats) -> int:
    """Store the frames as videos of a thousand frames; returns how many videos there are."""
    info = VideoInfo("", Path("/film.mp4"), 1000.0, 640, 360, 25.0, "h264", "mov", 0, 0.0, False)
    for number, first in enumerate(range(0, len(frames), 1000)):
        rows = frames[first : first + 1000]
        with store.transaction():
            store.put_video(replace(info, video_id=f"video{number}"))
            store.add_frame_vectors(_SPACE, f"video{number}", [float(n) for n in range(len(rows))], rows)
    return number + 1


def _ask(index: VectorIndex, queries: Floats, video_id: str | None) -> tuple[list[set[int]], list[float]]:
    """Frame numbers found for each query, and the best seconds of three rounds for each."""
    found, times = [], []
    for query in queries:
        rounds = []
        for _ in range(3):
            started = time.perf_counter()
            ranked = index.search(query, 10, video_ids=video_id)
            rounds.append(time.perf_counter() - started)
        found.append({row_id - 1 for row_id, _ in ranked})
        times.append(min(rounds))
    return found, times


def _report(what: str, found: list[set[int]], truth: list[set[int]], times: list[float]) -> None:
    recall = np.mean([len(mine & right) / 10 for mine, right in zip(found, truth, strict=True)])
    median, worst = np.percentile(times, [50, 95]) * 1000
    _tell(f"  {what}: recall@10 {recall:.3f}, median {median:.1f} ms, 95th percentile {worst:.1f} ms")


def _tell(line: str) -> None:
    make_console().print(line, markup=False)


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _unit(rows: Floats) -> Floats:
    return np.asarray(rows / np.linalg.norm(rows, axis=-1, keepdims=True), np.float32)
