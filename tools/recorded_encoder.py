"""An encoder whose calls pass through a tape: recorded while it embeds, or replayed without it.

Owns what a call looks like on the tape. Each picture is told by the hash of its pixels and each text by itself, so
that batches of any size find what was recorded; a vector is base64 of its little-endian float32.
"""

import base64
import hashlib
from collections.abc import Callable, Sequence
from functools import cache, cached_property, partial

import numpy as np
from numpy.typing import NDArray

from rewatch.memory.encoders import Encoder, Encoders
from rewatch.tools.replay import Json, Tape

PART = "encoder"
"""Its part in a run, on the tape."""

Floats = NDArray[np.float32]


class RecordedEncoders:
    """Encoders by name, behind a tape. Safe to use from several threads."""

    def __init__(self, encoders: Encoders, tape: Tape) -> None:
        """Put a tape before encoders.

        Args:
            encoders: Opens them; a replay never asks it.
            tape: A recorder or a replay.
        """
        self._encoders = encoders
        self._tape = tape
        self._spaces: dict[str, str] = {}

    def space_of(self, name: str) -> str:
        """The embedding space that the name means, or meant."""
        if name not in self._spaces:
            request = {"call": "space", "name": name}
            self._spaces[name] = str(self._tape.call(PART, request, lambda: self._encoders.space_of(name)))
        return self._spaces[name]

    def open(self, name: str) -> "RecordedEncoder":
        """An encoder that is opened when it is first asked."""
        return RecordedEncoder(self.space_of(name), lambda: self._encoders.open(name), self._tape)


class RecordedEncoder:
    """An encoder behind a tape."""

    def __init__(self, space_id: str, open_encoder: Callable[[], Encoder], tape: Tape) -> None:
        self.space_id = space_id
        self._open = open_encoder
        self._tape = tape

    @cached_property
    def dimensions(self) -> int:
        """Numbers in a vector."""
        return int(self._call({"call": "dimensions"}, lambda: self._encoder.dimensions))

    def encode_images(self, images: Sequence[NDArray[np.uint8]]) -> Floats:
        """What the encoder makes, or made, of displayed frames: float32 `[N, dimensions]`."""
        requests = [{"call": "image", **_told(image)} for image in images]
        return self._vectors(requests, lambda: self._encoder.encode_images(images))

    def encode_texts(self, texts: Sequence[str]) -> Floats:
        """What the encoder makes, or made, of texts: float32 `[N, dimensions]`."""
        requests = [{"call": "text", "text": text} for text in texts]
        return self._vectors(requests, lambda: self._encoder.encode_texts(texts))

    @cached_property
    def _encoder(self) -> Encoder:
        return self._open()

    def _vectors(self, requests: Sequence[Json], encode: Callable[[], Floats]) -> Floats:
        """One call for each vector; the encoder is asked for all of them at once, when the first is wanted."""
        encoded = cache(encode)

        def vector(row: int) -> str:
            return base64.b64encode(encoded()[row].astype("<f4").tobytes()).decode()

        told = [self._call(request, partial(vector, row)) for row, request in enumerate(requests)]
        rows = [np.frombuffer(base64.b64decode(text), "<f4").astype(np.float32) for text in told]
        return np.stack(rows) if rows else np.zeros((0, self.dimensions), np.float32)

    def _call(self, request: Json, make: Callable[[], Json]) -> Json:
        return self._tape.call(PART, {**request, "space": self.space_id}, make)


def _told(image: NDArray[np.uint8]) -> Json:
    height, width = image.shape[:2]
    return {"width": width, "height": height, "sha256": hashlib.sha256(image.tobytes()).hexdigest()}
