"""Options of a multiple choice as statements: what a number, an order or an absence bears out."""

import pytest

from rewatch.agent.options import for_absence, for_number, for_order, ordered_things, speaks_of_another
from rewatch.agent.question import ground


def lettered(*texts: str) -> dict[str, str]:
    return dict(zip("ABCDE", texts, strict=False))


@pytest.mark.parametrize(
    ("texts", "number", "letter"),
    [
        (("1", "2", "3", "4"), 3, "C"),
        (("once", "twice", "three times"), 2, "B"),
        (("never", "once", "more than once"), 4, "C"),
        (("0 to 2", "3 to 5", "6 or more"), 5, "B"),
        (("0 to 2", "3 to 5", "6 or more"), 9, "C"),
        (("fewer than 3", "at least 3"), 3, "B"),
        (("often", "rarely"), 3, None),
        (("2", "4"), 3, None),
        (("two", "2"), 2, None),
    ],
)
def test_a_number_bears_out_the_one_option_that_says_it(
    texts: tuple[str, ...], number: int, letter: str | None
) -> None:
    assert for_number(lettered(*texts), number) == letter


@pytest.mark.parametrize(
    ("texts", "last", "letter"),
    [
        (("the coil", "the magnet"), False, "B"),
        (("the coil", "the magnet"), True, "A"),
        (("The coil, then the magnet", "The magnet, then the coil"), False, "B"),
        (("coil before magnet", "coil after magnet"), False, "B"),
        (("coil -> magnet", "magnet -> coil"), False, "B"),
        (("both at once", "neither"), False, None),
    ],
)
def test_an_order_bears_out_the_one_option_that_tells_it(
    texts: tuple[str, ...], last: bool, letter: str | None
) -> None:
    in_time = ["the magnet", "the coil"]
    assert for_order(lettered(*texts), in_time, last=last, agrees=True) == letter


def test_yes_and_no_are_options_of_an_order() -> None:
    options = lettered("Yes", "No, the coil comes first")
    assert for_order(options, ["magnet", "coil"], last=False, agrees=True) == "A"
    assert for_order(options, ["magnet", "coil"], last=False, agrees=False) == "B"


def test_options_that_are_orders_name_the_things_to_find() -> None:
    orders = lettered("lens, whistle, satellites", "whistle, then lens, and satellites", "none of these")
    assert ordered_things(orders) == ("lens", "whistle", "satellites")
    assert ground("How does the talk go on?", 60.0, orders).targets == ("lens", "whistle", "satellites")
    assert ordered_things(lettered("salt, pepper", "salt, sugar")) == ()
    assert ordered_things(lettered("salt", "salt")) == ()


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Which of these is mentioned first?", "order"),
        ("What comes last in the talk?", "order"),
        ("What was the first tower built of?", "what"),
    ],
)
def test_what_comes_first_may_be_named_by_the_options_alone(text: str, kind: str) -> None:
    assert ground(text, 60.0, lettered("oak", "steel", "brick")).type == kind


@pytest.mark.parametrize(
    "text",
    [
        "none of these",
        "None of the above",
        "The video does not say",
        "she never mentions it",
        "It is not shown",
        "not mentioned in the video",
        "cannot be determined",
    ],
)
def test_an_option_may_say_that_there_is_no_answer(text: str) -> None:
    assert for_absence(lettered("oak", "steel", text)) == "C"


@pytest.mark.parametrize(
    "text", ["Nothing", "no bicycles", "he was not told", "She did not say goodbye", "none of the oak"]
)
def test_a_negation_is_not_yet_an_absence(text: str) -> None:
    assert for_absence(lettered("oak", text)) is None


@pytest.mark.parametrize(
    ("query", "text", "other"),
    [
        ("the mayor of Boston", "The mayor of Chicago resigned.", True),
        ("the price of the blue boat", "The price of the red boat is nine pounds.", True),
        ("the price of the blue boat", "The price of the blue boat is nine pounds.", False),
        ("the price of the blue boat", "Our blue boat costs nine pounds.", False),
        (
            "secret word of the blue bicycle",
            "The secret word of the blue saddle is feather. Close the road to cars, not to bicycles.",
            True,
        ),
        (
            "secret word of the blue bicycle",
            "The secret word of the blue saddle is feather. The secret word of the blue bicycle is basket.",
            False,
        ),
        ("the tower in Alexandria built", "The first great tower stood in Alexandria, of limestone.", False),
    ],
)
def test_a_passage_that_tells_it_of_another_thing_is_known(query: str, text: str, other: bool) -> None:
    assert speaks_of_another(query, text) is other
