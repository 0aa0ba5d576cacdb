"""Stages run once, in order, and again only when what they depend on has changed."""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from small_stages import FrameStage, TextStage, ignore, rows_of, video_at

from rewatch.memory.errors import StorageError, ToolError, VideoError
from rewatch.memory.ingest.pipeline import Pipeline, params_hash
from rewatch.memory.ingest.settings import IngestSettings
from rewatch.memory.ingest.stage import Part, StageContext, StageOutcome
from rewatch.memory.store import Store
from rewatch.memory.types import VideoInfo

SETTINGS = IngestSettings()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "library") as opened:
        yield opened


@pytest.fixture
def video(tmp_path: Path, store: Store) -> VideoInfo:
    path = tmp_path / "talk.mp4"
    path.write_bytes(b"video")
    info = video_at(path)
    store.put_video(info)
    return info


def run(
    store: Store, video: VideoInfo, *stages: FrameStage, settings: IngestSettings = SETTINGS
) -> list[int]:
    Pipeline(store, stages).run(video, settings, ignore)
    return [len(stage.ran) for stage in stages]


def test_a_second_run_does_nothing(store: Store, video: VideoInfo) -> None:
    assert run(store, video, FrameStage(), TextStage()) == [20, 20]
    before = rows_of(store, video.video_id)
    assert run(store, video, FrameStage(), TextStage()) == [0, 0]
    assert rows_of(store, video.video_id) == before


def test_a_stage_added_later_runs_alone(store: Store, video: VideoInfo) -> None:
    run(store, video, FrameStage())
    assert Pipeline(store, [FrameStage(), TextStage()]).pending(video, SETTINGS) == ("text",)
    assert run(store, video, FrameStage(), TextStage()) == [0, 20]


def test_a_stage_runs_again_when_one_that_it_needs_has_changed(store: Store, video: VideoInfo) -> None:
    run(store, video, FrameStage(), TextStage())
    changed = FrameStage(version=2, parts=10)
    assert Pipeline(store, [changed, TextStage()]).pending(video, SETTINGS) == ("frames", "text")
    assert run(store, video, changed, TextStage()) == [10, 20]
    assert {line.text.split(" of ")[1] for line in store.text_lines(video.video_id)} == {"100 frames"}
    assert len(store.sentences(video.video_id)) == 20


@pytest.mark.parametrize("parts_before", [3, 20])
def test_a_stage_is_outdated_when_one_that_it_needs_ran_again_without_it(
    store: Store, video: VideoInfo, parts_before: int
) -> None:
    with suppress(KeyboardInterrupt):
        press = interrupt_at(float(parts_before)) if parts_before < 20 else ignore
        Pipeline(store, [FrameStage(parts=0), TextStage()]).run(video, SETTINGS, press)
    _, record = store.stage_records(video.video_id)
    assert len(record.parts) == parts_before
    assert run(store, video, FrameStage(version=2)) == [20]
    both = [FrameStage(version=2), TextStage()]
    assert Pipeline(store, both).pending(video, SETTINGS) == ("text",)
    assert run(store, video, *both) == [0, 20]
    assert {line.text.split(" of ")[1] for line in store.text_lines(video.video_id)} == {"200 frames"}
    assert Pipeline(store, both).pending(video, SETTINGS) == ()


def test_a_changed_stage_leaves_those_before_it(store: Store, video: VideoInfo) -> None:
    run(store, video, FrameStage(), TextStage())
    assert run(store, video, FrameStage(), TextStage(version=2)) == [0, 20]


def test_other_settings_run_again_and_back(store: Store, video: VideoInfo) -> None:
    run(store, video, FrameStage(), TextStage())
    other = IngestSettings(step_seconds=2.0)
    assert run(store, video, FrameStage(), TextStage(), settings=other) == [20, 20]
    assert run(store, video, FrameStage(), TextStage(), settings=other) == [0, 0]
    assert run(store, video, FrameStage(), TextStage()) == [20, 20]


def test_a_dependent_stays_outdated_when_the_run_breaks_between(store: Store, video: VideoInfo) -> None:
    run(store, video, FrameStage(), TextStage())
    with pytest.raises(KeyboardInterrupt):
        Pipeline(store, [FrameStage(version=3), TextStage()]).run(video, SETTINGS, interrupt_at(20.0))
    assert Pipeline(store, [FrameStage(version=3), TextStage()]).pending(video, SETTINGS) == (
        "frames",
        "text",
    )


def test_chains_of_needs_are_followed(store: Store, video: VideoInfo) -> None:
    @dataclass
    class LastStage(FrameStage):
        name: str = "last"
        needs: tuple[str, ...] = ("text",)
        parts: int = 0

    run(store, video, FrameStage(), TextStage(), LastStage())
    pipeline = Pipeline(store, [FrameStage(version=2), TextStage(), LastStage()])
    assert pipeline.pending(video, SETTINGS) == ("frames", "text", "last")


