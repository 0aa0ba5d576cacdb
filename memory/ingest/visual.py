"""Stage "visual": vectors of frames, so that words and pictures find what is seen.

Owns which frames are embedded, in which order, and the parts that survive a kill: keyframes first, which
decode at a sixteenth of the price and tell most of what a video shows, then frames between keyframes that are
too far apart. Frames are decoded and made small in a thread or in other processes while the model runs here.
What a space holds already is not embedded again, whatever was indexed in between.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rewatch.memory.encoders import Encoder, Encoders, PreparingEncoder
from rewatch.memory.encoders.framing import Image, as_it_is
from rewatch.memory.encoders.registry import RegisteredEncoders
from rewatch.memory.ingest.ahead import ahead
from rewatch.memory.ingest.settings import IngestSettings
from rewatch.memory.ingest.stage import Parameters, Part, StageContext, StageOutcome
from rewatch.memory.types import Frame, Span, VideoInfo

if TYPE_CHECKING:
    from rewatch.memory.store import Store

NO_ENCODER = (
    "what the pictures show is not indexed: no visual encoder is set; "
    "name one with rewatch index --encoder NAME"
)

_PART_SECONDS = 60.0
"""A killed run loses at most the frames of about this much: a few seconds of work for a CPU."""
_LET_BE = 1.25
"""A gap is filled from this many times the spacing on: frames' own times lie off the wished ones."""
_BATCH = 16
"""Frames at once for an encoder that does not say how many it likes."""

_SHORT_SECONDS = 300.0
"""What lies within so long is decoded in a thread: two processes take over a second of processor time to start."""

_AHEAD = 32
"""Frames that wait for the encoder; most encoders take them at a fraction of their size."""

_FIRST, _THEN = "keyframes", "between"
"""The two passes, as the keys of parts begin."""

Found = tuple[str, float, Image]
"""The key of its part, a frame's own timestamp, and the frame as the encoder takes it."""


class VisualStage:
    """Stores vectors of keyframes and of frames between them."""

    name = "visual"
    needs: tuple[str, ...] = ()

    def __init__(self, encoders: Encoders | None = None) -> None:
        """Take where encoders come from; None for those that are registered."""
        self._encoders = encoders or RegisteredEncoders()

    def parameters(self, video: VideoInfo, settings: IngestSettings, store: "Store") -> Parameters:
        told: dict[str, str | float] = {
            "encoder": settings.encoder,
            "spacing_seconds": settings.visual_spacing_seconds,
        }
        if settings.encoder:
            told |= {"space_id": self._encoders.space_of(settings.encoder), "decoder": settings.decoder}
        return told

    def clear(self, store: "Store", video_id: str) -> None:
        """Keep what was made: every encoder has its own space, and coming back to one costs nothing."""

    def run(self, context: StageContext) -> Iterator[Part]:
        """Open the encoder; the parts are embedded as they are taken."""
        if not context.settings.encoder:
            return iter(())
        encoder = self._encoders.open(context.settings.encoder)
        # Asked now, since it loads the model: one that cannot be loaded leaves the earlier record as it is.
        size = encoder.batch_size if isinstance(encoder, PreparingEncoder) else _BATCH
        return _parts(context, encoder, size)

    def outcome(self, context: StageContext) -> StageOutcome:
        if not context.settings.encoder:
            return StageOutcome("unavailable", NO_ENCODER)
        return StageOutcome("read", f"likeness only, by {context.settings.encoder}")


def _parts(context: StageContext, encoder: Encoder, batch_size: int) -> Iterator[Part]:
    """First all keyframes, then frames in the gaps between them."""
    for frames in (_keyframes, _frames_between):
        embedded = _embedded(context, encoder, frames(context, encoder), batch_size)
        for key, group in groupby(embedded, key=lambda item: item[0]):
            _, seconds, vectors = zip(*group, strict=True)
            write = partial(
                _write,
                space_id=encoder.space_id,
                video_id=context.video.video_id,
                seconds=seconds,
                vectors=np.stack(vectors),
            )
            yield Part(key, write, _done_seconds(context, key, seconds[-1]))


