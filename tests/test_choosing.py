"""A multiple choice is decided by the passages that answer its question."""

import pytest

from rewatch.agent.choosing import choose
from rewatch.agent.question import ground
from rewatch.memory.ingest.encoder import SentenceEncoder
from rewatch.memory.types import Observation, Span

OPTIONS = {"A": "Red brick", "B": "Limestone", "C": "Oak"}
QUESTION = ground("What was the tower built of?", 600.0, OPTIONS)


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    return SentenceEncoder()


def seen(name: str, start: float, text: str, score: float) -> Observation:
    return Observation(name, "towers", "search", "speech", Span(start, start + 5), text, score=score)


def test_the_option_that_a_relevant_passage_bears_out_is_chosen(encoder: SentenceEncoder) -> None:
    passages = [
        seen("stone", 40, "The first great tower was built of pale limestone blocks.", 2.0),
        seen("wood", 300, "The keeper's little boat was made of oak.", 0.4),
    ]
    claims = choose(encoder, QUESTION, passages)
    assert claims[0].text.startswith("B) Limestone: ")
    assert claims[0].evidence_ids == ("stone",)
    assert [claim.evidence_ids for claim in claims[1:]] == [("wood",)]


def test_without_passages_nothing_is_chosen(encoder: SentenceEncoder) -> None:
    assert choose(encoder, QUESTION, []) == []
