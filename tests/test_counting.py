"""Which number of a passage answers "how many"."""

import pytest

from rewatch.agent.counting import counted
from rewatch.memory.ingest.encoder import SentenceEncoder

TABLE = "What was in there\nprams\n116\nbicycles\n309\nsafes\n7"
COLUMNS = (
    "What the dyes cost\nshade | vats | pounds for 100 g\nindigo | 12 | 95\nred | 3 | 140\nwhite | none | 210"
)


@pytest.mark.parametrize(
    ("question", "text", "number"),
    [
        ("How many bicycles were found?", TABLE, "309"),
        ("How many prams were found?", TABLE, "116"),
        ("How many bicycles were found?", "prams | 116\nbicycles | 309\nsafes | 7", "309"),
        ("How many pounds does the table give for red?", COLUMNS, "140"),
        ("How many vats were there of indigo?", COLUMNS, "12"),
        ("How many steps did she climb?", "At 6 she climbed two hundred steps.", "two hundred"),
        (
            "How many heavy guns were lost?",
            "After twenty three hours they threw six cannon overboard.",
            "six",
        ),
        (
            "How many phones were cracked?",
            "Hands up whose phone has a crack. I make that nineteen, and one more.",
            "nineteen",
        ),
        ("How many boats sank?", "Only one boat sank.", "one"),
        ("How many people came?", "On the 5 nights before it rained, a crowd of 70 turned up.", "70"),
        ("How many rounds are needed?", "Fold\n4 rounds\n30 minutes apart", "4"),
        ("How many vibrations does it make?", "32,768 vibrations a second", "32,768"),
        ("How many boats passed?", "The boats passed at dawn.", ""),
    ],
)
def test_the_number_beside_what_is_counted_is_taken(question: str, text: str, number: str) -> None:
    found = counted(SentenceEncoder(), question, text)
    assert (text[found.start : found.end] if found else "") == number
