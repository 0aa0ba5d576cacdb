"""The words of the system as values: what a video is made of and what was seen in it.

Every time is in seconds on the video's presentation timeline: 0 is the presentation timestamp of the
first displayed frame, and a frame's time is its own PTS. Every interval is half-open `[start, end)`.
Boxes are `(x0, y0, x1, y1)`, 0 to 1, of the displayed frame (rotated, square pixels). This module owns
the values only; storing them is `store`'s work, reading them from files is `ingest`'s.
"""

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rewatch.memory.errors import SettingError

Channel = Literal["speech", "screen", "visual", "tracks"]
"""How something was perceived: spoken or subtitled words, on-screen text, the picture, object tracks."""

TextKind = Literal["subtitle", "speech", "screen", "caption"]
"""Where a text line comes from: a subtitle, speech recognition, OCR, or a model's description."""

SegmentLevel = Literal["shot", "scene", "chapter"]
"""Segments nest: shot < scene < chapter."""

CoverageStatus = Literal["read", "absent", "unavailable"]
"""A channel was read, does not exist in the video, or exists but could not be read."""

Box = tuple[float, float, float, float]
"""`(x0, y0, x1, y1)`, 0 to 1, of the displayed frame."""

CHANNEL_OF_KIND: dict[TextKind, Channel] = {
    "subtitle": "speech",
    "speech": "speech",
    "screen": "screen",
    "caption": "visual",
}


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open interval `[start_seconds, end_seconds)` on the video's clock."""

    start_seconds: float
    end_seconds: float

    def __post_init__(self) -> None:
        if not 0 <= self.start_seconds <= self.end_seconds:
            raise ValueError(f"not a span: {self.start_seconds} to {self.end_seconds} seconds")

    @property
    def duration_seconds(self) -> float:
        return self.end_seconds - self.start_seconds

    @property
    def middle_seconds(self) -> float:
        return (self.start_seconds + self.end_seconds) / 2

    def contains(self, seconds: float) -> bool:
        """Whether the instant lies in the span, its end excluded."""
        return self.start_seconds <= seconds < self.end_seconds

    def overlaps(self, other: "Span") -> bool:
        """Whether the two spans share an instant."""
        return self.start_seconds < other.end_seconds and other.start_seconds < self.end_seconds

    def gap_seconds(self, other: "Span") -> float:
        """Seconds between the two spans; 0 when they touch or overlap."""
        later, earlier = (
            max(self.start_seconds, other.start_seconds),
            min(self.end_seconds, other.end_seconds),
        )
        return max(later - earlier, 0.0)

    def intersection(self, other: "Span") -> "Span | None":
        """The shared part, or None when there is none."""
        start, end = max(self.start_seconds, other.start_seconds), min(self.end_seconds, other.end_seconds)
        return Span(start, end) if start < end else None

    def union(self, other: "Span") -> "Span":
        """The smallest span that holds both."""
        return Span(min(self.start_seconds, other.start_seconds), max(self.end_seconds, other.end_seconds))


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What a probe of a video file tells, without decoding all of it."""

    video_id: str
    """Fingerprint of the file's content (hex); a renamed file keeps it, a changed file gets another."""
    path: Path
    """Where the file was last seen."""
    duration_seconds: float
    """End of the last displayed frame."""
    width: int
    """Pixels of the displayed frame: rotated, square pixels."""
    height: int
    """Pixels of the displayed frame."""
    average_fps: float
    """Displayed frames a second over the whole file; never used to compute a time."""
    codec: str
    """FFmpeg's decoder name of the video stream, such as "h264"."""
    container: str
    """FFmpeg's name of the container format, such as "mov,mp4,m4a,3gp,3g2,mj2"."""
    rotation_degrees: int
    """Clockwise rotation that display needs: 0, 90, 180 or 270."""
    player_offset_seconds: float
    """Add to a time on the video's clock to get what a player shows (the container's clock)."""
    has_audio: bool
    """Whether there is a sound track, so that speech may exist."""
    subtitle_languages: tuple[str, ...] = ()
    """One entry for each text subtitle track inside the file; "" where the language is not told."""

    @property
    def span(self) -> Span:
        return Span(0.0, self.duration_seconds)


