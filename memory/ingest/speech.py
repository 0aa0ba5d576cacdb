"""Stage "speech": what is said, by a speech recognition model that the user has chosen.

Owns cutting the sound into parts at quiet moments, so that a killed run resumes, and the wrapper around
faster-whisper (the extra `rewatch[speech]`). Without a model nothing is transcribed and the outcome says how
to change that; where subtitles exist they stand for speech unless a model was asked for.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from rewatch.memory.errors import SettingError
from rewatch.memory.ingest.settings import IngestSettings
from rewatch.memory.ingest.sound import SAMPLE_RATE, read_sound
from rewatch.memory.ingest.stage import Parameters, Part, StageContext, StageOutcome
from rewatch.memory.ingest.subtitles import subtitle_files_hash
from rewatch.memory.types import Span, TextLine, VideoInfo

if TYPE_CHECKING:
    from rewatch.memory.store import Store

PART_SECONDS = 300.0
"""Length of one part: what a kill can lose, and what is held in memory (19 MB)."""

_SEARCH_SECONDS = 5.0
"""A cut between parts is moved by at most this much to the quietest moment."""
_QUIET_SECONDS = 0.2

Said = tuple[float, float, str, float]
"""Start and end in seconds from the first sample, the words, and the model's confidence, 0 to 1."""


class Transcriber(Protocol):
    """A speech recognition model."""

    def transcribe(self, audio: NDArray[np.float32]) -> Sequence[Said]:
        """Transcribe float32 `[n]` mono samples at 16 kHz; phrases by start time."""


class WhisperTranscriber:
    """faster-whisper, loaded from a folder or, by name, through its own download."""

    def __init__(self, model: str) -> None:
        """Load the model.

        Raises:
            SettingError: faster-whisper is not installed, or the model cannot be loaded.
        """
        try:
            from faster_whisper import WhisperModel
        except ImportError:
            raise SettingError(
                f"speech model {model!r} needs faster-whisper; run: pip install 'rewatch[speech]'"
            ) from None
        try:
            self._model = WhisperModel(str(Path(model).expanduser()) if Path(model).is_dir() else model)
        except (RuntimeError, ValueError, OSError) as error:
            reason = " ".join(str(error).split())
            raise SettingError(
                f"speech model {model!r} cannot be loaded ({reason}); "
                "give a folder with a converted model or a name such as small"
            ) from error

    def transcribe(self, audio: NDArray[np.float32]) -> list[Said]:
        segments, _ = self._model.transcribe(audio, vad_filter=True)
        return [
            (segment.start, segment.end, segment.text, float(np.exp(segment.avg_logprob)))
            for segment in segments
        ]


class SpeechStage:
    """Stores the lines of kind "speech"."""

    name = "speech"
    needs: tuple[str, ...] = ()
    """Not "subtitles": a subtitle file added later must not repeat an hour of transcribing."""

    def __init__(self, load: Callable[[str], Transcriber] = WhisperTranscriber) -> None:
        """Take the function that loads a transcriber by the name in the settings."""
        self._load = load

    def parameters(self, video: VideoInfo, settings: IngestSettings, store: "Store") -> Parameters:
        """The model; without one, the subtitles that stand for speech, because the outcome tells of them."""
        if settings.speech_model:
            return {"model": settings.speech_model, "part_seconds": PART_SECONDS}
        return {"model": "", "subtitle_files": subtitle_files_hash(video, store)}

    def clear(self, store: "Store", video_id: str) -> None:
        store.delete_text_lines(video_id, "speech")

    def run(self, context: StageContext) -> Iterator[Part]:
        """Load the model; the parts are transcribed as they are taken."""
        model = context.settings.speech_model
        if not model or not context.video.has_audio:
            return iter(())
        spans = _nominal_parts(context.video.duration_seconds)
        missing = [(start, end) for start, end in spans if _key(start) not in context.finished]
        return _parts(context.video, missing, self._load(model), model) if missing else iter(())

    def outcome(self, context: StageContext) -> StageOutcome:
        video, model = context.video, context.settings.speech_model
        if not video.has_audio:
            return StageOutcome("absent", "the video has no sound")
        if model:
            return StageOutcome("read", f"transcribed by {model}")
        if context.store.text_lines(video.video_id, kinds=["subtitle"]):
            return StageOutcome("absent", "the subtitles were read instead of the sound")
        return StageOutcome(
            "unavailable",
            "the sound was not transcribed; run pip install 'rewatch[speech]' and give --speech-model small",
        )


def _nominal_parts(duration_seconds: float) -> Iterator[tuple[float, float]]:
    """Parts of equal length; the last one takes what is left, at least half a part."""
    count = max(round(duration_seconds / PART_SECONDS), 1)
    for number in range(count):
        end = duration_seconds if number == count - 1 else (number + 1) * PART_SECONDS
        yield number * PART_SECONDS, end


def _key(start_seconds: float) -> str:
    return f"{start_seconds:g}"


def _parts(
    video: VideoInfo, spans: Sequence[tuple[float, float]], transcriber: Transcriber, source: str
) -> Iterator[Part]:
    for start, end in spans:
        lines = _transcribe(video, start, end, transcriber, source)
        yield Part(_key(start), partial(_write, video_id=video.video_id, lines=lines), end)


def _transcribe(
    video: VideoInfo, start: float, end: float, transcriber: Transcriber, source: str
) -> list[TextLine]:
    """Transcribe one part, its borders moved to quiet moments that both neighbours find alike."""
    margin = Span(max(start - _SEARCH_SECONDS, 0.0), min(end + _SEARCH_SECONDS, video.duration_seconds))
    audio = read_sound(video, margin)
    first = 0 if start == 0 else _quietest(audio, start - margin.start_seconds)
    last = len(audio) if end >= video.duration_seconds else _quietest(audio, end - margin.start_seconds)
    offset = margin.start_seconds + first / SAMPLE_RATE
    limit = min(margin.start_seconds + last / SAMPLE_RATE, video.duration_seconds)
    lines = []
    for begin, finish, text, confidence in transcriber.transcribe(audio[first:last]):
        words = " ".join(text.split())
        from_seconds = min(max(offset + begin, offset), limit)
        span = Span(from_seconds, max(from_seconds, min(offset + finish, limit)))
        if words and span.duration_seconds > 0:
            lines.append(TextLine("speech", span, words, source, confidence=min(max(confidence, 0.0), 1.0)))
    return lines


def _quietest(audio: NDArray[np.float32], around_seconds: float) -> int:
    """The sample in the middle of the quietest fifth of a second within reach."""
    begin = round((around_seconds - _SEARCH_SECONDS) * SAMPLE_RATE)
    reach = audio[max(begin, 0) : round((around_seconds + _SEARCH_SECONDS) * SAMPLE_RATE)]
    window = int(_QUIET_SECONDS * SAMPLE_RATE)
    blocks = reach[: len(reach) // window * window].reshape(-1, window)
    if not len(blocks):
        return round(around_seconds * SAMPLE_RATE)
    # Rounded, so that neighbours, who decode from different places, choose the same moment.
    loudness = np.round(np.sqrt(np.mean(np.square(blocks), axis=1)), 3)
    return max(begin, 0) + int(loudness.argmin()) * window + window // 2


def _write(store: "Store", video_id: str, lines: Sequence[TextLine]) -> None:
    store.add_text_lines(video_id, lines)
