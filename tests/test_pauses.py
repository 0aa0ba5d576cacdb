"""Finding stretches in which nobody speaks, and telling how long they are."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from talks import put_talk

from rewatch.agent import Settings, VideoAgent
from rewatch.agent.calls import ToolCall
from rewatch.agent.composition import compose
from rewatch.agent.planners import Done
from rewatch.agent.question import ground
from rewatch.memory.library import Library
from rewatch.memory.types import Limits, Span, VideoInfo
from rewatch.tools.context import ToolContext
from rewatch.tools.meter import Meter
from rewatch.tools.pauses import pauses

SAID = [
    (0.0, 8.0, "Good evening, tonight I talk about how glass is made and broken."),
    (9.0, 17.0, "Glass is sand that was melted together with ash and lime."),
    (18.0, 26.0, "I let one drop of blue ink fall into this jar of water, and please just look at it."),
    (70.0, 78.0, "All of the ink is still inside, and yet it will not come together again."),
    (79.0, 87.0, "A furnace takes two weeks to heat up, and nobody may let it go out."),
    (88.0, 96.0, "Now stretch your legs, there is tea at the back of the hall."),
    (420.0, 428.0, "Welcome back, the second half is about windows."),
    (429.0, 437.0, "The panes of old cathedrals do not flow, they were made uneven."),
]


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VideoAgent]:
    with VideoAgent(Settings(library=tmp_path_factory.mktemp("library"))) as agent:
        yield agent


@pytest.fixture(scope="module")
def talk(agent: VideoAgent) -> VideoInfo:
    return put_talk(
        agent.library, "glass", 440.0, SAID, shown=[(88.0, 425.0, "Please be back in your seats")]
    )


@pytest.fixture(scope="module")
def context(agent: VideoAgent, talk: VideoInfo) -> ToolContext:
    return ToolContext(agent.library, (talk,), None, Meter(Limits()))


@pytest.mark.parametrize("query", ["the break", "the interval", "the tea break", "refreshments"])
def test_a_break_is_the_long_pause_that_is_called_one(context: ToolContext, query: str) -> None:
    (found,) = pauses(context, query)
    assert (found.span.start_seconds, found.span.end_seconds) == (96.0, 420.0)
    assert "stretch your legs" in found.text


def test_a_break_that_nobody_speaks_of_is_not_found(context: ToolContext) -> None:
    assert pauses(context, "the lunch break") == []


@pytest.mark.parametrize("by_context", [True, False])
def test_a_break_is_the_longest_in_the_part_that_is_asked_about(agent: VideoAgent, by_context: bool) -> None:
    said = [
        (0.0, 8.0, "Welcome to the evening."),
        (8.0, 16.0, "We take a short break now."),
        (100.0, 108.0, "On we go, and now there is a long break with tea."),
        (600.0, 608.0, "Welcome back from the break."),
    ]
    video = put_talk(agent.library, "evening", 620.0, said)

    def breaks(span: Span) -> list[float]:
        context = ToolContext(agent.library, (video,), span if by_context else None, Meter(Limits()))
        found = pauses(context, "the break", span=None if by_context else span)
        return [pause.span.start_seconds for pause in found]

    assert breaks(Span(0.0, 620.0)) == [108.0]
    assert breaks(Span(0.0, 105.0)) == [16.0]
    assert breaks(Span(601.0, 620.0)) == []


def test_a_silence_is_found_by_what_is_said_when_it_begins(context: ToolContext) -> None:
    best = pauses(context, "a drop of ink in water")[0]
    assert (best.span.start_seconds, best.span.end_seconds) == (26.0, 70.0)


def test_a_talk_without_pauses_has_none(agent: VideoAgent) -> None:
    brisk = put_talk(
        agent.library, "brisk", 30.0, [(0.0, 9.0, "We never take a break."), (9.5, 20.0, "Go on.")]
    )
    context = ToolContext(agent.library, (brisk,), None, Meter(Limits()))
    assert pauses(context, "the break") == []
    assert pauses(context, "going on") == []


def test_how_long_a_silence_lasts_is_told_by_the_clock(tmp_path: Path) -> None:
    question = ground("How long is the interval?", 440.0)
    with Library.open(tmp_path) as library:
        video = put_talk(library, "glass", 440.0, SAID)
        (found,) = pauses(ToolContext(library, (video,), None, Meter(Limits())), question.query)
        done = [
            Done(ToolCall.of("pauses", "pause", query=question.query), (replace(found, probability=0.8),))
        ]
        claim = compose(library.encoder, question, done)[0]
    assert claim.text.startswith("5 min 24 s: 1:36–7:00, silence after: “Now stretch your legs")
