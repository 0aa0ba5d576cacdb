"""A multiple choice is decided by the passages that answer its question."""

from dataclasses import replace

from rewatch.agent.choosing import choose
from rewatch.agent.question import ground
from rewatch.memory.types import Observation, Span

OPTIONS = {"A": "Red brick", "B": "Limestone", "C": "Oak"}
QUESTION = ground("What was the tower built of?", 600.0, OPTIONS)


def seen(name: str, start: float, text: str, score: float) -> Observation:
    return Observation(name, "towers", "search", "speech", Span(start, start + 5), text, score=score)


def test_the_option_that_a_relevant_passage_bears_out_is_chosen() -> None:
    passages = [
        seen("stone", 40, "The first great tower was built of pale limestone blocks.", 2.0),
        seen("wood", 300, "The keeper's little boat was made of oak.", 0.4),
    ]
    claims = choose(QUESTION, passages)
    assert claims[0].text.startswith("B) Limestone: ")
    assert claims[0].evidence_ids == ("stone",)
    assert [claim.evidence_ids for claim in claims[1:]] == [("wood",)]


def test_a_sentence_about_another_thing_lends_its_word_to_none() -> None:
    options = {"A": "harvest", "B": "harbour", "C": "orchard", "D": "lantern"}
    question = ground("What is the secret word of the white suitcase?", 600.0, options)
    both = (
        "The secret word of the white suitcase is harbour. The secret word of the silver kettle is orchard."
    )
    passages = [
        seen("both", 40, both, 2.0),
        seen("other", 46, "The secret word of the silver kettle is orchard.", 1.9),
    ]
    assert choose(question, passages)[0].text.startswith("B) harbour: ")


def test_without_passages_nothing_is_chosen() -> None:
    assert choose(QUESTION, []) == []


def test_a_passage_that_answers_only_beside_another_is_not_chosen_where_there_may_be_no_answer() -> None:
    options = {"A": "harvest", "B": "harbour", "C": "the video does not say"}
    question = ground("What is the secret word of the white suitcase?", 600.0, options)
    beside = seen("beside", 40, "They had divided the grove with a line of whitewashed stones.", 2.0)
    tells = seen("tells", 50, "The secret word of the white suitcase is harbour.", 1.0)
    believed = [replace(passage, probability=0.9) for passage in (beside, tells)]
    assert choose(question, believed)[0].evidence_ids == ("tells",)
    assert choose(question, believed[:1]) == []


def test_an_option_is_not_lost_with_a_passage_that_is_too_unlikely_to_be_cited() -> None:
    stone = seen("stone", 40, "The first great tower was built of pale limestone blocks.", 1.0)
    slide = seen("slide", 44, "What was the tower built of? / Limestone", 0.4)
    passages = [replace(stone, probability=0.6), replace(slide, probability=0.1)]
    claims = choose(QUESTION, passages)
    assert claims[0].text.startswith("B) Limestone: ")
    assert claims[0].evidence_ids == ("stone",)
