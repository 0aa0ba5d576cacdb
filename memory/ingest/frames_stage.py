"""Stage "scan": one pass over the video that measures every sampled frame and drops its pixels.

Owns how the pass is cut into parts that survive a kill. What is measured belongs to others: the colour
histogram to `shots`, the strokes to `screen_gate`; spreading over processes is `scan`'s work.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rewatch.memory.ingest.decode import open_reader
from rewatch.memory.ingest.settings import IngestSettings
from rewatch.memory.ingest.stage import Parameters, Part, StageContext, StageOutcome
from rewatch.memory.types import Frame, FrameSample, Span, VideoInfo

if TYPE_CHECKING:
    from rewatch.memory.store import Store

_PART_SECONDS = 600.0
"""A killed run loses at most this much of the pass: about five seconds of work."""
_MEASURES_VERSION = 2
"""Raised when histograms or signatures change, so that older samples are measured again."""


def measure(frame: Frame) -> tuple[bytes, bytes]:
    """Take the histogram and the screen signature of a frame; runs in the decoding processes."""
    from rewatch.memory.ingest.screen_gate import signature
    from rewatch.memory.ingest.shots import histogram

    colours = histogram(frame.image, frame.change_seconds, frame.change_jump, frame.change_ratio)
    return colours, signature(frame.image, frame.change_seconds)


class ScanStage:
    """Stores a `FrameSample` for every sampled frame."""

    name = "scan"
    needs: tuple[str, ...] = ()

    def parameters(self, video: VideoInfo, settings: IngestSettings, store: "Store") -> Parameters:
        return {
            "step_seconds": 0.0 if settings.fast else settings.step_seconds,
            "decoder": settings.decoder,
            "measures": _MEASURES_VERSION,
        }

    def clear(self, store: "Store", video_id: str) -> None:
        store.delete_samples(video_id)

    def run(self, context: StageContext) -> Iterator[Part]:
        """The parts after those that are stored, from one pass over the rest of the video."""
        if context.settings.decoder != "pyav":  # which is refused for some files
            open_reader(context.video, context.settings.decoder).close()
        return _parts(context)

    def outcome(self, context: StageContext) -> StageOutcome:
        settings = context.settings
        note = "keyframes only" if settings.fast else f"a frame every {settings.step_seconds:g} s"
        return StageOutcome("read", note)


def _parts(context: StageContext) -> Iterator[Part]:
    from rewatch.memory.ingest.scan import scan
    from rewatch.memory.ingest.screen_gate import LONG_SIDE_PIXELS

    video, settings = context.video, context.settings
    step = None if settings.fast else settings.step_seconds
    length = _PART_SECONDS if step is None else max(round(_PART_SECONDS / step), 1) * step
    number = _first_missing(context.finished)
    if number * length >= video.duration_seconds > 0:
        return
    rest = Span(number * length, max(video.duration_seconds, number * length))
    rows: list[FrameSample] = []
    for seconds, (histogram_bytes, screen_bytes) in scan(
        video,
        rest,
        measure,
        step_seconds=step,
        processes=settings.processes,
        decoder=settings.decoder,
        longest_pixels=LONG_SIDE_PIXELS,
    ):
        while seconds >= (number + 1) * length:
            yield _part(video.video_id, number, rows, (number + 1) * length)
            rows, number = [], number + 1
        rows.append(FrameSample(seconds, histogram_bytes, screen_bytes))
        context.progress(seconds)
    yield _part(video.video_id, number, rows, video.duration_seconds)


def _first_missing(finished: frozenset[str]) -> int:
    number = 0
    while str(number) in finished:
        number += 1
    return number


def _part(video_id: str, number: int, rows: list[FrameSample], done_seconds: float) -> Part:
    return Part(str(number), lambda store: store.add_samples(video_id, rows), done_seconds)
