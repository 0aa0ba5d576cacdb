"""`rewatch bench embedding`: frames a second through the visual stage, against the bare model's forward passes.

Indexes the pictures of a video with a real architecture whose weights are random (their values change nothing),
and gives as many frames to the bare model in batches of the same size. Times of the two sides are taken in turns
within one run; the best time of each counts. Processor time, that of the decoding processes included, is told beside
it: on a busy machine it says more.
"""

import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from rewatch.agent.cli.printing import make_console
from rewatch.memory.encoders import Encoder, PreparingEncoder
from rewatch.memory.encoders.registry import open_encoder, register_encoder
from rewatch.memory.encoders.torch_encoder import choose_device
from rewatch.memory.ingest.probe import probe
from rewatch.memory.ingest.settings import IngestSettings
from rewatch.memory.ingest.visual import VisualStage
from rewatch.memory.library import Library
from rewatch.memory.types import VideoInfo

_NO_GAPS = 3600.0
"""A spacing that fills no gap: keyframes only."""


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A family whose one encoder is loaded already, so that loading is not part of the times."""

    encoder: Encoder

    def space_id(self, model: str) -> str:
        return self.encoder.space_id

    def open(self, model: str, device: str, dtype: str) -> Encoder:
        return self.encoder


def embedding(
    file: Annotated[Path, typer.Argument(metavar="VIDEO", help="A video file.")],
    architecture: Annotated[
        str, typer.Option("--architecture", metavar="NAME", help="An architecture of open_clip.")
    ] = "ViT-B-32",
    rounds: Annotated[
        int, typer.Option("--rounds", metavar="N", min=1, help="Take the best of so many.")
    ] = 3,
) -> None:
    """Measure how many frames a second are embedded, as a share of the bare model's forward passes."""
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
    console = make_console()
    threads = torch.get_num_threads()
    console.print(f"{file.name}, {architecture} on {device} ({dtype}), {threads} threads", markup=False)
    for what, spacing in (("keyframes", _NO_GAPS), ("a frame a second", 1.0)):
        staged, bare = [], []
        for _ in range(rounds):
            count, spent = _through_stage(probe(file), spacing)
            staged.append(spent)
            bare.append(_bare(model, count, encoder.batch_size, side, str(device), dtype))
        by_round = ", ".join(f"{b.wall / s.wall:.2f}" for b, s in zip(bare, staged, strict=True))
        best = min(spent.wall for spent in staged)
        share = min(spent.wall for spent in bare) / best
        processor = min(spent.processor for spent in bare) / min(spent.processor for spent in staged)
        console.print(f"  {what}: {count} frames, {count / best:.1f} a second", markup=False)
        told = f"    {share:.2f} of the bare model (by round {by_round}), by processor time {processor:.2f}"
        console.print(told, markup=False)


@dataclass(frozen=True, slots=True)
class _Spent:
    """Seconds that some work took."""

    wall: float
    processor: float
    """Of this process and of those that it has ended."""

    @classmethod
    def on(cls, work: Callable[[], object]) -> "_Spent":
        before, started = os.times(), time.perf_counter()
        work()
        wall = time.perf_counter() - started
        return cls(wall, sum(os.times()[:4]) - sum(before[:4]))


def _through_stage(video: VideoInfo, spacing: float) -> tuple[int, _Spent]:
    """Frames that the stage embeds, and what it takes from file to stored vectors."""
    settings = IngestSettings(encoder="loaded", visual_spacing_seconds=spacing)
    with tempfile.TemporaryDirectory() as folder, Library.open(Path(folder), [VisualStage()]) as library:
        spent = _Spent.on(lambda: library.add(video.path, settings))
        (state,) = library.store.rows("SELECT COUNT(*) FROM frame_vectors")
        return int(state[0]), spent


def _bare(model: Any, count: int, batch: int, side: int, device: str, dtype: Any) -> _Spent:
    """What the model's forward passes alone take over as many frames."""
    import torch

    pixels = torch.randn(batch, 3, side, side, device=device, dtype=dtype)

    def forward() -> None:
        with torch.inference_mode():
            for first in range(0, count, batch):
                vectors = model.encode_image(pixels[: min(batch, count - first)])
            vectors.cpu()

    return _Spent.on(forward)
