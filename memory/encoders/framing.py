"""Bringing a frame to the size that a model sees, fast, and as the model's own library would.

Owns the geometry only; turning pixels into numbers around zero is done where the model runs. It imports no
model library, so that it can run in the processes that decode: what they send on is a fraction of a frame.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""uint8 `[height, width, 3]`, RGB."""


@dataclass(frozen=True, slots=True)
class Framing:
    """How frames are resized. Calling it resizes one; a frame of the right size comes back as it is."""

    height: int
    """Pixels that the model sees."""
    width: int
    """Pixels that the model sees."""
    crops: bool
    """Scale the shorter side and keep the middle square; else squeeze the whole frame."""
    interpolation: Literal["bicubic", "bilinear"] = "bicubic"
    odd_middle: Literal["even", "down"] = "even"
    """Where the middle begins when half a pixel is left over: at the even pixel, or at the one before."""

    def __call__(self, image: Image) -> Image:
        """Resize a frame to uint8 `[height, width, 3]`."""
        if image.shape[:2] == (self.height, self.width):
            return image
        from PIL import Image as Pillow

        filters = {"bicubic": Pillow.Resampling.BICUBIC, "bilinear": Pillow.Resampling.BILINEAR}
        size, box = (self.width, self.height), self._box(image.shape[1], image.shape[0])
        small = Pillow.fromarray(image).resize(size, filters[self.interpolation], box=box)
        return np.asarray(small, dtype=np.uint8)

    def _box(self, width: int, height: int) -> tuple[float, float, float, float]:
        """The part of a frame that is kept: left, top, right and bottom, in its own pixels.

        Pillow's filter reaches beyond the box, so that this gives the pixels of scaling the whole frame and
        cropping it afterwards.
        """
        if not self.crops:
            return 0.0, 0.0, float(width), float(height)
        short = min(width, height)
        scaled_width, scaled_height = int(self.width * width / short), int(self.height * height / short)
        left, top = self._before(scaled_width - self.width), self._before(scaled_height - self.height)
        across, down = width / scaled_width, height / scaled_height
        return left * across, top * down, (left + self.width) * across, (top + self.height) * down

    def _before(self, surplus: int) -> int:
        """Pixels left out before the middle."""
        return surplus // 2 if self.odd_middle == "down" else round(surplus / 2)


def as_it_is(image: Image) -> Image:
    """Leave a frame to the preprocessing of the encoder itself."""
    return image
