"""What visual memory costs: embedding against the bare model, and search in a million frames.

`python -m rewatch.evals.bench_visual embed FILE` indexes the pictures of a video with a real architecture whose
weights are random (their values change nothing), and gives the same frames to the bare model in batches of the
same size. `python -m rewatch.evals.bench_visual search` fills a space with vectors that lie as those of frames
do, and compares its answers and times with comparing every vector. Times of the two sides are taken in turns
within one run; the best of the rounds counts.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rewatch.memory.encoders import Encoder, PreparingEncoder
from rewatch.memory.encoders.registry import open_encoder, register_encoder
from rewatch.memory.encoders.torch_encoder import choose_device
from rewatch.memory.index import VectorIndex
from rewatch.memory.ingest.probe import probe
from rewatch.memory.ingest.settings import IngestSettings
from rewatch.memory.ingest.visual import VisualStage
from rewatch.memory.library import Library
from rewatch.memory.store import Store
from rewatch.memory.types import VideoInfo

Floats = NDArray[np.float32]

_NO_GAPS = 3600.0
"""A spacing that fills no gap: keyframes only."""
_SPACE = "benchmark"


def main(arguments: list[str] | None = None) -> int:
    """Measure what is asked for and print what came out; returns the exit status."""
    parser = argparse.ArgumentParser(prog="bench_visual", description=__doc__)
    parts = parser.add_subparsers(dest="part", required=True)
    embed = parts.add_parser("embed", help="embedding against the bare model")
    embed.add_argument("file", type=Path)
    embed.add_argument("--architecture", default="ViT-B-32", help="of open_clip")
    embed.add_argument("--rounds", type=int, default=3)
    search = parts.add_parser("search", help="search among many frames")
    search.add_argument("--vectors", type=int, default=1_000_000)
    search.add_argument("--dimensions", type=int, default=512)
    told = parser.parse_args(arguments)
    if told.part == "embed":
        measure_embedding(told.file, told.architecture, told.rounds)
    else:
        measure_search(told.vectors, told.dimensions)
    return 0


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A family whose one encoder is loaded already, so that loading is not part of the times."""

    encoder: Encoder

    def space_id(self, model: str) -> str:
        return self.encoder.space_id

    def open(self, model: str, device: str, dtype: str) -> Encoder:
        return self.encoder


def measure_embedding(file: Path, architecture: str, rounds: int) -> None:
    """Print frames a second through the stage and through the bare model, and their ratio."""
    import open_clip
    import torch

    device, dtype = choose_device("auto", "auto")
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = Path(folder) / "random.pt"
        model: Any = open_clip.create_model(architecture)
        torch.save(model.state_dict(), checkpoint)
        encoder = open_encoder(f"open_clip:{architecture}/{checkpoint}")
        encoder.encode_texts(["warm up"])
    register_encoder("loaded", lambda: _Loaded(encoder))
    assert isinstance(encoder, PreparingEncoder)
    model = model.to(device=device, dtype=dtype).eval()
    side = open_clip.get_model_config(architecture)["vision_cfg"]["image_size"]
    print(f"{file.name}, {architecture} on {device} ({dtype}), {torch.get_num_threads()} threads")
    for what, spacing in (("keyframes", _NO_GAPS), ("a frame a second", 1.0)):
        ratios, rates = [], []
        for _ in range(rounds):
            count, staged = _through_stage(probe(file), spacing)
            bare = _bare(model, count, encoder.batch_size, side, str(device), dtype)
            ratios.append(bare / staged)
            rates.append(count / staged)
        told = ", ".join(f"{ratio:.2f}" for ratio in ratios)
        print(
            f"  {what}: {count} frames, {max(rates):.1f} a second, of the bare model {max(ratios):.2f} ({told})"
        )


def _through_stage(video: VideoInfo, spacing: float) -> tuple[int, float]:
    """Frames that the stage embeds, and its seconds from file to stored vectors."""
    settings = IngestSettings(encoder="loaded", visual_spacing_seconds=spacing)
    with tempfile.TemporaryDirectory() as folder, Library.open(Path(folder), [VisualStage()]) as library:
        started = time.perf_counter()
        library.add(video.path, settings)
        seconds = time.perf_counter() - started
        (state,) = library.store.rows("SELECT COUNT(*) FROM frame_vectors")
        return int(state[0]), seconds


def _bare(model: Any, count: int, batch: int, side: int, device: str, dtype: Any) -> float:
    """Seconds of the model's forward passes alone over as many frames."""
    import torch

    pixels = torch.randn(batch, 3, side, side, device=device, dtype=dtype)
    started = time.perf_counter()
    with torch.inference_mode():
        for first in range(0, count, batch):
            vectors = model.encode_image(pixels[: min(batch, count - first)])
        vectors.cpu()
    return time.perf_counter() - started


def measure_search(vectors: int, dimensions: int) -> None:
    """Print recall and times of the index, unrestricted and within one video, and its building."""
    chance = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder)) as store:
        frames, queries = clustered(chance, vectors, dimensions)
        videos = _fill(store, frames)
        index = VectorIndex(store, Path(folder) / "vectors", _SPACE)
        built = _seconds(lambda: index.search(queries["image"][0], 10))
        opened = _seconds(
            lambda: VectorIndex(store, index.path.parent, _SPACE).search(queries["image"][0], 10)
        )
        size = index.path.stat().st_size
        print(f"{vectors:,} vectors of {dimensions}, a file of {size / 1e6:.0f} MB")
        print(f"  built at the first search in {built:.0f} s, opened by another process in {opened:.1f} s")
        for kind, rows in queries.items():
            truth = nearest_by_comparing_all(frames, rows)
            found, times = _ask(index, rows, None)
            _print(f"{kind} queries", found, truth, times)
        first = vectors // videos
        found, times = _ask(index, queries["image"], "video0")
        _print("within one video", found, nearest_by_comparing_all(frames[:first], queries["image"]), times)


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
    for query in queries:
        cosines = frames @ query
        found.append(set(np.argpartition(-cosines, 10)[:10].tolist()))
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


def _print(what: str, found: list[set[int]], truth: list[set[int]], times: list[float]) -> None:
    recall = np.mean([len(mine & right) / 10 for mine, right in zip(found, truth, strict=True)])
    median, worst = np.percentile(times, [50, 95]) * 1000
    print(f"  {what}: recall@10 {recall:.3f}, median {median:.1f} ms, 95th percentile {worst:.1f} ms")


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _unit(rows: Floats) -> Floats:
    return np.asarray(rows / np.linalg.norm(rows, axis=-1, keepdims=True), np.float32)


if __name__ == "__main__":
    sys.exit(main())
