"""Turn a talk into files: an mp4 of 640x360 at 25 frames a second with sound, and a subtitle file beside it.

Owns the files and the sound. The shots of the talk are encoded by several processes, each with its own encoder and
the same settings (see `encode`), and their packets are joined in order; PyAV brings the encoders (x264, AAC).
"""

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from fractions import Fraction
from functools import cache, partial
from hashlib import blake2b
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread

import av
import numpy as np
from numpy.typing import NDArray

from rewatch.evals.talks.encode import ENCODER, VideoPacket, encode_shot
from rewatch.evals.talks.script import Talk
from rewatch.evals.talks.slides import HEIGHT, WIDTH
from rewatch.evals.talks.subtitles import srt_text
from rewatch.evals.talks.timeline import FRAMES_PER_SECOND, Shot, Timeline, build_timeline
from rewatch.memory.errors import StorageError

_VERSION = 3
"""Raise when the same script would look or sound different."""
_SOUND = {"aac_coder": "fast"}
_SAMPLE_RATE = 16_000


def render_talk(
    talk: Talk, folder: Path, *, processes: int = 0, progress: Callable[[float], None] | None = None
) -> Path:
    """Render a talk into a folder, unless what is there was made from the same script.

    Args:
        talk: The script.
        folder: Where `<name>.mp4` and `<name>.srt` go; made if missing.
        processes: Encoder processes; 0 takes one for each core, 1 encodes in this process.
        progress: Is told how many seconds of the talk are done.

    Returns:
        The video's path.

    Raises:
        InputError: The script does not fit its minutes.
        StorageError: The files cannot be written; what is there already stays.
    """
    path = folder / f"{talk.name}.mp4"
    if is_rendered(talk, folder):
        return path
    timeline = build_timeline(talk)
    unfinished = path.with_suffix(".part.mp4")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.with_suffix(".srt").write_text(srt_text(timeline), encoding="utf-8")
        _encode(timeline, unfinished, processes or os.cpu_count() or 1, progress or (lambda seconds: None))
        unfinished.replace(path)
    except OSError as error:
        raise StorageError(f"cannot write {path}: {error}; make room or choose another folder") from error
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
    return path


def is_rendered(talk: Talk, folder: Path) -> bool:
    """Whether the folder holds this very talk, subtitles included."""
    path = folder / f"{talk.name}.mp4"
    if not (path.is_file() and path.with_suffix(".srt").is_file()):
        return False
    try:
        with av.open(path) as container:
            return bool(container.metadata.get("comment") == _mark(talk))
    except av.FFmpegError:
        return False


def _mark(talk: Talk) -> str:
    return blake2b(f"{_VERSION} {talk.digest}".encode(), digest_size=8).hexdigest()


def _encode(timeline: Timeline, path: Path, processes: int, progress: Callable[[float], None]) -> None:
    with av.open(path, "w") as container:
        container.metadata.update(title=timeline.talk.title, comment=_mark(timeline.talk))
        video = container.add_stream("libx264", FRAMES_PER_SECOND, options=ENCODER)
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        video.codec_context.time_base = Fraction(1, FRAMES_PER_SECOND)
        audio = container.add_stream("aac", _SAMPLE_RATE, layout="mono", bit_rate=32_000, options=_SOUND)
        container.start_encoding()
        for shot, packets in _encoded_shots(timeline, processes):
            for packet in packets:
                container.mux(_stamped(packet, video))
            for frame in _sound(timeline, shot.first // FRAMES_PER_SECOND, shot.last // FRAMES_PER_SECOND):
                container.mux(audio.encode(frame))
            progress(shot.last / FRAMES_PER_SECOND)
        container.mux(audio.encode(None))


def _encoded_shots(timeline: Timeline, processes: int) -> Iterator[tuple[Shot, list[VideoPacket]]]:
    """Encode the talk shot by shot, in order; the work is spread over the processes."""
    encode = partial(encode_shot, timeline)
    if processes == 1:
        yield from zip(timeline.shots, map(encode, timeline.shots), strict=True)
        return
    with ProcessPoolExecutor(processes, get_context("spawn"), _prepare_worker) as pool:
        try:
            yield from zip(timeline.shots, pool.map(encode, timeline.shots), strict=True)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _prepare_worker() -> None:
    """Leave Ctrl-C to the parent, and do not outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None, "a worker has a parent"
    parent.join()
    os._exit(1)


def _stamped(packet: VideoPacket, stream: av.VideoStream) -> av.Packet:
    stamped = av.Packet(packet.data)
    stamped.stream, stamped.time_base = stream, Fraction(1, FRAMES_PER_SECOND)
    stamped.pts, stamped.dts, stamped.is_keyframe = packet.pts, packet.dts, packet.is_keyframe
    return stamped


def _sound(timeline: Timeline, start_seconds: int, end_seconds: int) -> Iterator[av.AudioFrame]:
    """A soft tone wherever somebody speaks, silence elsewhere; one frame for each second."""
    for second in range(start_seconds, end_seconds):
        samples = np.zeros(_SAMPLE_RATE, np.int16)
        for sentence in timeline.sentences:
            edges = sentence.span.start_seconds, sentence.span.end_seconds
            begin, end = ((edge - second) * _SAMPLE_RATE for edge in edges)
            if begin < _SAMPLE_RATE and end > 0:
                inside = slice(max(0, int(begin)), min(_SAMPLE_RATE, int(end)))
                samples[inside] = _tone()[inside]
        frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts = _SAMPLE_RATE, second * _SAMPLE_RATE
        frame.time_base = Fraction(1, _SAMPLE_RATE)
        yield frame


@cache
def _tone() -> NDArray[np.int16]:
    clock = np.arange(_SAMPLE_RATE) / _SAMPLE_RATE
    wave = np.sin(2 * np.pi * 160 * clock) * (1 + np.sin(2 * np.pi * 4 * clock))
    return np.asarray(600 * wave, np.int16)
