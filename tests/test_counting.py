"""Which number of a passage answers "how many"."""

import pytest

from rewatch.agent.counting import counted

TABLE = "What was in there\nprams\n116\nbicycles\n309\nsafes\n7"


@pytest.mark.parametrize(
    ("question", "text", "number"),
    [
        ("How many bicycles were found?", TABLE, "309"),
        ("How many prams were found?", TABLE, "116"),
        ("How many steps did she climb?", "At 6 she climbed two hundred steps.", "two hundred"),
        ("How many rounds are needed?", "Fold\n4 rounds\n30 minutes apart", "4"),
        ("How many vibrations does it make?", "32,768 vibrations a second", "32,768"),
        ("How many boats passed?", "Nineteen men were killed.", ""),
        ("How many boats passed?", "The boats passed at dawn.", ""),
    ],
)
def test_the_number_beside_what_is_counted_is_taken(question: str, text: str, number: str) -> None:
    assert counted(question, text) == number
