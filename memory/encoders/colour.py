"""An encoder without weights that knows colours and nothing else.

It says how much of a picture is red, green, and so on through the eleven basic colour terms of English (Berlin
and Kay 1969, Basic Color Terms), and matches that with the colour words of a text. Its answers follow from its
construction, so that visual search can be tried, shown and tested where no model is at hand. It tells no
thing from another of the same colour.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rewatch.memory.encoders.framing import Framing, Image
from rewatch.memory.errors import SettingError

COLOURS = (
    *("black", "white", "grey", "red", "orange", "brown"),
    *("yellow", "green", "blue", "purple", "pink"),
)
"""The basic colour terms, in the order of the vector's numbers."""

_WORDS = {
    **{name: name for name in COLOURS},
    **dict.fromkeys(("gray", "silver"), "grey"),
    **dict.fromkeys(("crimson", "scarlet"), "red"),
    **dict.fromkeys(("golden", "gold"), "yellow"),
    **dict.fromkeys(("navy", "azure", "turquoise", "cyan", "teal"), "blue"),
    **dict.fromkeys(("violet", "lilac", "lavender"), "purple"),
    **dict.fromkeys(("magenta", "rose"), "pink"),
    **dict.fromkeys(("emerald", "lime", "olive"), "green"),
    **dict.fromkeys(("beige", "tan"), "brown"),
}
_BLACK_BELOW, _WHITE_ABOVE, _GREY_BELOW = 0.2, 0.85, 0.2
"""Value below which every hue is black; value above which what has little saturation is white; saturation
below which it has no hue."""
_DARK_BELOW, _PALE_BELOW = 0.65, 0.55
"""Value below which orange is brown; saturation below which red is pink."""
_HUES = ((15, "red"), (45, "orange"), (70, "yellow"), (165, "green"), (260, "blue"), (300, "purple"))
"""Upper ends in degrees; pink follows up to _RED_FROM, then red again."""
_RED_FROM = 340
_SIDE = 64
"""Pixels across the small picture that is counted."""


@dataclass(frozen=True, slots=True)
class ColourFamily:
    """The one encoder of this module, under the name "colour"."""

    def space_id(self, model: str) -> str:
        if model:
            raise SettingError(f"encoder 'colour:{model}' is unknown; colour has no models, write colour")
        return ColourEncoder.space_id

    def open(self, model: str, device: str, dtype: str) -> "ColourEncoder":
        self.space_id(model)
        return ColourEncoder()


class ColourEncoder:
    """Matches the shares of colours in a picture with the colour words of a text."""

    space_id = "colour@1"
    dimensions = len(COLOURS) + 1
    """One number a colour, and one that only texts without a colour have: they are like no picture."""
    batch_size = 64
    prepare = Framing(_SIDE, _SIDE, crops=False, interpolation="bilinear")

    def encode_images(self, images: Sequence[Image]) -> NDArray[np.float32]:
        """Embed frames: float32 `[N, dimensions]`, unit length, in proportion to each colour's pixels."""
        shares = np.zeros((len(images), self.dimensions), np.float32)
        for row, image in enumerate(images):
            names = _names(self.prepare(image))
            shares[row, : len(COLOURS)] = np.bincount(names.ravel(), minlength=len(COLOURS))
        return _unit(shares)

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts: float32 `[N, dimensions]`, unit length, by their colour words."""
        vectors = np.zeros((len(texts), self.dimensions), np.float32)
        for row, text in enumerate(texts):
            words = {_WORDS[word] for word in re.findall(r"[a-z]+", text.lower()) if word in _WORDS}
            vectors[row, [COLOURS.index(word) for word in words] or [len(COLOURS)]] = 1
        return _unit(vectors)


def _names(image: Image) -> NDArray[np.int64]:
    """The basic colour of each pixel, as a place in COLOURS, int64 `[height, width]`."""
    rgb = np.asarray(image / np.float32(255), np.float32)
    value, least = rgb.max(axis=2), rgb.min(axis=2)
    chroma = value - least
    saturation = chroma / np.maximum(value, 1e-6)
    hue = _hue(rgb, value, np.maximum(chroma, np.float32(1e-6)))
    place = np.select(
        [hue < end for end, _ in _HUES] + [hue < _RED_FROM],
        [COLOURS.index(name) for _, name in _HUES] + [COLOURS.index("pink")],
        COLOURS.index("red"),
    )
    is_red = place == COLOURS.index("red")
    place = np.where(is_red & (saturation < _PALE_BELOW), COLOURS.index("pink"), place)
    is_orange = place == COLOURS.index("orange")
    place = np.where(is_orange & (value < _DARK_BELOW), COLOURS.index("brown"), place)
    neutral = np.where(value > _WHITE_ABOVE, COLOURS.index("white"), COLOURS.index("grey"))
    place = np.where(saturation < _GREY_BELOW, neutral, place)
    return np.where(value < _BLACK_BELOW, COLOURS.index("black"), place).astype(np.int64)


def _hue(
    rgb: NDArray[np.float32], value: NDArray[np.float32], chroma: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Hue in degrees, 0 to 360."""
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    sixths = np.where(
        value == red,
        ((green - blue) / chroma) % 6,
        np.where(value == green, (blue - red) / chroma + 2, (red - green) / chroma + 4),
    )
    return np.asarray(sixths * 60, np.float32)


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), np.float32)
