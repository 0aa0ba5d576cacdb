"""Which numbers a text states."""

import pytest

from rewatch.tools.numbers import numbers


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("twenty-three hours", (23,)),
        ("two hundred steps", (200,)),
        ("more than a hundred and thirty species", (130,)),
        ("in nineteen eighty one", (1981,)),
        ("around twelve seventy", (1270,)),
        ("since eighteen ninety-six", (1896,)),
        ("in January two thousand and twenty", (2020,)),
        ("twenty twenty", (2020,)),
        ("two million three hundred thousand", (2_300_000,)),
        ("six and seven", (6, 7)),
        ("five six", (5, 6)),
        ("3 dozen eggs, 1,250 loaves and 2.5 pounds", (36, 1250, 2.5)),
        ("a dozen and a half", (12,)),
        ("nothing and nobody", ()),
    ],
)
def test_numbers_are_read_in_digits_and_in_words(text: str, values: tuple[float, ...]) -> None:
    assert numbers(text) == values
