"""The pass over a video survives a kill: what is resumed equals one pass."""

from pathlib import Path

import pytest
from videos import numbered_frames, render

from rewatch.memory.ingest import frames_stage
from rewatch.memory.ingest.frames_stage import ScanStage
from rewatch.memory.ingest.pipeline import Pipeline
from rewatch.memory.ingest.probe import probe
from rewatch.memory.ingest.settings import IngestSettings
from rewatch.memory.ingest.stage import Part
from rewatch.memory.store import Store
from rewatch.memory.types import FrameSample


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """12.5 s at 10 frames a second."""
    return render(tmp_path_factory.mktemp("video") / "numbers.mp4", numbered_frames(125), fps=10, gop=20)


def samples(video: Path, folder: Path, **settings: float | bool) -> list[FrameSample]:
    info = probe(video)
    with Store.open(folder) as store:
        store.put_video(info)
        chosen = IngestSettings(processes=1, **settings)  # type: ignore[arg-type]
        Pipeline(store, (ScanStage(),)).run(info, chosen, lambda *_: None)
        return store.samples(info.video_id)


def test_every_step_has_its_sample(video: Path, tmp_path: Path) -> None:
    assert [row.seconds for row in samples(video, tmp_path, step_seconds=2.5)] == [0.0, 2.5, 5.0, 7.5, 10.0]


def test_a_fast_pass_samples_keyframes(video: Path, tmp_path: Path) -> None:
    assert [row.seconds for row in samples(video, tmp_path, fast=True)] == [
        0.0,
        2.0,
        4.0,
        6.0,
        8.0,
        10.0,
        12.0,
    ]


def test_a_killed_pass_resumes_to_the_same_samples(
    video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = samples(video, tmp_path / "whole")
    monkeypatch.setattr(frames_stage, "_PART_SECONDS", 4.0)
    make, made = frames_stage._part, []

    def killed_after_one(*arguments: object) -> Part:
        if made:
            raise KeyboardInterrupt
        made.append(arguments)
        return make(*arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(frames_stage, "_part", killed_after_one)
        with pytest.raises(KeyboardInterrupt):
            samples(video, tmp_path / "killed")
    resumed = samples(video, tmp_path / "killed")
    assert [(row.seconds, row.screen) for row in resumed][:4] == [(row.seconds, row.screen) for row in whole][
        :4
    ]
    assert [row.seconds for row in resumed] == [row.seconds for row in whole] == [float(k) for k in range(13)]
