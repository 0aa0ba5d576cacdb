"""Encoders that put pictures and words into one space, so that a text finds a picture.

Owns the contract. `registry` opens encoders by name, the other modules are the encoders. Sentences that are
only compared with sentences are the work of `ingest.encoder`.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray


class Encoder(Protocol):
    """A dual encoder of images and texts."""

    @property
    def space_id(self) -> str:
        """Names the embedding space: the same weights and preprocessing give the same name, others another."""

    @property
    def dimensions(self) -> int:
        """Numbers in a vector."""

    def encode_images(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Embed displayed frames.

        Args:
            images: uint8 `[height, width, 3]` each, RGB; sizes may differ.

        Returns:
            float32 `[N, dimensions]`, unit length.
        """

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts: float32 `[N, dimensions]`, unit length."""


class Encoders(Protocol):
    """Where encoders come from."""

    def space_of(self, name: str) -> str:
        """The embedding space that a name means; no model is loaded for it.

        Raises:
            SettingError: The name means no encoder, or its weights have gone.
        """

    def open(self, name: str) -> Encoder:
        """Open an encoder; a model is loaded at its first use.

        Raises:
            SettingError: The name means no encoder, or its weights have gone.
        """


@runtime_checkable
class PreparingEncoder(Encoder, Protocol):
    """An encoder that lets others make frames small for it, and says how many it likes at once."""

    @property
    def prepare(self) -> Callable[[NDArray[np.uint8]], NDArray[np.uint8]]:
        """Resizes a frame as the model sees it; `encode_images` takes the result as it takes the frame.

        It can be pickled, and is called in the processes that decode.
        """

    @property
    def batch_size(self) -> int:
        """Frames that are best encoded at once."""
