"""A vision-language model whose calls pass through a tape: recorded while it answers, or replayed without it.

Owns what a call looks like on the tape. Frames are told by their times and the hash of their pixels, so that a
replay needs the video and no model.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import cached_property
from typing import Any

from rewatch.memory.types import Cost, Frame, PictureCompression
from rewatch.tools.replay import Json, Tape
from rewatch.tools.vision import Reply, Seen, Vlm
from rewatch.tools.vision.footage import Footage

PART = "vlm"
"""Its part in a run, on the tape."""


class RecordedVlm:
    """A model behind a tape."""

    def __init__(self, model: Vlm, tape: Tape) -> None:
        """Put a tape before a model.

        Args:
            model: The model; a replay never asks it.
            tape: A recorder or a replay.
        """
        self._model = model
        self._tape = tape

    @cached_property
    def name(self) -> str:
        """The name of the model that is, or was, asked."""
        return str(self._call({"call": "name"}, lambda: self._model.name))

    def visual_tokens(self, frames: int, width: int, height: int) -> int:
        """What the model counts."""
        request = {"call": "visual_tokens", "frames": frames, "width": width, "height": height}
        return int(self._call(request, lambda: self._model.visual_tokens(frames, width, height)))

    def estimate(self, frames: int, width: int, height: int, prompt: str) -> Cost:
        """What the model estimates."""
        request = {"call": "estimate", "frames": frames, "width": width, "height": height, "prompt": prompt}
        return Cost(
            **self._call(request, lambda: asdict(self._model.estimate(frames, width, height, prompt)))
        )

    def answer(
        self, frames: Sequence[Frame], prompt: str, schema: type[Reply], footage: Footage | None = None
    ) -> Seen[Reply]:
        """What the model answers, or answered."""

        def make() -> Json:
            seen = self._model.answer(frames, prompt, schema, footage)
            reply = seen.reply.model_dump(mode="json")
            compression = asdict(seen.compression) if seen.compression else None
            told = {"reply": reply, "cost": asdict(seen.cost), "probability": seen.probability}
            return {**told, "compression": compression}

        request = {
            "call": "answer",
            "prompt": prompt,
            "schema": schema.model_json_schema(),
            "frames": [told_frame(frame) for frame in frames],
        }
        told = self._call(request, make)
        compression = told.get("compression")  # tapes of earlier versions have none
        return Seen(
            schema.model_validate(told["reply"]),
            Cost(**told["cost"]),
            told["probability"],
            PictureCompression(**compression) if compression else None,
        )

    def yes_probability(self, frames: Sequence[Frame], question: str) -> float | None:
        """What the model finds, or found."""
        request = {"call": "yes", "question": question, "frames": [told_frame(frame) for frame in frames]}
        told: float | None = self._call(request, lambda: self._model.yes_probability(frames, question))
        return told

    def _call(self, request: dict[str, Any], make: Callable[[], Json]) -> Json:
        return self._tape.call(PART, request, make)


def told_frame(frame: Frame) -> Json:
    """A frame as a tape names it."""
    height, width = frame.image.shape[:2]
    pixels = hashlib.sha256(frame.image.tobytes()).hexdigest()
    return {"seconds": frame.seconds, "width": width, "height": height, "sha256": pixels}
