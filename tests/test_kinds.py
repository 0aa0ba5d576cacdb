"""Whether a text holds the kind of thing that a question asks for."""

import pytest

from rewatch.tools.kinds import Kind, lacking


@pytest.mark.parametrize(
    ("kind", "question", "holding", "without"),
    [
        (
            "number",
            "How many steps are there?",
            "There are two hundred steps.",
            "One of the steps is broken.",
        ),
        ("number", "How many of the 12 came?", "Nine of the 12 came.", "All 12 were asked."),
        ("money", "What did the lens cost?", "It cost forty guineas.", "It was made in 1840."),
        ("money", "What does the tour cost?", "The tour is free.", "The tour takes two hours."),
        ("duration", "How long is the break?", "We stop for fifteen minutes.", "We stop here."),
        ("length", "How far does it shine?", "It shines for twenty miles.", "It shines brightly."),
        ("date", "In which year was it built?", "It was built in 1840.", "It was built of stone."),
        ("person", "Who lit the lamp?", "Her daughter lit the lamp.", "The lamp was lit at dusk."),
        ("name", "What was Fresnel's wife called?", "He married Clara Dunn.", "Then Fresnel went home."),
        ("place", "Where was it made?", "It was made in a shed.", "It was made well."),
        ("reason", "Why did they stop?", "They stopped because it rained.", "They stopped and went home."),
    ],
)
def test_what_is_asked_for_is_told_from_its_absence(
    kind: Kind, question: str, holding: str, without: str
) -> None:
    assert lacking([kind], question, [holding]) == ()
    assert lacking([kind], question, [without]) == (kind,)


def test_one_of_several_texts_is_enough() -> None:
    assert lacking(["duration"], "How long?", ["We stop here.", "Back in ten minutes."]) == ()


def test_nothing_lacks_when_nothing_is_asked_for() -> None:
    assert lacking([], "What is it?", ["A lamp."]) == ()
