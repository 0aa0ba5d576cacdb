"""The picture of a talk as encoded packets, shot by shot.

Owns composing frames and encoding them with x264 through PyAV. Within a shot the person's movement repeats, so a
shot is encoded for two rounds of it, about ten seconds, and those packets, which begin with a keyframe, are taken
again until the shot ends. Writing them to a file is `render`'s work.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache, lru_cache

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rewatch.evals.talks.presenter import INSET, NUM_POSES, inset_poses, speaker_poses
from rewatch.evals.talks.slides import HEIGHT, WIDTH, draw_slide
from rewatch.evals.talks.timeline import FRAMES_PER_SECOND, Shot, Timeline

ENCODER = {
    "preset": "ultrafast",
    "crf": "26",
    "g": "250",
    "threads": "1",
    "x264-params": "cabac=1:deblock=1:bframes=2:b-adapt=0:scenecut=40",
}
"""x264's quickest search with what files in the wild have: B-frames, CABAC, deblocking, a keyframe at each
cut and at the latest every ten seconds."""
_DELAY = 2
"""Frames by which decoding runs ahead of display; the encoder leaves it out where there is no B-frame, and every part
must have the same for the parts to join."""
_FRAMES_PER_POSE = 2
_ROUND = 2 * NUM_POSES * _FRAMES_PER_POSE
"""Frames after which the picture of a shot repeats; below the encoder's longest distance between keyframes."""

Planes = NDArray[np.uint8]
"""uint8 `[540, 640]`: the Y plane of a 640x360 frame in yuv420p, then U and V packed below it."""


@dataclass(frozen=True, slots=True)
class VideoPacket:
    """An encoded frame; its times count frames."""

    pts: int
    dts: int
    is_keyframe: bool
    data: bytes


def encode_shot(timeline: Timeline, shot: Shot) -> list[VideoPacket]:
    """Encode a shot, beginning with a keyframe.

    Returns:
        Its packets in the order of decoding, timed on the talk's clock.
    """
    pictures = _pictures(timeline)
    rounds, rest = divmod(shot.last - shot.first, _ROUND)
    whole = encode_frames(pictures.frame(shot, number) for number in range(_ROUND)) if rounds else []
    last = encode_frames(pictures.frame(shot, number) for number in range(rest)) if rest else []
    parts = [*[whole] * rounds, last]
    return [
        replace(packet, pts=packet.pts + start, dts=packet.dts + start)
        for start, part in zip(range(shot.first, shot.last + _ROUND, _ROUND), parts, strict=False)
        for packet in part
    ]


def encode_frames(
    frames: Iterable[Planes],
    width: int = WIDTH,
    height: int = HEIGHT,
    frames_per_second: int = FRAMES_PER_SECOND,
) -> list[VideoPacket]:
    """Encode frames that begin with a keyframe and need nothing before them; parts of one size and rate join.

    Args:
        frames: uint8 `[height * 3 / 2, width]` each, yuv420p.
        width: Pixels, even.
        height: Pixels, even.
        frames_per_second: Their rate.

    Returns:
        Packets in the order of decoding; the first frame is number 0.
    """
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, frames_per_second), Fraction(frames_per_second)
    encoder.options = ENCODER
    packets: list[av.Packet] = []
    for number, planes in enumerate(frames):
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts, frame.time_base = number, encoder.time_base
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    shift = -_DELAY - packets[0].dts
    return [
        VideoPacket(packet.pts, packet.dts + shift, packet.is_keyframe, bytes(packet)) for packet in packets
    ]


@lru_cache(maxsize=1)
def _pictures(timeline: Timeline) -> "_Pictures":
    """One process draws each picture once, however many shots it encodes."""
    return _Pictures(timeline)


class _Pictures:
    """Composes the frames of a talk; what repeats is drawn once."""

    def __init__(self, timeline: Timeline) -> None:
        self.talk, self.num_frames = timeline.talk, timeline.num_frames
        self.small = cache(lambda: [as_planes(pose) for pose in inset_poses(self.talk)])
        self.large = cache(lambda: [as_planes(pose) for pose in speaker_poses(self.talk)])
        self.slide = cache(lambda index, revealed: as_planes(draw_slide(self.talk, index, revealed)))

    def frame(self, shot: Shot, number: int) -> Planes:
        """The frame of that number within the shot."""
        pose = number // _FRAMES_PER_POSE % NUM_POSES
        if shot.view == "speaker":
            return self.large()[pose]
        planes = self.slide(shot.slide_index, shot.revealed)
        layout = self.talk.slides[shot.slide_index].layout
        if self.talk.presenter == "inset" and layout not in ("section", "break"):
            _paste(planes, self.small()[pose])
        else:
            planes[HEIGHT - 4 :, : shot.first * WIDTH // self.num_frames] = 150
        return planes


def as_planes(image: Image.Image) -> Planes:
    """An RGB picture of even sides as yuv420p."""
    frame = av.VideoFrame.from_ndarray(np.asarray(image), format="rgb24")
    return np.ascontiguousarray(frame.reformat(format="yuv420p").to_ndarray())


def _paste(planes: Planes, patch: Planes) -> None:
    """Put the small figure into a frame, plane by plane."""
    left, top, right, bottom = INSET
    width, height = right - left, bottom - top
    planes[top:bottom, left:right] = patch[:height]
    for big, small in zip(_chroma(planes, WIDTH, HEIGHT), _chroma(patch, width, height), strict=True):
        big[top // 2 : bottom // 2, left // 2 : right // 2] = small


def _chroma(planes: Planes, width: int, height: int) -> list[Planes]:
    flat = planes[height:].reshape(2, height // 2, width // 2)
    return [flat[0], flat[1]]
