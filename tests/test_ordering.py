"""What comes first, by the times at which things are named."""

from rewatch.agent.calls import ToolCall
from rewatch.agent.ordering import order
from rewatch.agent.planners import Done
from rewatch.agent.question import ground
from rewatch.memory.types import Observation, Span

QUESTION = ground("Which banned the cream first, Hawaii or Palau?", 600.0)


def named(number: int, start: float, text: str) -> Done:
    """What the search for one of the things found."""
    seen = Observation(f"{number}", "reefs", "search", "speech", Span(start, start + 5), text, score=1.0)
    return Done(ToolCall.of("search", f"target {number}", query=""), (seen,))


def test_the_earlier_passage_comes_first() -> None:
    claims = order(QUESTION, [named(1, 90, "Hawaii followed."), named(2, 40, "Palau forbade it.")])
    assert claims[0].text.startswith("“Palau” comes first (0:40)")


def test_within_one_passage_the_earlier_word_comes_first() -> None:
    both = "Palau forbade it in January, and Hawaii followed a year afterwards."
    claims = order(QUESTION, [named(1, 40, both), named(2, 40, both)])
    assert claims[0].text.startswith("“Palau” comes first")


def test_nothing_is_said_of_the_order_when_one_thing_was_not_found() -> None:
    claims = order(QUESTION, [named(1, 40, "Hawaii is an island.")])
    assert [claim.evidence_ids for claim in claims] == [("1",)]
    assert "comes first" not in claims[0].text