def _keyframes(context: StageContext, encoder: Encoder) -> Iterator[Found]:
    numbers = [int(key.split()[1]) for key in context.finished if key.startswith(_FIRST)]
    start = (max(numbers, default=-1) + 1) * _PART_SECONDS
    if start < context.video.duration_seconds:
        rest = Span(start, context.video.duration_seconds)
        # Keyframes are decoded faster than any model sees them: a thread is enough, and begins at once.
        found = _scan(context, encoder, rest, None, processes=1)
        for seconds, image in ahead(found, _AHEAD):
            yield _key(_FIRST, seconds), seconds, image


def _frames_between(context: StageContext, encoder: Encoder) -> Iterator[Found]:
    """Frames in long gaps. A gap belongs to the part in which it begins, so that a part holds whole gaps."""
    stored = context.store.frame_seconds(encoder.space_id, context.video.video_id)
    spacing, end = context.settings.visual_spacing_seconds, context.video.duration_seconds
    wanted = [] if stored[:1] == [0.0] else [(_key(_THEN, 0.0), 0.0)]
    for before, after in pairwise([0.0, *stored, end]):
        if after - before > _LET_BE * spacing:
            count = math.ceil((after - before) / spacing)
            length = (after - before) / count
            wanted += [(_key(_THEN, before), before + length * part) for part in range(1, count)]
    wanted = [(key, instant) for key, instant in wanted if key not in context.finished]
    if wanted:
        instants = [instant for _, instant in wanted]
        span = Span(wanted[0][1], end)
        is_short = span.duration_seconds <= _SHORT_SECONDS
        processes = context.settings.processes or (1 if is_short else 0)
        found = _scan(context, encoder, span, instants, processes)
        if processes == 1:
            found = ahead(found, _AHEAD)
        for (key, _), (seconds, image) in zip(wanted, found, strict=True):
            yield key, seconds, image


def _embedded(
    context: StageContext, encoder: Encoder, frames: Iterator[Found], batch_size: int
) -> Iterator[tuple[str, float, NDArray[np.float32]]]:
    """Embed, in batches, the frames that the space does not hold yet."""
    known = set(context.store.frame_seconds(encoder.space_id, context.video.video_id))
    batch: list[Found] = []

    def encoded() -> Iterator[tuple[str, float, NDArray[np.float32]]]:
        vectors = encoder.encode_images([image for _, _, image in batch])
        for (key, seconds, _), vector in zip(batch, vectors, strict=True):
            yield key, seconds, vector
            context.progress(_done_seconds(context, key, seconds))
        batch.clear()

    for found in frames:
        if found[1] not in known:
            known.add(found[1])
            batch.append(found)
        if len(batch) == batch_size:
            yield from encoded()
    if batch:
        yield from encoded()


def _scan(
    context: StageContext, encoder: Encoder, span: Span, instants: Sequence[float] | None, processes: int
) -> Iterator[tuple[float, Image]]:
    from rewatch.memory.ingest.scan import scan

    prepare = encoder.prepare if isinstance(encoder, PreparingEncoder) else as_it_is
    return scan(
        context.video,
        span,
        partial(_prepared, prepare=prepare),
        step_seconds=None,
        instants=instants,
        processes=processes,
        decoder=context.settings.decoder,
    )


def _prepared(frame: Frame, prepare: Callable[[Image], Image]) -> Image:
    """Make a frame small; runs in the decoding processes."""
    return prepare(frame.image)


def _key(phase: str, seconds: float) -> str:
    return f"{phase} {int(seconds // _PART_SECONDS)}"


def _done_seconds(context: StageContext, key: str, seconds: float) -> float:
    """How far the stage has come: each of its two passes counts for half of the video."""
    return (seconds if key.startswith(_FIRST) else context.video.duration_seconds + seconds) / 2


def _write(
    store: "Store", space_id: str, video_id: str, seconds: Sequence[float], vectors: NDArray[np.float32]
) -> None:
    store.add_frame_vectors(space_id, video_id, seconds, vectors)
