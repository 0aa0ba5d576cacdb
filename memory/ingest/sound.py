"""The sound track as 16 kHz mono samples, placed on the video's clock.

Owns decoding and placing: a sound track counts from the container's start and may begin before or after the
first frame, have gaps, and be shorter or longer than the picture. What is said in it is `speech`'s business.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rewatch.memory.ingest.container import open_container
from rewatch.memory.ingest.probe import container_start
from rewatch.memory.types import Span, VideoInfo

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.container import InputContainer

SAMPLE_RATE = 16_000
"""What speech models take."""

_PREROLL_SECONDS = 0.5
"""Decoding begins earlier than asked: compressed sound needs what came before."""
_GAP_SECONDS = 0.05
"""A jump of the timestamps by more than this is a gap; less is rounding."""


def read_sound(video: VideoInfo, span: Span) -> NDArray[np.float32]:
    """Decode a part of the first sound track.

    Args:
        video: A probed video with sound.
        span: The part, on the video's clock.

    Returns:
        float32 `[round(duration * 16000)]`, mono, -1 to 1; sample `i` sounds at
        `span.start_seconds + i / 16000`. Silence where the track has nothing.

    Raises:
        VideoError: The file cannot be opened any more.
    """
    samples = np.zeros(round(span.duration_seconds * SAMPLE_RATE), np.float32)
    with open_container(video.path) as container:
        # Timestamps in the file, minus this, are on the video's clock.
        origin = float(container_start(container)) + video.player_offset_seconds
        wanted = Span(span.start_seconds + max(origin, 0.0), span.end_seconds + max(origin, 0.0))
        for seconds, block in _resampled(container, wanted):
            first = round((seconds - origin - span.start_seconds) * SAMPLE_RATE)
            begin, end = max(first, 0), min(first + len(block), len(samples))
            if begin < end:
                samples[begin:end] = block[begin - first : end - first]
    return samples


def _resampled(container: "InputContainer", span: Span) -> Iterator[tuple[float, NDArray[np.float32]]]:
    """Yield blocks of samples with the file's own timestamp of their first one, from about the span."""
    import av

    def fresh() -> Any:
        return av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)

    resampler, expected, position = fresh(), None, 0.0
    for frame in _frames(container, span):
        assert frame.time_base is not None
        seconds = float((frame.pts or 0) * frame.time_base)
        if expected is None or abs(seconds - expected) > _GAP_SECONDS:
            if expected is not None:
                yield from _placed(resampler.resample(None), position)
            resampler, position = fresh(), seconds
        expected = seconds + frame.samples / frame.sample_rate
        for moment, block in _placed(resampler.resample(frame), position):
            yield moment, block
            position = moment + len(block) / SAMPLE_RATE
    if expected is not None:
        yield from _placed(resampler.resample(None), position)


def _placed(frames: list["AudioFrame"], seconds: float) -> Iterator[tuple[float, NDArray[np.float32]]]:
    for frame in frames:
        block = np.asarray(frame.to_ndarray(), np.float32).reshape(-1)
        yield seconds, block
        seconds += len(block) / SAMPLE_RATE


def _frames(container: "InputContainer", span: Span) -> Iterator["AudioFrame"]:
    """Decode the frames that touch the span, going on behind damaged packets."""
    from av.error import FFmpegError

    stream = container.streams.audio[0]
    assert stream.time_base is not None
    start = span.start_seconds - _PREROLL_SECONDS
    try:
        container.seek(int(start / stream.time_base), stream=stream)
    except FFmpegError:
        container.seek(0)
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except FFmpegError:
            continue
        for frame in frames:
            if frame.pts is None or frame.time_base is None:
                continue
            seconds = float(frame.pts * frame.time_base)
            if seconds >= span.end_seconds:
                return
            if seconds + frame.samples / frame.sample_rate > start:
                yield frame
