"""Where runs stand: one run of a question at a time, nothing left of a forgotten video, errors in one line."""

from collections.abc import Iterator
from contextlib import closing
from itertools import takewhile
from pathlib import Path

import numpy as np
import pytest
from videos import render

from rewatch.agent import Settings, VideoAgent
from rewatch.agent.checkpoints import FILE_NAME, Checkpoints
from rewatch.agent.events import Finished, Grounded, Reflected
from rewatch.memory.errors import InputError, StorageError
from rewatch.memory.ingest.settings import IngestSettings

QUESTION = "When does he mention satellites?"


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("talk") / "towers.mp4"
    render(path, (np.full((48, 64, 3), second, np.uint8) for second in range(40)), fps=1)
    path.with_suffix(".srt").write_text(
        "1\n00:00:05,000 --> 00:00:09,000\nGood morning, today we talk about lighthouses.\n\n"
        "2\n00:00:20,000 --> 00:00:26,000\nIn the end satellites replaced the towers.\n",
        encoding="utf-8",
    )
    return path


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(library=tmp_path / "library", ingest=IngestSettings(read_screen=False))


@pytest.fixture
def agent(settings: Settings) -> Iterator[VideoAgent]:
    with VideoAgent(settings) as agent:
        yield agent


def kept(folder: Path) -> int:
    checkpoints = Checkpoints(folder)
    try:
        return len(list(checkpoints.saver.list(None)))
    finally:
        checkpoints.close()


def leave_unfinished(agent: VideoAgent, talk: Path) -> None:
    events = agent.stream(talk, QUESTION)
    seen = list(takewhile(lambda event: not isinstance(event, Reflected), events))
    assert isinstance(seen[0], Grounded)
    events.close()  # type: ignore[attr-defined]


def test_the_same_question_asked_twice_at_once_is_answered_twice(
    agent: VideoAgent, settings: Settings, talk: Path
) -> None:
    first = agent.stream(talk, QUESTION)
    events = [next(first), next(first)]
    with VideoAgent(settings) as other:
        others = list(other.stream(talk, QUESTION))
    events += first
    assert [type(event) for event in events] == [type(event) for event in others]
    last, others_last = events[-1], others[-1]
    assert isinstance(last, Finished)
    assert isinstance(others_last, Finished)
    assert last.answer.found
    assert last.answer.text == others_last.answer.text
    assert last.answer.run_id != others_last.answer.run_id
    assert kept(settings.library) == 0


def test_a_second_run_of_a_question_leaves_nothing_when_it_breaks_off(
    agent: VideoAgent, settings: Settings, talk: Path
) -> None:
    first = agent.stream(talk, QUESTION)
    next(first)
    with VideoAgent(settings) as other:
        leave_unfinished(other, talk)
    assert isinstance(list(first)[-1], Finished)
    assert kept(settings.library) == 0


def test_checkpoints_that_are_closed_are_one_line(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    checkpoints.close()
    with pytest.raises(StorageError, match="cannot be used"):
        checkpoints.forget("video")


def test_a_thread_answers_one_question_at_a_time(agent: VideoAgent, settings: Settings, talk: Path) -> None:
    first = agent.stream(talk, QUESTION, thread="evening")
    next(first)
    with VideoAgent(settings) as other:
        with pytest.raises(InputError, match="thread evening is being asked something else"):
            other.ask(talk, "What replaced the towers?", thread="evening")
        assert other.ask(talk, "What replaced the towers?", thread="morning").found
    assert isinstance(list(first)[-1], Finished)
    assert agent.ask(talk, "What replaced the towers?", thread="evening").found


def test_threads_whose_names_hash_nearly_alike_do_not_wait_for_each_other(tmp_path: Path) -> None:
    names = ("talk 160", "talk 460")  # the first four digits of the hash are the same
    with (
        closing(Checkpoints(tmp_path)) as checkpoints,
        checkpoints.of_thread(names[0]) as first,
        checkpoints.of_thread(names[1]) as second,
    ):
        assert first != second


def test_nothing_is_kept_of_a_video_that_is_forgotten(
    agent: VideoAgent, settings: Settings, talk: Path
) -> None:
    leave_unfinished(agent, talk)
    agent.ask(talk, QUESTION, thread="evening")
    assert kept(settings.library) > 0
    agent.forget(talk)
    assert kept(settings.library) == 0
    assert agent.library.videos() == []
    assert agent.ask(talk, QUESTION).found


def test_a_run_whose_observations_are_gone_begins_again(agent: VideoAgent, talk: Path) -> None:
    leave_unfinished(agent, talk)
    agent.library.forget(agent.library.find(talk).video_id)
    events = list(agent.stream(talk, QUESTION))
    assert isinstance(events[0], Grounded)
    assert isinstance(events[-1], Finished)
    assert events[-1].answer.found


def test_a_full_disk_is_one_line_and_the_question_goes_on_later(
    agent: VideoAgent, settings: Settings, talk: Path
) -> None:
    agent.prepare(talk)
    file = agent._checkpoints.saver.conn
    (pages,) = file.execute("PRAGMA page_count").fetchone()
    file.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StorageError, match=r"no space left in .*: free some space and ask again"):
        agent.ask(talk, QUESTION)
    with VideoAgent(settings) as roomy:
        assert roomy.ask(talk, QUESTION).found


@pytest.mark.parametrize("start", [0, 3 * 4096])
def test_a_damaged_file_is_one_line_and_may_be_moved_away(settings: Settings, talk: Path, start: int) -> None:
    with VideoAgent(settings) as agent:
        for question in (QUESTION, "What replaced the towers?", "Why?"):
            agent.ask(talk, question, thread="evening")
    path = settings.library / FILE_NAME
    whole = path.read_bytes()
    path.write_bytes(whole[:start] + b"junk" * ((len(whole) - start) // 4))
    with pytest.raises(StorageError, match="move it away"), VideoAgent(settings) as agent:
        agent.ask(talk, QUESTION, thread="evening")
    path.unlink()
    with VideoAgent(settings) as agent:
        assert agent.ask(talk, QUESTION, thread="evening").found
