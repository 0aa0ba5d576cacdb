"""What ingest may be told. One frozen object, passed explicitly; every field is part of a stage's parameters."""

from dataclasses import dataclass
from typing import Literal

from rewatch.memory.errors import SettingError

DecoderName = Literal["pyav", "decord"]


@dataclass(frozen=True, slots=True)
class IngestSettings:
    """Settings of the question-free pass over a video."""

    decoder: DecoderName = "pyav"
    """Which decoder reads frames; decord refuses AV1 and MPEG-TS, which it reads wrongly."""
    fast: bool = False
    """Look at keyframes only: a first outline in a sixteenth of the time, with coarser cuts and screen text."""
    step_seconds: float = 1.0
    """Distance between the frames of the dense pass."""
    read_screen: bool = True
    """Whether on-screen text is read (OCR)."""
    speech_model: str = ""
    """Name or folder of a faster-whisper model; "" leaves speech unread."""
    encoder: str = ""
    """Which visual encoder embeds frames, such as "open_clip:ViT-B-32/laion2b_s34b_b79k"; "" embeds none."""
    visual_spacing_seconds: float = 2.0
    """Between keyframes further apart than this, frames are embedded at about this distance."""
    processes: int = 0
    """Worker processes for decoding and reading; 0 takes one for each core."""

    def __post_init__(self) -> None:
        if self.decoder not in ("pyav", "decord"):
            raise SettingError(f"decoder {self.decoder!r} is unknown; choose pyav or decord")
        if not 0.1 <= self.step_seconds <= 60:
            raise SettingError(f"step_seconds {self.step_seconds:g} is outside 0.1 to 60")
        if not 0.1 <= self.visual_spacing_seconds <= 3600:
            raise SettingError(
                f"visual_spacing_seconds {self.visual_spacing_seconds:g} is outside 0.1 to 3600"
            )
        if self.processes < 0:
            raise SettingError(f"processes {self.processes} is negative; 0 takes one for each core")
