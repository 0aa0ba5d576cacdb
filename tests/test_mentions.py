"""Counting mentions and telling the first or last of them: all of them matter, however many."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from talks import put_talk

from rewatch.agent import Settings, VideoAgent
from rewatch.agent.answer import Answer
from rewatch.memory.types import Span

TIMES = 40
SAID = [
    text
    for number in range(TIMES)
    for text in (
        (60.0 * number, 60.0 * number + 5, f"In the year {1800 + number} the fog signal was heard again."),
        (60.0 * number + 30, 60.0 * number + 35, f"The keeper of tower {number} wrote letters to his wife."),
    )
]
SHOWN = [(0.0, 1500.0, "The fog signal"), (1800.0, 1830.0, "A fog signal of 1850")]


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VideoAgent]:
    with VideoAgent(Settings(library=tmp_path_factory.mktemp("library"))) as agent:
        put_talk(agent.library, "towers", 60.0 * TIMES, SAID, SHOWN)
        yield agent


def first_line(answer: Answer) -> str:
    return answer.text.splitlines()[0]


def test_all_mentions_are_counted(agent: VideoAgent) -> None:
    answer = agent.ask("towers", "How many times does he mention the fog signal?")
    assert first_line(answer).startswith("40 times: 0:00, 1:00, 2:00, ")
    assert first_line(answer).endswith(", 39:00")
    assert answer.claims[0].verdict == "supported"
    assert len(answer.claims[0].evidence_ids) == TIMES
    assert "year 1839" not in answer.text, "forty quotations would hide the answer"


@pytest.mark.parametrize(
    ("question", "start_seconds"),
    [
        ("When does he first mention the fog signal?", 0),
        ("When is the third time he mentions the fog signal?", 120),
        ("When does he mention the fog signal for the last time?", 2340),
        ("When does he last mention the fog signal?", 2340),
        ("When is the fog signal first mentioned?", 0),
        ("When was the fog signal last mentioned?", 2340),
        ("When is the fog signal shown on the screen for the last time?", 1800),
    ],
)
def test_the_nth_mention_is_the_nth_of_all(agent: VideoAgent, question: str, start_seconds: float) -> None:
    answer = agent.ask("towers", question)
    assert [span.start_seconds for span in answer.spans] == [start_seconds]


def test_what_is_shown_is_counted_where_the_question_speaks_of_that(agent: VideoAgent) -> None:
    answer = agent.ask("towers", "How often is the fog signal shown?")
    assert first_line(answer) == "2 times: 0:00, 30:00"


def test_mentions_are_counted_in_the_part_that_is_asked_about(agent: VideoAgent) -> None:
    answer = agent.ask("towers", "How often does he mention the fog signal in the last ten minutes?")
    assert first_line(answer).startswith("10 times: 30:00, ")
    answer = agent.ask("towers", "How often does he mention the fog signal?", span=Span(600, 900))
    assert first_line(answer).startswith("5 times: 10:00, ")


def test_a_count_over_several_videos_names_each(tmp_path: Path) -> None:
    said = [(60.0 * number, 60.0 * number + 5, "The fog signal was heard again.") for number in range(1, 4)]
    with VideoAgent(Settings(library=tmp_path)) as agent:
        put_talk(agent.library, "shore", 300.0, said)
        put_talk(agent.library, "island", 300.0, said[1:2])
        answer = agent.ask(["shore", "island"], "How often does he mention the fog signal?")
    lines = answer.text.splitlines()
    assert lines[0] == "4 times: 3 in shore.mp4 (1:00, 2:00, 3:00), 1 in island.mp4 (2:00)"
    assert [line.partition(", said: ")[0] for line in lines[1:]] == [
        "shore.mp4 1:00–1:05",
        "shore.mp4 2:00–2:05",
        "shore.mp4 3:00–3:05",
        "island.mp4 2:00–2:05",
    ]


def test_a_count_tells_videos_of_one_name_apart_by_their_folders(tmp_path: Path) -> None:
    with VideoAgent(Settings(library=tmp_path)) as agent:
        for name in ("north", "south"):
            info = put_talk(agent.library, name, 300.0, [(60.0, 65.0, "The fog signal was heard again.")])
            agent.library.store.put_video(replace(info, path=Path(f"/nowhere/{name}/talk.mp4")))
        answer = agent.ask(["north", "south"], "How often does he mention the fog signal?")
    assert first_line(answer) == (
        "2 times: 1 in /nowhere/north/talk.mp4 (1:00), 1 in /nowhere/south/talk.mp4 (1:00)"
    )


def test_what_is_never_mentioned_has_no_last_time(agent: VideoAgent) -> None:
    assert not agent.ask("towers", "When does he last mention penguins?").found
    assert not agent.ask("towers", "How often does he mention penguins?").found
    assert not agent.ask("towers", "When does he mention the fog signal of 1850 for the fifth time?").found
