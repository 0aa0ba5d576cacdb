"""A passage that denies what a question supposes answers "no"."""

import pytest

from rewatch.agent.answer import Claim
from rewatch.agent.composition import worded
from rewatch.agent.question import ground


@pytest.mark.parametrize(
    ("question", "said", "answer"),
    [
        ("Did anyone die in the flood?", "Nobody died, barring some geese.", "No"),
        ("Does the smoke make them sleep?", "Smoke doesn't put them to sleep.", "No"),
        ("Did the dean accept the new time?", "The dean refused the new time for years.", "No"),
        ("Did the lamp burn all night?", "The lamp burned until dawn.", "Yes"),
        ("Is it true that nobody died?", "Nobody died, barring some geese.", "Yes"),
        ("Does she mention the geese?", "Nobody died, barring some geese.", "Yes"),
    ],
)
def test_a_denial_is_told_from_a_confirmation(question: str, said: str, answer: str) -> None:
    grounded = ground(question, 60.0)
    assert grounded.type == "yes_no"
    claim = Claim(f"0:10–0:15, said: “{said}”", "supported", ("a",))
    assert worded(grounded, [claim]).startswith(f"{answer}. ")


def test_what_is_said_decides_rather_than_a_slide() -> None:
    slide = Claim("0:00–0:30, on screen: “The flood of 1799”", "supported", ("a",))
    said = Claim("0:10–0:15, said: “Nobody died.”", "supported", ("b",))
    assert worded(ground("Did anyone die in the flood?", 60.0), [slide, said]).startswith("No. ")