def test_progress_counts_on_from_what_is_stored(store: Store, video: VideoInfo) -> None:
    with pytest.raises(KeyboardInterrupt):
        Pipeline(store, [FrameStage()]).run(video, SETTINGS, interrupt_at(5.0))
    seen: list[tuple[str, float, float]] = []
    Pipeline(store, [FrameStage()]).run(video, SETTINGS, lambda *what: seen.append(what))
    assert seen[0] == ("frames", 5.0, 60.0)
    assert seen[-1] == ("frames", 60.0, 60.0)
    assert seen == sorted(seen)


def test_a_failing_stage_keeps_what_came_before(store: Store, video: VideoInfo) -> None:
    class FailingStage(TextStage):
        def run(self, context: StageContext) -> Iterator[Part]:
            yield from (part for number, part in enumerate(super().run(context)) if number < 3)
            raise ToolError("the model is gone")

    with pytest.raises(ToolError):
        run(store, video, FrameStage(), FailingStage())
    records = {record.name: record for record in store.stage_records(video.video_id)}
    assert records["frames"].finished
    assert (len(records["text"].parts), records["text"].finished) == (3, False)
    assert run(store, video, FrameStage(), TextStage()) == [0, 17]


def test_a_part_is_stored_whole_or_not_at_all(store: Store, video: VideoInfo) -> None:
    class HalfStage(FrameStage):
        def part(self, video_id: str, number: int, key: str) -> Part:
            whole = super().part(video_id, number, key)

            def write(store: Store) -> None:
                whole.write(store)
                if number == 4:
                    raise ToolError("cannot go on")

            return Part(key, write, whole.done_seconds)

    with pytest.raises(ToolError):
        run(store, video, HalfStage())
    assert [sample.seconds for sample in store.samples(video.video_id)][-1] == pytest.approx(3.9)


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.write_bytes(b"other video"),
        lambda path: os.utime(path, ns=(0, 0)),
        lambda path: path.unlink(),
    ],
    ids=["rewritten", "touched", "removed"],
)
def test_a_file_that_changes_meanwhile_is_refused(
    store: Store, video: VideoInfo, change: Callable[[Path], object]
) -> None:
    class ChangingStage(FrameStage):
        def part(self, video_id: str, number: int, key: str) -> Part:
            if number == 2:
                change(video.path)
            return super().part(video_id, number, key)

    with pytest.raises(VideoError, match=r"talk\.mp4"):
        run(store, video, ChangingStage())
    (record,) = store.stage_records(video.video_id)
    assert (record.parts, record.finished) == ({"part 0", "part 1"}, False)
    assert len(store.samples(video.video_id)) == 20


def test_a_video_removed_meanwhile_is_said(store: Store, video: VideoInfo) -> None:
    class ForgettingStage(FrameStage):
        def part(self, video_id: str, number: int, key: str) -> Part:
            if number == 2:
                store.forget(video_id)
            return super().part(video_id, number, key)

    with pytest.raises(StorageError, match="removed"):
        run(store, video, ForgettingStage())
    assert store.samples(video.video_id) == []


def test_outcomes_are_recorded(store: Store, video: VideoInfo) -> None:
    class AbsentStage(FrameStage):
        def outcome(self, context: StageContext) -> StageOutcome:
            return StageOutcome("absent", "no sound")

    run(store, video, AbsentStage(parts=0))
    (record,) = store.stage_records(video.video_id)
    assert (record.status, record.note, record.finished) == ("absent", "no sound", True)
    assert record.parameters == {"version": 1, "step_seconds": 1.0}
    assert record.params_hash == params_hash({"step_seconds": 1.0, "version": 1})


def test_a_stage_is_closed_when_the_run_is_broken_off(store: Store, video: VideoInfo) -> None:
    closed = []

    class WorkingStage(FrameStage):
        def run(self, context: StageContext) -> Iterator[Part]:
            try:
                yield from super().run(context)
            finally:
                closed.append(self.name)

    with pytest.raises(KeyboardInterrupt):
        Pipeline(store, [WorkingStage()]).run(video, SETTINGS, interrupt_at(2.0))
    assert closed == ["frames"]


@pytest.mark.parametrize("stages", [[TextStage(), FrameStage()], [FrameStage(), FrameStage()]])
def test_an_impossible_order_is_refused(store: Store, stages: list[FrameStage]) -> None:
    with pytest.raises(ValueError, match="stage"):
        Pipeline(store, stages)


def interrupt_at(seconds: float) -> Callable[[str, float, float], None]:
    def press(stage: str, done_seconds: float, total_seconds: float) -> None:
        if done_seconds == seconds:
            raise KeyboardInterrupt

    return press
