"""Scoring by an open-vocabulary detector: OWLv2, OWL-ViT, Grounding DINO and their successors in transformers.

A score is the confidence of the best box for the query. Small frames on one tile are detected at once: each box belongs
to the cell that holds its centre.
"""

import inspect
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rewatch.memory.errors import ToolError
from rewatch.memory.types import Box, Frame
from rewatch.tools.seek.evidence import Scale
from rewatch.tools.seek.looks import Price
from rewatch.tools.seek.scorers import Scores
from rewatch.tools.seek.scorers.tiles import cell_of, compose

_BATCH = 8
_SENTENCE_MODELS = ("grounding", "dino", "llmdet")
"""Families that read a query as a lower-case sentence with a full stop."""


class DetectorScorer:
    """A zero-shot object detector of transformers. Used from one thread at a time."""

    scale: Scale = "logit"
    price = Price(picture=300.0, frame=30.0, grid=4)

    def __init__(self, name: str, model: Any, processor: Any) -> None:
        """Take an open model.

        Args:
            name: Names the model in observations.
            model: What `AutoModelForZeroShotObjectDetection` opens.
            processor: Its processor.
        """
        self.name = f"detector {name}"
        self._model = model.eval()
        self._processor = processor
        family = str(model.config.model_type).lower()
        self._sentences = any(part in family for part in _SENTENCE_MODELS)
        self._told = inspect.signature(processor.post_process_grounded_object_detection).parameters

    def score(self, frames: Sequence[Frame], queries: Sequence[str]) -> Scores:
        """The best box of each query on each frame."""
        values, boxes = np.zeros((len(frames), len(queries))), []
        found = self._detect([frame.image for frame in frames], queries)
        for row, of_frame in enumerate(found):
            best = [max(seen, default=(0.0, None), key=lambda item: item[0]) for seen in of_frame]
            values[row] = [confidence for confidence, _ in best]
            boxes.append(tuple(box for _, box in best))
        return Scores(values, tuple(boxes))

    def score_tile(self, frames: Sequence[Frame], queries: Sequence[str]) -> Scores:
        """The best box of each query in each cell of one tile."""
        grid = self.price.grid
        values = np.zeros((grid * grid, len(queries)))
        boxes: list[list[Box | None]] = [[None] * len(queries) for _ in range(grid * grid)]
        for query, seen in enumerate(self._detect([compose(frames, grid)], queries)[0]):
            for confidence, box in seen:
                cell, inside = cell_of(box, grid)
                if confidence > values[cell, query]:
                    values[cell, query], boxes[cell][query] = confidence, inside
        return Scores(values[: len(frames)], tuple(tuple(row) for row in boxes[: len(frames)]))

    def _detect(
        self, images: Sequence[NDArray[np.uint8]], queries: Sequence[str]
    ) -> list[list[list[tuple[float, Box]]]]:
        """Every box with its confidence, for each image and query."""
        found: list[list[list[tuple[float, Box]]]] = [[] for _ in images]
        for query in queries:
            for first in range(0, len(images), _BATCH):
                batch = images[first : first + _BATCH]
                for number, seen in enumerate(self._run(batch, self._worded(query))):
                    found[first + number].append(seen)
        return found

    def _worded(self, query: str) -> str:
        words = " ".join(query.split())
        return f"{words.lower().rstrip('.')}." if self._sentences else f"a photo of {words}"

    def _run(self, images: Sequence[NDArray[np.uint8]], text: str) -> list[list[tuple[float, Box]]]:
        import torch

        texts: list[Any] = [text] * len(images) if self._sentences else [[text]] * len(images)
        try:
            inputs = self._processor(images=list(images), text=texts, return_tensors="pt")
            inputs = inputs.to(self._model.device)
            with torch.inference_mode():
                outputs = self._model(**inputs)
            options: dict[str, Any] = {
                "threshold": 0.0,
                "target_sizes": [image.shape[:2] for image in images],
            }
            if "text_threshold" in self._told:
                options["text_threshold"] = 0.0
            if "input_ids" in self._told:
                options["input_ids"] = inputs["input_ids"]
            results = self._processor.post_process_grounded_object_detection(outputs, **options)
        except (RuntimeError, ValueError, TypeError) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise ToolError(f"{self.name} failed: {reason}") from error
        return [
            _boxes(result["scores"].float().tolist(), result["boxes"].float().tolist(), image.shape[:2])
            for result, image in zip(results, images, strict=True)
        ]


def open_detector(name: str, *, device: str = "auto", dtype: str = "auto") -> DetectorScorer:
    """Open a detector by name or folder.

    Args:
        name: A model on the hub or a folder.
        device: Where it runs: "auto", "cpu", "cuda", "cuda:1", "mps".
        dtype: Number type of its weights.

    Raises:
        ToolError: It is missing, or no such detector.
    """
    try:
        import torch
        from transformers import AutoModelForZeroShotObjectDetection, AutoProcessor

        processor: Any = AutoProcessor.from_pretrained(name)  # type: ignore[no-untyped-call]
        model = AutoModelForZeroShotObjectDetection.from_pretrained(name, dtype=dtype)
        place = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
        return DetectorScorer(name, model.to(place), processor)
    except (ImportError, OSError, ValueError, RuntimeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ToolError(
            f"the detector {name!r} cannot be opened ({reason}); name an OWLv2 or Grounding DINO model or its folder"
        ) from error


def _boxes(
    confidences: list[float], boxes: list[list[float]], shape: tuple[int, ...]
) -> list[tuple[float, Box]]:
    """Boxes in pixels as shares of the frame, clipped to it."""
    height, width = shape
    clipped = []
    for confidence, (x0, y0, x1, y1) in zip(confidences, boxes, strict=True):
        left, right = (min(max(edge / width, 0.0), 1.0) for edge in (x0, x1))
        top, bottom = (min(max(edge / height, 0.0), 1.0) for edge in (y0, y1))
        clipped.append((confidence, (left, top, right, bottom)))
    return clipped
