"""The agent, end to end on a real (tiny) video with a subtitle file: answers, evidence, honesty, resuming."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from videos import render

from rewatch.agent import Settings, VideoAgent
from rewatch.agent.answer import Answer
from rewatch.agent.events import Called, Finished, Grounded, Planned, Reflected, Verified
from rewatch.memory.errors import InputError, SettingError
from rewatch.memory.ingest.settings import IngestSettings
from rewatch.memory.types import Limits, Sentence, Span, TextLine
from rewatch.tools.meter import Meter

SAID = {
    10: "Good morning, today we talk about how lighthouses guided ships for two thousand years.",
    40: "The first great tower stood in Alexandria and was built of pale limestone.",
    80: "A keeper had to climb two hundred steps every evening to light the lamp.",
    120: "Augustin Fresnel invented a lens of stacked prisms that threw the beam twenty miles.",
    150: "Now we take a break of fifteen minutes, there is coffee outside.",
    190: "Welcome back, the fog signal was a steam whistle before it became an electric horn.",
    230: "The fog signal could be heard in the village, so people complained about the fog signal.",
    270: "In the end satellites replaced the towers, and the last keeper left in 1998.",
}
SECONDS = 300


def srt(said: dict[int, str]) -> str:
    def clock(seconds: int) -> str:
        return f"00:{seconds // 60:02}:{seconds % 60:02},000"

    return "\n".join(
        f"{n}\n{clock(t)} --> {clock(t + 6)}\n{text}\n" for n, (t, text) in enumerate(said.items(), 1)
    )


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("talk") / "towers.mp4"
    frames = (np.full((48, 64, 3), 40 + 60 * (second // 100), np.uint8) for second in range(SECONDS))
    render(path, frames, fps=1, gop=50)
    path.with_suffix(".srt").write_text(srt(SAID), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(library=tmp_path_factory.mktemp("library"), ingest=IngestSettings(read_screen=False))


@pytest.fixture(scope="module")
def agent(settings: Settings) -> Iterator[VideoAgent]:
    with VideoAgent(settings) as agent:
        yield agent


def starts(answer: Answer) -> list[float]:
    return [span.start_seconds for span in answer.spans]


def test_an_answer_quotes_the_video_and_cites_its_evidence(agent: VideoAgent, talk: Path) -> None:
    answer = agent.ask(talk, "When does he talk about the lens of Fresnel?")
    assert answer.found
    assert answer.stopped == "sufficient"
    assert starts(answer)[0] == pytest.approx(120)
    assert "stacked prisms" in answer.text
    assert answer.claims[0].verdict == "supported"
    evidence = {item.id: item for item in answer.evidence}
    assert set(answer.claims[0].evidence_ids) <= set(evidence)
    assert evidence[answer.claims[0].evidence_ids[0]].text == SAID[120]
    assert agent.library.store.run(answer.run_id) == answer.to_dict()


def test_an_answer_has_the_fields_of_the_contract(agent: VideoAgent, talk: Path) -> None:
    values = agent.ask(talk, "How many steps did the keeper climb?").to_dict()
    assert next(iter(values)) == "schema_version"
    assert set(values) == {
        *(
            "schema_version",
            "question",
            "text",
            "choice",
            "found",
            "confidence",
            "stopped",
            "claims",
            "evidence",
        ),
        *("spans", "frame_seconds", "coverage", "cost", "missing", "run_id"),
    }
    assert {
        "id",
        "video_id",
        "start_seconds",
        "end_seconds",
        "source",
        "text",
        "boxes",
        "frame_seconds",
        "score",
    } == set(values["evidence"][0])
    assert "two hundred steps" in values["text"]


@pytest.mark.parametrize(
    "question",
    ["When does he explain how bees make honey?", "What does she say about the price of gold in Zurich?"],
)
def test_what_the_video_does_not_say_is_not_found(agent: VideoAgent, talk: Path, question: str) -> None:
    answer = agent.ask(talk, question)
    assert not answer.found
    assert answer.stopped == "exhausted"
    assert answer.spans == ()
    assert answer.text.startswith("Not found")
    speech = next(item for item in answer.coverage if item.channel == "speech")
    assert (speech.status, speech.spans) == ("read", ((0.0, float(SECONDS)),))
    assert next(item for item in answer.coverage if item.channel == "screen").status == "unavailable"
    assert answer.confidence <= 0.5, "one of two channels was searched"
    assert all(claim.verdict != "supported" for claim in answer.claims)


@pytest.mark.parametrize("question", ["What happens?", "How much is it?", "How often?", "?"])
def test_a_question_that_names_nothing_reads_nothing(agent: VideoAgent, talk: Path, question: str) -> None:
    answer = agent.ask(talk, question)
    assert answer.text == "Not found: the question names nothing to look for."
    assert (answer.found, answer.confidence, answer.claims) == (False, 0.0, ())
    assert not any(part.spans for part in answer.coverage)
    assert "say where to look" in answer.missing


def test_what_happens_in_a_part_is_read_without_being_sure_of_it(agent: VideoAgent, talk: Path) -> None:
    answer = agent.ask(talk, "What happens in the last minute?")
    assert (answer.found, answer.confidence) == (True, 0.5)
    assert SAID[270] in answer.text
    assert agent.ask(talk, "What happens?", span=Span(240, 300)).claims == answer.claims


def test_options_name_what_a_question_leaves_out(agent: VideoAgent, talk: Path) -> None:
    options = {"A": "a whale sinks a ship", "B": "people complain about the fog signal"}
    assert agent.ask(talk, "What happens?", options=options).choice == "B"


def test_what_was_never_searched_is_not_said_to_be_absent(settings: Settings, talk: Path) -> None:
    with VideoAgent(Settings(settings.library, settings.ingest, Limits(tool_calls=0))) as hurried:
        answer = hurried.ask(talk, "When does he talk about the lens of Fresnel?")
    assert (answer.found, answer.confidence) == (False, 0.0)


def test_mentions_are_counted_with_their_times(agent: VideoAgent, talk: Path) -> None:
    answer = agent.ask(talk, "How many times does he mention the fog signal?")
    assert answer.text.startswith("2 times: 3:10, 3:50")


def test_an_order_is_told_from_the_times(agent: VideoAgent, talk: Path) -> None:
    answer = agent.ask(talk, "Which comes first, the lens of prisms or the steam whistle?")
    assert "“the lens of prisms” comes first (2:00)" in answer.text
    answer = agent.ask(talk, "Does he mention satellites before the limestone tower in Alexandria?")
    assert answer.text.startswith("No: ")


def test_a_choice_is_a_letter_with_evidence(agent: VideoAgent, talk: Path) -> None:
    answer = agent.ask(
        talk,
        "What was the tower in Alexandria built of?",
        options={"A": "red brick", "B": "limestone", "C": "oak"},
    )
    assert answer.choice == "B"
    assert starts(answer)[0] == pytest.approx(40)


@pytest.mark.parametrize(
    ("question", "options", "choice"),
    [
        ("Which comes first: the steam whistle or the lens?", ("the steam whistle", "the lens"), "B"),
        ("Which comes last: the steam whistle or the lens?", ("the steam whistle", "the lens"), "A"),
        (
            "Which of these is mentioned first?",
            ("satellites", "the steam whistle", "the lens of prisms"),
            "C",
        ),
        (
            "In which order are these mentioned?",
            (
                "satellites, prisms, limestone",
                "limestone, prisms, satellites",
                "prisms, limestone, satellites",
            ),
            "B",
        ),
        ("Does he mention satellites before the limestone tower?", ("Yes", "No"), "B"),
        ("How many times does he mention the fog signal?", ("once", "twice", "three times"), "B"),
        ("How many times does he mention honey bees?", ("once", "twice", "never"), "C"),
        ("How many steps did the keeper climb?", ("90", "150", "200"), "C"),
    ],
)
def test_an_order_or_a_count_chooses_the_option_that_it_bears_out(
    agent: VideoAgent, talk: Path, question: str, options: tuple[str, ...], choice: str
) -> None:
    answer = agent.ask(talk, question, options=dict(zip("ABC", options, strict=False)))
    assert answer.choice == choice
    assert answer.text.startswith(f"{choice}) ")


def test_that_the_video_does_not_say_is_chosen_when_it_does_not(agent: VideoAgent, talk: Path) -> None:
    options = {"A": "red brick", "B": "limestone", "C": "the video does not say"}
    for question in ("What was the first great church built of?", "What is the price of gold in Zurich?"):
        answer = agent.ask(talk, question, options=options)
        assert (answer.choice, answer.found, answer.stopped) == ("C", False, "exhausted")
        assert answer.spans == ()
        assert answer.text.startswith("C) the video does not say: Not found")
        assert any(part.status == "read" for part in answer.coverage)
    answer = agent.ask(talk, "What was the tower in Alexandria built of?", options=options)
    assert (answer.choice, answer.found) == ("B", True)


def test_absence_is_not_claimed_of_what_was_not_looked_at(agent: VideoAgent, talk: Path) -> None:
    answer = agent.ask(
        talk,
        "What colour is the jacket that the speaker is wearing?",
        options={"A": "red", "B": "it is not shown"},
    )
    assert (answer.choice, answer.found) == (None, False)


def test_a_hint_names_another_moment(agent: VideoAgent, talk: Path) -> None:
    answer = agent.ask(talk, "What happens right after the break?")
    assert starts(answer)[0] == pytest.approx(190)


def test_a_restriction_is_kept(agent: VideoAgent, talk: Path) -> None:
    answer = agent.ask(talk, "When does he mention the fog signal?", span=Span(220, 300))
    assert starts(answer)
    assert min(starts(answer)) >= 220
    assert not agent.ask(talk, "When does he mention Fresnel?", span=Span(220, 300)).found


def test_a_summary_goes_through_the_chapters(agent: VideoAgent, talk: Path) -> None:
    answer = agent.ask(talk, "Summarize the talk")
    assert answer.found
    chapters = agent.library.store.segments(answer.spans[0].video_id, "chapter")
    assert [(span.start_seconds, span.end_seconds) for span in answer.spans] == [
        (chapter.span.start_seconds, chapter.span.end_seconds) for chapter in chapters
    ]


def test_a_summary_of_a_subject_quotes_what_is_told_of_it_by_time(agent: VideoAgent, talk: Path) -> None:
    answer = agent.ask(talk, "Sum up what he says about the fog signal.")
    assert {190, 230} <= set(starts(answer))
    assert 80 not in starts(answer)
    assert starts(answer) == sorted(starts(answer))
    assert not agent.ask(talk, "Sum up what he says about the elections in Portugal.").found


def test_a_summary_of_what_comes_after_a_moment_leaves_out_what_comes_before(
    agent: VideoAgent, talk: Path
) -> None:
    answer = agent.ask(talk, "Summarise what happens after the break")
    chapters = agent.library.store.segments(answer.spans[0].video_id, "chapter")
    assert starts(answer) == [c.span.start_seconds for c in chapters if c.span.end_seconds > 156]


def test_without_eyes_nothing_is_guessed(agent: VideoAgent, talk: Path) -> None:
    answer = agent.ask(talk, "What colour is the jacket that the speaker is wearing?")
    assert not answer.found
    assert "visual model" in answer.text
    assert "no visual model is set" in answer.missing
    assert answer.confidence == 0, "nothing was looked at, so nothing is known of its absence"


def test_a_limit_stops_the_run_and_says_so(settings: Settings, talk: Path) -> None:
    with VideoAgent(Settings(settings.library, settings.ingest, Limits(tool_calls=0))) as hurried:
        answer = hurried.ask(talk, "When does he talk about the lens of Fresnel?")
    assert not answer.found
    assert answer.stopped == "limit"
    assert "limit" in answer.missing
    assert answer.confidence == 0, "nothing was searched, so nothing is known of its absence"


@pytest.mark.parametrize("seconds", [float("nan"), -1.0])
def test_a_limit_that_limits_nothing_is_refused(seconds: float) -> None:
    with pytest.raises(SettingError, match="limit on seconds"):
        Limits(seconds=seconds)


def test_a_limit_that_ends_the_check_is_not_taken_for_absence(settings: Settings, talk: Path) -> None:
    options, line = (
        {"A": "4 shillings", "B": "The video does not say"},
        "Harbour dues are 4 shillings for a vessel",
    )
    limited = Settings(settings.library, settings.ingest, Limits(frames=0), recheck=True)
    with VideoAgent(limited) as agent:
        video = agent.prepare(talk)
        agent.library.store.add_text_lines(
            video.video_id, [TextLine("screen", Span(200.0, 220.0), line, "drawn")]
        )
        (row,) = agent.library.store.add_sentences(
            video.video_id,
            [Sentence(0, video.video_id, "screen", Span(200.0, 220.0), line)],
        )
        vectors = agent.library.encoder.encode_texts([line])
        agent.library.store.add_vectors(agent.library.encoder.space_id, [row], vectors)
        answer = agent.ask(talk, "How much are the harbour dues for a vessel?", options=options)
        agent.library.forget(video.video_id)
    assert (answer.found, answer.choice, answer.stopped) == (False, None, "limit")
    assert "limit on frames" in answer.missing


def test_a_limit_of_time_holds_for_indexing_too(settings: Settings, talk: Path, tmp_path: Path) -> None:
    with VideoAgent(Settings(tmp_path, settings.ingest, Limits(seconds=1e-6))) as hurried:
        answer = hurried.ask(talk, "When does he talk about the lens of Fresnel?")
    assert (answer.found, answer.stopped) == (False, "limit")
    assert "what was read is kept" in answer.missing
    with VideoAgent(Settings(tmp_path, settings.ingest)) as patient:
        assert patient.ask(talk, "When does he talk about the lens of Fresnel?").found


def test_the_seconds_before_a_question_count_for_its_limit(agent: VideoAgent, talk: Path) -> None:
    agent.prepare(talk)
    over = Meter(Limits(seconds=1e-6))
    assert agent.ask(talk, "When does he mention satellites?", watch=over).stopped == "limit"


def test_a_thread_remembers(agent: VideoAgent, talk: Path) -> None:
    agent.ask(talk, "When does he announce the break?", thread="evening")
    answer = agent.ask(talk, "What does he say after that about the fog signal?", thread="evening")
    assert min(starts(answer)) >= 150
    assert agent.library.store.runs(thread="evening")[-1] == answer.to_dict()


def test_events_tell_the_run_step_by_step(agent: VideoAgent, talk: Path) -> None:
    events = list(agent.stream(talk, "When does he mention satellites?"))
    kinds = [type(event) for event in events]
    assert kinds[:4] == [Grounded, Planned, Called, Reflected]
    assert kinds[-2:] == [Verified, Finished]


def test_async_callers_get_the_same(agent: VideoAgent, talk: Path) -> None:
    async def follow() -> list[object]:
        return [event async for event in agent.astream(talk, "When does he mention satellites?")]

    events = asyncio.run(follow())
    assert isinstance(events[-1], Finished)
    answer = asyncio.run(agent.aask(talk, "When does he mention satellites?"))
    assert answer.text == events[-1].answer.text


def test_several_videos_are_asked_at_once(agent: VideoAgent, talk: Path, tmp_path: Path) -> None:
    other = tmp_path / "bread.mp4"
    render(other, (np.full((48, 64, 3), second, np.uint8) for second in range(60)), fps=1)
    other.with_suffix(".srt").write_text(
        srt({20: "Knead the dough until it springs back."}), encoding="utf-8"
    )
    answer = agent.ask([talk, other], "When does she knead the dough?")
    names = {video.video_id: video.path.name for video in agent.library.videos()}
    assert names[answer.spans[0].video_id] == "bread.mp4"
    assert len(answer.coverage) == 2 * len({item.channel for item in answer.coverage})


def test_an_empty_question_is_refused(agent: VideoAgent, talk: Path) -> None:
    with pytest.raises(InputError, match="empty"):
        agent.ask(talk, "  ")


def test_a_question_longer_than_a_page_is_refused(agent: VideoAgent, talk: Path) -> None:
    with pytest.raises(InputError, match="has 4001 characters, more than 4000"):
        agent.ask(talk, "?" * 4001)


def test_a_killed_question_resumes_where_it_was(settings: Settings, talk: Path) -> None:
    question = "When did the last keeper leave the towers?"
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_AFTER_THE_FIRST_CALL, str(settings.library), str(talk), question],
        capture_output=True,
        text=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    with VideoAgent(settings) as again:
        events = list(again.stream(talk, question))
    assert not any(isinstance(event, Grounded | Planned) for event in events)
    assert isinstance(events[-1], Finished)
    assert starts(events[-1].answer)[0] == pytest.approx(270)


KILLED_AFTER_THE_FIRST_CALL = f"""
import os, sys
from pathlib import Path
from rewatch.agent import Settings, VideoAgent
from rewatch.agent.events import Reflected
from rewatch.memory.ingest.settings import IngestSettings

settings = Settings(library=Path(sys.argv[1]), ingest=IngestSettings(read_screen=False))
for event in VideoAgent(settings).stream(Path(sys.argv[2]), sys.argv[3]):
    if isinstance(event, Reflected):
        os.kill(os.getpid(), {int(signal.SIGKILL)})
"""


def test_the_agent_needs_no_deep_learning_framework(settings: Settings, talk: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from rewatch.agent import Settings, VideoAgent\n"
        "from rewatch.memory.ingest.settings import IngestSettings\n"
        "s = Settings(library=Path(sys.argv[1]), ingest=IngestSettings(read_screen=False))\n"
        "VideoAgent(s).ask(sys.argv[2], 'When does he mention satellites?')\n"
        "print(sorted({'torch', 'transformers', 'open_clip', 'sentence_transformers'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(settings.library), str(talk)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ},
    )
    assert done.stdout.strip() == "[]"


def test_what_cannot_be_said_beside_a_question_is_an_error(agent: VideoAgent, talk: Path) -> None:
    with pytest.raises(TypeError, match="spam"):
        agent.ask(talk, "When does he talk about the lens of Fresnel?", spam=1)  # type: ignore[call-arg]
