"""Tiny real videos whose truth is known by construction: each frame carries its own number.

Owns drawing and encoding with PyAV's own FFmpeg (no system package). Frames are given as they are to be
displayed; rotation and pixel aspect are undone before encoding, so that a right reader gives back what was
drawn.
"""

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import av
import av.video.frame
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Cue = tuple[float, float, str]
"""Start seconds, end seconds, text; on the container's clock, as subtitles are."""

_TICK = Fraction(1, 90_000)
_BITS = 12


def numbered(
    index: int,
    *,
    width: int = 192,
    height: int = 96,
    colour: tuple[int, int, int] = (90, 110, 130),
) -> Image:
    """Draw a frame that holds its number: 12 black or white bars in the lower half, `colour` in the upper."""
    image = np.empty((height, width, 3), np.uint8)
    image[:] = colour
    for bit, columns in enumerate(np.array_split(np.arange(width), _BITS)):
        image[height // 2 :, columns] = 235 if index >> bit & 1 else 20
    return image


def frame_number(image: Image) -> int:
    """Read the number that `numbered` has drawn; works on any scale of the frame."""
    height, width = image.shape[:2]
    grey = image[height * 5 // 8 : height * 7 // 8].mean(axis=(0, 2))
    bars = np.array_split(np.arange(width), _BITS)
    return sum(1 << bit for bit, columns in enumerate(bars) if grey[columns[2:-2]].mean() > 128)


def numbered_frames(count: int, **how: Any) -> Iterator[Image]:
    """Frames 0 to count - 1, drawn by `numbered`."""
    return (numbered(index, **how) for index in range(count))


def render(
    path: Path,
    frames: Iterable[Image],
    *,
    fps: Fraction | int = 25,
    times: Sequence[float | Fraction] | None = None,
    start_seconds: float | Fraction = 0,
    codec: str = "libx264",
    gop: int = 25,
    bframes: int = 2,
    rotation: Literal[0, 90, 180, 270] = 0,
    pixel_aspect: Fraction | int = 1,
    audio: Literal["silence", "tone"] | None = None,
    audio_start_seconds: float = 0.0,
    subtitles: Sequence[tuple[str, Sequence[Cue]]] = (),
    options: dict[str, str] | None = None,
) -> Path:
    """Encode a video; the suffix of the path chooses the container.

    Args:
        path: Where to write; .mp4, .mov, .mkv, .webm, .ts and .avi are known to work.
        frames: RGB images as displayed, all of one size.
        fps: Frame rate where `times` is not given.
        times: Variable frame rate: when each frame is first shown, and at the end when the last one stops.
            One more entry than there are frames; the first is 0.
        start_seconds: Presentation time of the first frame in the container.
        codec: libx264, libx265, libvpx-vp9, libsvtav1, mpeg4.
        gop: Frames from keyframe to keyframe.
        bframes: B-frames in a row, where the codec has them.
        rotation: Clockwise degrees by which a player must turn the stored picture.
        pixel_aspect: Width of a stored pixel over its height; the stored picture is squeezed by it.
        audio: A sound track of the same length, or None.
        audio_start_seconds: Presentation time of the first sound in the container.
        subtitles: Text tracks inside the file: language ("" for none) and cues.
        options: More of the encoder's own options.

    Returns:
        The path.
    """
    with av.open(str(path), "w") as container:
        video: Any = None
        texts = [_add_text_track(container, path.suffix, language) for language, _ in subtitles]
        sound: Any = (
            container.add_stream("libopus" if path.suffix == ".webm" else "aac", 48_000) if audio else None
        )
        start, end = Fraction(start_seconds), Fraction(0)
        durations: dict[int, int] = {}
        for index, image in enumerate(frames):
            stored = _stored(image, rotation, Fraction(pixel_aspect))
            if video is None:
                video = _add_video(
                    container, stored, codec, fps, gop, bframes, rotation, pixel_aspect, options
                )
            begin, end = _shown(index, fps, times)
            frame = _yuv(stored)
            frame.time_base = _TICK
            frame.pts = round((begin + start) / _TICK)
            durations[frame.pts] = round((end + start) / _TICK) - frame.pts
            _mux(container, video.encode(frame), durations)
        if video is not None:
            _mux(container, video.encode(), durations)
        if sound is not None:
            _write_sound(container, sound, float(end), audio_start_seconds, tone=audio == "tone")
        for track, (_, cues) in zip(texts, subtitles, strict=True):
            _write_cues(container, track, path.suffix, cues)
    return path


def cut_without_encoding(source: Path, target: Path, start_seconds: float) -> Path:
    """Cut as `ffmpeg -ss START -c copy` does: whole GOPs are copied, an edit list hides what came before."""
    with av.open(str(source)) as whole, av.open(str(target), "w") as part:
        stream = whole.streams.video[0]
        copy = part.add_stream_from_template(stream)
        assert stream.time_base is not None
        shift = round(start_seconds / stream.time_base)
        whole.seek(shift, stream=stream)
        for packet in whole.demux(stream):
            if packet.pts is None or packet.dts is None:
                continue
            packet.pts -= shift
            packet.dts -= shift
            packet.stream = copy
            part.mux(packet)
    return target


def _mux(container: Any, packets: Sequence[Any], durations: dict[int, int]) -> None:
    for packet in packets:
        if packet.time_base == _TICK:
            packet.duration = durations.get(packet.pts, packet.duration)
        container.mux(packet)


def _shown(
    index: int, fps: Fraction | int, times: Sequence[float | Fraction] | None
) -> tuple[Fraction, Fraction]:
    if times is None:
        return index / Fraction(fps), (index + 1) / Fraction(fps)
    return Fraction(times[index]), Fraction(times[index + 1])


def _stored(image: Image, rotation: int, pixel_aspect: Fraction) -> Image:
    turned = np.rot90(image, rotation // 90)
    if pixel_aspect == 1:
        return np.ascontiguousarray(turned)
    width = round(turned.shape[1] / pixel_aspect / 2) * 2
    columns = ((np.arange(width) + 0.5) * turned.shape[1] / width).astype(int)
    return np.ascontiguousarray(turned[:, columns])


def _yuv(image: Image) -> av.video.frame.VideoFrame:
    return av.video.frame.VideoFrame.from_ndarray(image, format="rgb24").reformat(format="yuv420p")


_QUICK = {
    "libx264": {"preset": "ultrafast", "crf": "20", "sc_threshold": "0", "b-pyramid": "none", "weightp": "0"},
    "libx265": {"preset": "ultrafast", "crf": "20"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8", "crf": "30", "b": "0", "lag-in-frames": "0"},
    "libsvtav1": {"preset": "8", "crf": "30"},
}


def _add_video(
    container: Any,
    image: Image,
    codec: str,
    fps: Fraction | int,
    gop: int,
    bframes: int,
    rotation: int,
    pixel_aspect: Fraction | int,
    options: dict[str, str] | None,
) -> Any:
    own = dict(_QUICK.get(codec, {}))
    if codec == "libx265":
        own["x265-params"] = (
            f"log-level=none:keyint={gop}:min-keyint={gop}:bframes={bframes}:scenecut=0:open-gop=0"
        )
    if codec == "libsvtav1":
        own["svtav1-params"] = f"keyint={gop}:lp=1"
    stream = container.add_stream(codec, Fraction(fps), options={**own, **(options or {})})
    stream.height, stream.width = image.shape[:2]
    stream.pix_fmt = "yuv420p"
    context = stream.codec_context
    context.time_base = Fraction(1, round(fps)) if codec == "mpeg4" else _TICK
    context.gop_size = gop
    if codec in ("libx264", "libx265", "mpeg4"):
        context.max_b_frames = bframes
    context.sample_aspect_ratio = Fraction(pixel_aspect)
    if rotation:
        stream.set_display_rotation(-rotation)  # PyAV counts counter-clockwise
    return stream


def _write_sound(container: Any, stream: Any, seconds: float, start_seconds: float, *, tone: bool) -> None:
    rate, block = 48_000, 960
    for first in range(0, int(seconds * rate), block):
        phase = np.arange(first, first + block) * (2 * np.pi * 440 / rate)
        wave = 0.2 * np.sin(phase) if tone else np.zeros(block)
        frame = av.AudioFrame.from_ndarray(wave.astype(np.float32)[None], format="flt", layout="mono")
        frame.sample_rate = rate
        frame.time_base = Fraction(1, rate)
        frame.pts = first + round(start_seconds * rate)
        container.mux(stream.encode(frame))
    container.mux(stream.encode())


def _add_text_track(container: Any, suffix: str, language: str) -> Any:
    codec = {".mp4": "mov_text", ".mov": "mov_text", ".webm": "webvtt"}.get(suffix, "subrip")
    stream = container.add_mux_stream(codec)
    stream.time_base = Fraction(1, 1000)
    if language:
        stream.metadata["language"] = language
    return stream


def _write_cues(container: Any, stream: Any, suffix: str, cues: Sequence[Cue]) -> None:
    for start, end, text in cues:
        words = text.encode()
        if suffix in (".mp4", ".mov"):
            words = len(words).to_bytes(2, "big") + words
        packet = av.Packet(words)
        packet.stream = stream
        packet.time_base = Fraction(1, 1000)
        packet.pts = packet.dts = round(start * 1000)
        packet.duration = round((end - start) * 1000)
        container.mux(packet)
