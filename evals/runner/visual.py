"""LV-Haystack's visual scores of a run: the returned frames against the key frames, as pictures.

Reads the videos, which must still be where the run found them. Pictures are scaled to one width first: SSIM depends
on size, and scores are comparable at one width only.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rewatch.evals.metrics.ssim import mean_visual_prf
from rewatch.evals.runner.record import Record
from rewatch.evals.tasks.folder import DataFolder
from rewatch.memory.ingest.decode import open_reader
from rewatch.memory.ingest.probe import probe
from rewatch.memory.types import VideoInfo

WIDTH = 320
"""Pixels; the height follows the video."""

Pictures = tuple[list[NDArray[np.uint8]], list[NDArray[np.uint8]]]


def visual_scores(run: Mapping[str, Any], records: Sequence[Record]) -> dict[str, float]:
    """Precision, recall and F1 of pictures in both conventions; "official" leaves out empty samples.

    Raises:
        VideoError: A video is no longer there.
    """
    folder = DataFolder(Path(run["data"]))
    pairs = list(_pairs(records, folder))
    corrected = mean_visual_prf(pairs, empty="zero")
    official = mean_visual_prf(pairs, empty="skip", convention="official")
    return {
        f"visual {name} ({convention})": getattr(score, name)
        for convention, score in (("corrected", corrected), ("official", official))
        for name in ("precision", "recall", "f1")
    }


def pictures(info: VideoInfo, seconds: Sequence[float], width: int = WIDTH) -> list[NDArray[np.uint8]]:
    """The frames on display at some instants, scaled to a width, in the given order."""
    if not seconds:
        return []
    order = sorted(range(len(seconds)), key=lambda at: seconds[at])
    found: dict[int, NDArray[np.uint8]] = {}
    with open_reader(info) as reader:
        for at, frame in zip(order, reader.at_many([seconds[at] for at in order]), strict=True):
            height = max(round(frame.image.shape[0] * width / frame.image.shape[1]), 1)
            found[at] = np.asarray(
                Image.fromarray(frame.image).resize((width, height), Image.Resampling.BILINEAR)
            )
    return [found[at] for at in range(len(seconds))]


def _pairs(records: Sequence[Record], folder: DataFolder) -> Iterator[Pictures]:
    infos: dict[str, VideoInfo] = {}
    for record in records:
        video = record.sample.video
        if video not in infos:
            infos[video] = probe(folder.video(video))
        returned = record.prediction.frame_seconds if record.prediction else ()
        yield pictures(infos[video], record.sample.frame_seconds), pictures(infos[video], returned)
