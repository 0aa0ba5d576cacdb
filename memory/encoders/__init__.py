"""Encoders that put pictures and words into one space, so that a text finds a picture.

Owns the contract. Sentences that are only compared with sentences are the work of `ingest.encoder`.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Encoder(Protocol):
    """A dual encoder of images and texts."""

    space_id: str
    """Names the embedding space: the same weights and preprocessing give the same name, others another."""
    dimensions: int

    def encode_images(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Embed displayed frames.

        Args:
            images: uint8 `[height, width, 3]` each, RGB; sizes may differ.

        Returns:
            float32 `[N, dimensions]`, unit length.
        """

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts: float32 `[N, dimensions]`, unit length."""
