"""The colour encoder finds what it was made to find: colours, and nothing else."""

import numpy as np
import pytest

from rewatch.memory.encoders.colour import COLOURS, ColourEncoder

ENCODER = ColourEncoder()

PURE = {
    "black": (8, 8, 8),
    "white": (250, 250, 250),
    "grey": (120, 122, 121),
    "red": (210, 20, 25),
    "orange": (245, 140, 20),
    "brown": (110, 65, 25),
    "yellow": (240, 225, 30),
    "green": (40, 160, 50),
    "blue": (30, 60, 200),
    "purple": (120, 30, 170),
    "pink": (245, 160, 185),
}


def plain(*colours: str) -> "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]":
    """A picture in equal stripes."""
    return np.repeat(np.array([PURE[name] for name in colours], np.uint8), 40, axis=0)[:, None].repeat(
        80, axis=1
    )


@pytest.mark.parametrize("name", COLOURS)
def test_a_colour_is_most_like_its_own_word(name: str) -> None:
    words = ENCODER.encode_texts([f"a {other} thing" for other in COLOURS])
    cosines = words @ ENCODER.encode_images([plain(name)])[0]
    assert COLOURS[int(cosines.argmax())] == name
    assert cosines.max() > 0.99


def test_the_larger_share_is_the_more_alike() -> None:
    mostly_red, mostly_blue = ENCODER.encode_images(
        [plain("red", "red", "blue"), plain("red", "blue", "blue")]
    )
    red, both = ENCODER.encode_texts(["a crimson bus", "red and blue"])
    assert mostly_red @ red > mostly_blue @ red
    assert ENCODER.encode_images([plain("red", "blue")])[0] @ both > 0.99


def test_a_text_without_colours_is_like_no_picture() -> None:
    text = ENCODER.encode_texts(["a bus on a street"])[0]
    pictures = ENCODER.encode_images([plain(name) for name in COLOURS])
    assert np.abs(pictures @ text).max() == 0
    assert np.linalg.norm(text) == pytest.approx(1)