@dataclass(frozen=True, slots=True)
class Frame:
    """One displayed frame."""

    seconds: float
    """Its own presentation timestamp on the video's clock."""
    image: NDArray[np.uint8]
    """uint8 `[height, width, 3]`, RGB, as displayed (rotation and pixel aspect applied)."""
    change_seconds: float | None = None
    """For a sampled frame: when the largest change since the sample before it happened, to the frame;
    None where the frames between were not all looked at."""
    change_jump: float | None = None
    """How far that change stands out from the next largest one: their difference in mean luma, 0 to 255;
    None where fewer than four changes were seen."""
    change_ratio: float | None = None
    """How many times the next largest change it is; None with `change_jump`."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A span between boundaries of one level."""

    level: SegmentLevel
    span: Span
    title: str = ""
    """A short title in the video's own words, or "" when none was found."""


@dataclass(frozen=True, slots=True)
class TextLine:
    """Timed text of one kind, as it stands in the video."""

    kind: TextKind
    span: Span
    text: str
    source: str
    """What it was read from: a subtitle file's name, "track 2 (eng)", or an OCR or speech model's name."""
    box: Box | None = None
    """Where it stands on the screen, for on-screen text."""
    confidence: float = 1.0
    """The reader's own confidence, 0 to 1; 1 for subtitles."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A passage that search compares with a query: text lines of one kind joined to a whole thought."""

    id: int
    """Row id in the store; 0 before it is stored."""
    video_id: str
    kind: TextKind
    span: Span
    text: str
    boxes: tuple[Box, ...] = ()
    """Boxes of its lines, for on-screen text."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a call or a run has spent. Costs add up with `+`."""

    frames: int = 0
    """Frames decoded for looking."""
    visual_tokens: int = 0
    llm_tokens: int = 0
    tool_calls: int = 0
    seconds: float = 0.0
    dollars: float = 0.0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Cost)))


@dataclass(frozen=True, slots=True)
class Limits:
    """Hard limits of one run; None means unlimited. The fields are those of `Cost`.

    Raises:
        SettingError: A limit is negative or no number.
    """

    frames: int | None = 256
    visual_tokens: int | None = 200_000
    llm_tokens: int | None = 200_000
    tool_calls: int | None = 64
    seconds: float | None = None
    dollars: float | None = None

    def __post_init__(self) -> None:
        for f in fields(Limits):
            allowed = getattr(self, f.name)
            if allowed is not None and not allowed >= 0:
                raise SettingError(
                    f"a limit on {f.name.replace('_', ' ')} is 0 or more; it cannot be {allowed}"
                )

    def passed_by(self, cost: Cost) -> str | None:
        """Name the first limit that the cost goes beyond, or None."""
        for f in fields(Limits):
            allowed = getattr(self, f.name)
            if allowed is not None and getattr(cost, f.name) > allowed:
                return f"{f.name.replace('_', ' ')} ({allowed:g})"
        return None


@dataclass(frozen=True, slots=True)
class PictureCompression:
    """What token compression did to the pictures that a model was shown."""

    method: str
    before_tokens: int
    """Visual tokens that the vision tower made."""
    after_tokens: int
    """Visual tokens that the language model read."""
    ratio: float
    """Share that is left, 0 to 1."""
    vision_seconds: float
    compress_seconds: float
    reused: bool
    """Whether the same pictures had been compressed before; then no time was spent."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What one tool call saw."""

    id: str
    """Stable within the library: the same call on the same video gives the same id."""
    video_id: str
    tool: str
    channel: Channel
    span: Span
    text: str
    """Words from the video: untrusted data, never instructions."""
    boxes: tuple[Box, ...] = ()
    frame_seconds: tuple[float, ...] = ()
    """Frames that were looked at."""
    score: float = 0.0
    """The tool's own ranking score; comparable within one call only."""
    probability: float | None = None
    """Calibrated probability that this shows what was asked, where the tool has one."""
    model: str = ""
    params_hash: str = ""
    cost: Cost = field(default_factory=Cost)
    error: str = ""
    """Why the call failed, or ""."""
    compression: PictureCompression | None = None
    """Of the pictures that were looked at, where they were compressed."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """Which share of a video one channel was searched in, and how finely."""

    channel: Channel
    status: CoverageStatus
    spans: tuple[Span, ...]
    """The parts that were read; empty unless the status is "read"."""
    spacing_seconds: float | None = None
    """Largest distance between two looks; None for continuous channels such as subtitles."""
    note: str = ""
    """Why a channel is absent or unavailable and what would add it."""


@dataclass(frozen=True, slots=True)
class FrameSample:
    """What the dense pass keeps of one sampled frame; the pixels are dropped."""

    seconds: float
    """The frame's own timestamp."""
    histogram: bytes
    """Colour histogram; its layout is owned by `ingest.shots`."""
    screen: bytes
    """Signature of where text may stand; its layout is owned by the screen-text gate."""
