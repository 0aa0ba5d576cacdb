"""What a model writes becomes a validated reply, with the probability of what carries it."""

import math

import pytest
from pydantic import BaseModel

from rewatch.memory.errors import ModelOutputError
from rewatch.memory.types import Cost
from rewatch.tools.vision.structured import Repair, Token, Written, validated, yes_probability


class Reply(BaseModel):
    place: str
    sure: bool = True


def _reply(text: str, *tokens: tuple[str, float]) -> Written:
    return Written(text, Cost(llm_tokens=10), tuple(Token(piece, math.log(p)) for piece, p in tokens))


@pytest.mark.parametrize(
    "text",
    [
        '{"place": "here"}',
        'Sure! {"place": "here"} I hope that helps.',
        '```json\n{"place": "here"}\n```',
        'A {brace} first, then {"place": "here"}',
        '<think>{maybe}</think>{"place": "here", "more": 1}',
    ],
)
def test_the_first_object_counts_whatever_stands_around_it(text: str) -> None:
    seen = validated(lambda repair: _reply(text), Reply)
    assert seen.reply == Reply(place="here")
    assert seen.cost == Cost(llm_tokens=10)
    assert seen.probability is None


def test_the_repair_tells_the_model_what_was_wrong() -> None:
    asked: list[Repair | None] = []

    def write(repair: Repair | None) -> Written:
        asked.append(repair)
        return _reply('{"sure": true}' if repair is None else '{"place": "here"}')

    assert validated(write, Reply).cost == Cost(llm_tokens=20)
    (none, repair) = asked
    assert none is None
    assert repair is not None
    assert repair.reply == '{"sure": true}'
    assert "place: Field required" in repair.request
    assert '"properties"' in repair.request


def test_a_second_broken_reply_is_an_error_that_names_the_fault() -> None:
    with pytest.raises(ModelOutputError, match="sure: Input should be a valid boolean"):
        validated(lambda repair: _reply('{"place": "x", "sure": "perhaps"}'), Reply)


def test_the_probability_is_the_mean_over_the_first_fields_tokens() -> None:
    pieces = (('{"pla', 0.1), ('ce": ', 0.1), ('"he', 0.9), ('re"', 0.4), (', "sure"', 0.1), (": true}", 0.1))
    text = "".join(piece for piece, _ in pieces)
    seen = validated(lambda repair: _reply(text, *pieces), Reply)
    assert seen.probability == pytest.approx(math.sqrt(0.9 * 0.4))


def test_yes_is_weighed_against_no_whatever_the_case() -> None:
    tokens = [Token("Yes", math.log(0.3)), Token(" YES", math.log(0.1)), Token("no", math.log(0.1))]
    assert yes_probability(tokens) == pytest.approx(0.8)
    assert yes_probability([Token("Perhaps", -0.1)]) is None
