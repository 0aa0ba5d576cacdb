"""Stage "screen": on-screen text, read where the picture changed and may hold text.

Owns how the reading is cut into parts that survive a kill, and what is said of it. The reading of a part is
`screen_reading`'s work; it is imported when it starts, so that nothing else pays for it.
"""

from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING

from rewatch.memory.errors import ToolError
from rewatch.memory.ingest.decode import open_reader
from rewatch.memory.ingest.probe import missing_end
from rewatch.memory.ingest.settings import IngestSettings
from rewatch.memory.ingest.stage import Parameters, Part, StageContext, StageOutcome
from rewatch.memory.types import TextKind, TextLine, VideoInfo

if TYPE_CHECKING:
    from rewatch.memory.ingest.screen_reading import ReadingCounts
    from rewatch.memory.ingest.screen_samples import SampledScreen
    from rewatch.memory.store import Store

_PART_SECONDS = 600.0
_VERSION = 1
"""Raised when the way of reading changes, so that older lines are read again."""
_KINDS: tuple[TextKind, ...] = ("screen",)
_SWITCHED_OFF = "reading on-screen text was switched off; index again without that option to add it"


class ScreenStage:
    """Stores the lines of kind "screen"."""

    name = "screen"
    needs: tuple[str, ...] = ("scan",)

    def __init__(self) -> None:
        self._counts: ReadingCounts | None = None
        self._broken = ""

    def parameters(self, video: VideoInfo, settings: IngestSettings, store: "Store") -> Parameters:
        # Whether the models are there: a result without them is made again once they are.
        found = find_spec("rapidocr_onnxruntime") is not None
        return {"read": settings.read_screen, "reading": _VERSION, "models": found}

    def clear(self, store: "Store", video_id: str) -> None:
        store.delete_text_lines(video_id, "screen")

    def run(self, context: StageContext) -> Iterator[Part]:
        """Yield a part for every ten minutes; each holds the lines that were first read there."""
        self._counts, self._broken = None, ""
        if not context.settings.read_screen:
            return
        from rewatch.memory.ingest.ocr import ScreenReader
        from rewatch.memory.ingest.screen_reading import ReadingCounts, ScreenReading
        from rewatch.memory.ingest.screen_samples import SampledScreen
        from rewatch.memory.ingest.stored_samples import StoredSamples

        video = context.video
        screen = SampledScreen(StoredSamples(context.store, video.video_id), video.duration_seconds)
        parts = _parts(screen)
        missing = [part for part in parts if part[0] not in context.finished]
        if not missing:
            return
        counts = ReadingCounts(since_seconds=screen.seconds[missing[0][1]] if context.finished else 0.0)
        try:
            ocr = ScreenReader(context.settings.processes)
        except ToolError as error:
            self._broken = str(error)
            return
        self._counts = counts
        try:
            with open_reader(video, context.settings.decoder) as reader:
                for key, first, last in missing:
                    lines = ScreenReading(context, screen, reader, ocr, counts).lines(first, last)
                    yield _part(video.video_id, key, lines, screen.begin_seconds(last + 1))
        finally:
            ocr.close()

    def outcome(self, context: StageContext) -> StageOutcome:
        """Say what was read, and where the pictures end too early."""
        outcome, missing = self._read(context), missing_end(context.video)
        return replace(outcome, note=f"{outcome.note}; {missing}") if missing else outcome

    def _read(self, context: StageContext) -> StageOutcome:
        if not context.settings.read_screen:
            return StageOutcome("unavailable", _SWITCHED_OFF)
        if self._broken:
            return StageOutcome("unavailable", self._broken)
        if not context.store.text_lines(context.video.video_id, kinds=_KINDS):
            return StageOutcome("absent", f"no text was found on the screen ({self._how(context)})")
        return StageOutcome("read", self._how(context))

    def _how(self, context: StageContext) -> str:
        settings, counts = context.settings, self._counts
        notes = [
            "keyframes watched" if settings.fast else f"a frame every {settings.step_seconds:g} s watched"
        ]
        return ", ".join(notes + (counts.notes() if counts else []))


def _parts(screen: "SampledScreen") -> list[tuple[str, int, int]]:
    """Stretches of ten minutes: key, first and last sample."""
    parts: list[tuple[str, int, int]] = []
    for index, seconds in enumerate(screen.seconds):
        key = str(int(seconds // _PART_SECONDS))
        if parts and parts[-1][0] == key:
            parts[-1] = (key, parts[-1][1], index)
        else:
            parts.append((key, index, index))
    return parts


def _part(video_id: str, key: str, lines: list[TextLine], done_seconds: float) -> Part:
    return Part(key, lambda store: store.add_text_lines(video_id, lines), done_seconds)
