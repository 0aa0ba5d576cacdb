"""Speech: the sound is placed on the video's clock and transcribed in parts, if a model was asked for."""

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from videos import numbered_frames, render

from rewatch.memory.errors import SettingError
from rewatch.memory.ingest import speech
from rewatch.memory.ingest.probe import probe
from rewatch.memory.ingest.settings import IngestSettings
from rewatch.memory.ingest.sound import SAMPLE_RATE, read_sound
from rewatch.memory.ingest.speech import Said, SpeechStage
from rewatch.memory.ingest.stage import StageContext
from rewatch.memory.store import Store
from rewatch.memory.types import Span, TextLine, VideoInfo


class ToneDetector:
    """A transcriber of a language with one word: it hears where there is a tone."""

    heard: int = 0
    """Samples that it was given, by all instances."""

    def __init__(self, model: str) -> None:
        self.model = model

    def transcribe(self, audio: NDArray[np.float32]) -> Sequence[Said]:
        type(self).heard += len(audio)
        block = SAMPLE_RATE // 100
        loud = np.abs(audio[: len(audio) // block * block]).reshape(-1, block).max(axis=1) > 0.05
        edges = np.flatnonzero(np.diff(np.concatenate([[False], loud, [False]]).astype(int)))
        return [(a / 100, b / 100, " beep ", 0.75) for a, b in edges.reshape(-1, 2).tolist()]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "library") as opened:
        yield opened


def context_of(store: Store, video: VideoInfo, model: str, finished: Sequence[str] = ()) -> StageContext:
    store.put_video(video)
    settings = IngestSettings(speech_model=model)
    return StageContext(video, store, settings, frozenset(finished), lambda seconds: None)


def onset(samples: NDArray[np.float32]) -> float:
    return float(np.flatnonzero(np.abs(samples) > 0.05)[0] / SAMPLE_RATE)


@pytest.mark.parametrize(
    ("suffix", "video_start", "sound_start"),
    [
        (".mp4", 0.0, 0.0),
        (".webm", 0.0, 0.0),
        (".mp4", 0.0, 1.0),
        (".mkv", 0.0, 1.0),
        (".ts", 0.0, 1.0),
        (".mp4", 1.0, 0.0),
        (".mkv", 1.0, 2.0),
    ],
)
def test_sound_lies_on_the_videos_clock(
    tmp_path: Path, suffix: str, video_start: float, sound_start: float
) -> None:
    path = render(
        tmp_path / f"a{suffix}",
        numbered_frames(100),
        codec="libvpx-vp9" if suffix == ".webm" else "libx264",
        start_seconds=video_start,
        audio="tone",
        audio_start_seconds=sound_start,
    )
    video = probe(path)
    samples = read_sound(video, video.span)
    assert len(samples) == round(video.duration_seconds * SAMPLE_RATE)
    assert samples.dtype == np.float32
    assert onset(samples) == pytest.approx(max(sound_start - video_start, 0.0), abs=0.03)


def test_a_part_is_the_same_sound_as_in_the_whole(tmp_path: Path) -> None:
    video = probe(render(tmp_path / "a.mp4", numbered_frames(100), audio="tone", audio_start_seconds=1.5))
    part = read_sound(video, Span(1.0, 2.0))
    assert len(part) == SAMPLE_RATE
    assert onset(part) == pytest.approx(0.5, abs=0.03)


def test_parts_are_transcribed_on_the_videos_clock_and_a_killed_run_goes_on(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speech, "PART_SECONDS", 4.0)
    monkeypatch.setattr(speech, "_SEARCH_SECONDS", 1.0)
    path = render(tmp_path / "a.mp4", numbered_frames(120), fps=10, audio="tone", audio_start_seconds=6.0)
    video = probe(path)
    stage = SpeechStage(ToneDetector)
    first, *_ = stage.run(context_of(store, video, "tone"))
    first.write(store)
    assert first.key == "0"
    rest = list(stage.run(context_of(store, video, "tone", finished=[first.key])))
    assert [part.key for part in rest] == ["4", "8"]
    for part in rest:
        part.write(store)
    lines = store.text_lines(video.video_id)
    assert {(line.kind, line.text, line.source, line.confidence) for line in lines} == {
        ("speech", "beep", "tone", 0.75)
    }
    assert lines[0].span.start_seconds == pytest.approx(6.0, abs=0.05)
    assert lines[-1].span.end_seconds == pytest.approx(12.0, abs=0.05)
    assert all(a.span.gap_seconds(b.span) < 0.05 for a, b in itertools.pairwise(lines))


def test_every_sample_is_transcribed_once(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speech, "PART_SECONDS", 3.0)
    monkeypatch.setattr(speech, "_SEARCH_SECONDS", 1.0)
    monkeypatch.setattr(ToneDetector, "heard", 0)
    video = probe(render(tmp_path / "a.mp4", numbered_frames(100), fps=10, audio="tone"))
    assert len(list(SpeechStage(ToneDetector).run(context_of(store, video, "tone")))) == 3
    assert abs(ToneDetector.heard - 10 * SAMPLE_RATE) <= 2


def test_without_a_model_the_outcome_says_how_to_add_one(tmp_path: Path, store: Store) -> None:
    video = probe(render(tmp_path / "a.mp4", numbered_frames(25), audio="silence"))
    context = context_of(store, video, "")
    stage = SpeechStage()
    assert list(stage.run(context)) == []
    outcome = stage.outcome(context)
    assert outcome.status == "unavailable"
    assert "rewatch[speech]" in outcome.note
    assert "--speech-model" in outcome.note


def test_subtitles_stand_for_speech(tmp_path: Path, store: Store) -> None:
    video = probe(render(tmp_path / "a.mp4", numbered_frames(25), audio="silence"))
    context = context_of(store, video, "")
    store.add_text_lines(video.video_id, [TextLine("subtitle", Span(0, 1), "words", "a.srt")])
    assert SpeechStage().outcome(context).status == "absent"


def test_a_silent_film_has_no_speech(tmp_path: Path, store: Store) -> None:
    context = context_of(store, probe(render(tmp_path / "a.mp4", numbered_frames(25))), "small")
    stage = SpeechStage()
    assert list(stage.run(context)) == []
    assert stage.outcome(context).status == "absent"


def test_a_subtitle_file_added_later_does_not_repeat_transcribing(tmp_path: Path, store: Store) -> None:
    video = probe(render(tmp_path / "a.mp4", numbered_frames(25), audio="silence"))
    stage, with_model, without = SpeechStage(), IngestSettings(speech_model="small"), IngestSettings()
    before = stage.parameters(video, with_model, store), stage.parameters(video, without, store)
    (tmp_path / "a.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nHi\n")
    assert stage.parameters(video, with_model, store) == before[0]
    assert stage.parameters(video, without, store) != before[1]


def test_asking_for_a_model_without_faster_whisper_says_what_to_install(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "faster_whisper", None)
    video = probe(render(tmp_path / "a.mp4", numbered_frames(25), audio="silence"))
    with pytest.raises(SettingError, match=r"pip install 'rewatch\[speech\]'"):
        list(SpeechStage().run(context_of(store, video, "small")))
