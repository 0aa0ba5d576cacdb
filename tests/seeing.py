"""A model with eyes for one thing, by construction: it tells whether the upper half of a frame is red."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from videos import numbered, render

from rewatch.memory.library import Library
from rewatch.memory.types import Frame, Limits, VideoInfo
from rewatch.tools.context import ToolContext
from rewatch.tools.meter import Meter
from rewatch.tools.models import Models
from rewatch.tools.vision import Vlm
from rewatch.tools.vision.scripted import ScriptedVlm

FPS = 10
SECONDS = 12
RED = ((3.0, 5.0), (8.0, 9.0))
"""When the upper half is red, half-open."""


def red_video(path: Path) -> Path:
    """Twelve seconds, each frame numbered, red in `RED`."""

    def colour(index: int) -> tuple[int, int, int]:
        return (200, 30, 30) if any(a <= index / FPS < b for a, b in RED) else (90, 110, 130)

    frames = (numbered(index, width=320, height=192, colour=colour(index)) for index in range(FPS * SECONDS))
    return render(path, frames, fps=FPS)


def is_red(frame: Frame) -> bool:
    height = frame.image.shape[0]
    red, green, _ = frame.image[: height // 3].reshape(-1, 3).mean(axis=0)
    return bool(red - green > 80)


def see_red(frames: Sequence[Frame], prompt: str) -> Mapping[str, Any]:
    """The script of a model that looks for red, and that describes it."""
    found = [number for number, frame in enumerate(frames, start=1) if is_red(frame)]
    told = {"shown": bool(found), "answer": f"{len(found)} red", "frames": found}
    return {
        **told,
        "caption": f"A {'crimson' if found else 'slate'} wall",
        "probability": 0.9 if found else 0.1,
    }


class CountingVlm(ScriptedVlm):
    """Looks for red, and remembers what it was shown."""

    def __init__(self) -> None:
        super().__init__(self._see, name="red-seer")
        self.shown: list[list[Frame]] = []
        self.prompts: list[str] = []

    def _see(self, frames: Sequence[Frame], prompt: str) -> Mapping[str, Any]:
        self.shown.append(list(frames))
        self.prompts.append(prompt)
        return see_red(frames, prompt)


def context_with(library: Library, video: VideoInfo, vlm: Vlm, limits: Limits | None = None) -> ToolContext:
    """A tool's context with a model."""
    return ToolContext(library, (video,), meter=Meter(limits or Limits()), models=Models(vlm=lambda: vlm))
