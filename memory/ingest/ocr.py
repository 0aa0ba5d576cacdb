"""Reading a picture: boxes of text and the words in them, by the models that ship with rapidocr.

Owns the scale at which text is looked for, recognition line by line, and what is too doubtful to keep. Its
models are called directly: recognising each line at its own width instead of in padded batches, and looking
for boxes on the frame's own scale, takes a third of the package's time for the same words. Spaces are
`ocr_words`' work; when to read a frame is decided in `screen_text`. What is read is data, never instructions.
"""

import math
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from rewatch.memory.errors import ToolError
from rewatch.memory.ingest.ocr_words import LINE_PIXELS, repaired, separate
from rewatch.memory.types import Box

MODEL_NAME = "rapidocr PP-OCRv4"
Quad = NDArray[np.float32]
"""float32 `[4, 2]`: corners in pixels, clockwise from the top left one."""

_LOOK_PIXELS = 640
"""Length of the frame at which text is first looked for: finds letters of 7 pixels there, in 0.1 s."""
_FINE_PIXELS = 960
"""Length at which small text is looked for again, so that its lines are not merged: 0.3 s."""
_SMALL_BOX_PIXELS = 18.5
"""Boxes lower than this on the first look hold letters of at most 14 pixels."""
_BLOCK = 32
"""The detector's input is a multiple of this in both directions."""
_SUSPICION = 0.05
"""Probability of text from which one pixel makes a place suspect. Pictures of the natural world stay below 0.005;
what is found has a mean of 0.5 at least."""
_LEAST_BLOCKS = 2
"""Side of the smallest part of a picture that is looked at by itself, in blocks."""
_LEAST_BOX_PIXELS = 3
_COLUMN_PIXELS = 8
"""Columns of a line's image for each step of the recogniser."""
_LEAST_WIDTH_PIXELS = 160
_LONGEST_WIDTH_PIXELS = 4800
_SURE, _SURE_WHEN_SHORT = 0.6, 0.8
"""Mean probability of its characters below which a line is dropped; pictures are read as one or two doubtful
characters."""
_LARGE, _SURE_WHEN_WHOLE = 0.12, 0.9
"""Share of the frame's height from which a box may hold two lines, or a thing that looks like a letter, and the
confidence below which it is read in halves."""
_UPRIGHT = 1.5
"""A box this many times higher than wide holds text turned by 90 degrees."""


@dataclass(frozen=True, slots=True)
class ReadLine:
    """One line of text in a picture."""

    text: str
    box: Box
    confidence: float
    """Mean probability of its characters."""


class ScreenReader:
    """The loaded models. Used from one thread at a time; lines of one picture are read in parallel."""

    def __init__(self, threads: int = 0) -> None:
        """Load the models: 0.9 s, 60 MB.

        Args:
            threads: How many to use; 0 takes one for each core.

        Raises:
            ToolError: The packages or their model files are missing or broken.
        """
        self._threads = threads or os.cpu_count() or 1
        try:
            self._detector, self._boxes, self._recogniser = _load(self._threads)
        except Exception as error:  # whatever a broken installation raises
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            remedy = "pip install --force-reinstall rapidocr-onnxruntime"
            raise ToolError(f"the OCR models cannot be loaded ({reason}); {remedy}") from error
        listed = self._recogniser.get_modelmeta().custom_metadata_map["character"].splitlines()
        self._characters: list[str] = ["", *listed, " "]
        self._space = len(listed) + 1
        self._pool = ThreadPoolExecutor(self._threads)
        self._small_print = False

    def may_hold_text(self, image: NDArray[np.uint8], places: Sequence[Box]) -> bool:
        """Whether there is anything like text in places: a quarter of the time of `find` for what a picture of the
        natural world makes one look at.

        Args:
            image: uint8 `[height, width, 3]`, RGB.
            places: Boxes around what may be text.
        """
        picture = _shrunk(image, _LOOK_PIXELS)
        return any(self._is_suspect(picture, place) for place in places)

    def find(self, image: NDArray[np.uint8]) -> list[Quad]:
        """Find lines of text. Where the picture before held small print, it is looked for at once.

        Args:
            image: uint8 `[height, width, 3]`, RGB.

        Returns:
            Their corners, top to bottom and left to right.
        """
        quads = self._detect(image, _FINE_PIXELS if self._small_print else _LOOK_PIXELS)
        looked_closely, self._small_print = self._small_print, _is_small(quads, image)
        if self._small_print and not looked_closely:
            quads = self._detect(image, _FINE_PIXELS)
        return _in_reading_order(quads)

    def read(self, image: NDArray[np.uint8], quads: Sequence[Quad]) -> list[ReadLine]:
        """Read the text in boxes.

        Args:
            image: uint8 `[height, width, 3]`, RGB.
            quads: Boxes from `find`.

        Returns:
            The legible lines, in the order of the boxes.
        """
        return [
            line
            for lines in self._pool.map(lambda quad: self._lines_in(image, quad), quads)
            for line in lines
        ]

    def close(self) -> None:
        """End the reading threads."""
        self._pool.shutdown()

    def _detect(self, image: NDArray[np.uint8], longest_pixels: int) -> list[Quad]:
        height, width = image.shape[:2]
        quads = self._boxes(_output(self._detector, _shrunk(image, longest_pixels)), (height, width))[0]
        inside = (np.clip(quad, 0, (width - 1, height - 1)).astype(np.float32) for quad in quads)
        return [quad for quad in inside if min(_width(quad), _height(quad)) > _LEAST_BOX_PIXELS]

    def _is_suspect(self, picture: NDArray[np.uint8], place: Box) -> bool:
        """Whether any pixel of a part of the picture may be text."""
        rows, columns = picture.shape[:2]
        down, across = _blocks(place[1], place[3], rows), _blocks(place[0], place[2], columns)
        part = np.ascontiguousarray(picture[down, across])
        return float(_output(self._detector, part).max()) > _SUSPICION

    def _lines_in(self, image: NDArray[np.uint8], quad: Quad) -> list[ReadLine]:
        """Read a box; one that holds two lines of a large title is read in halves."""
        height, width = image.shape[:2]

        def read(part: Quad) -> ReadLine:
            text, confidence = self._recognise(_cut_out(image, part))
            return ReadLine(text, box_of(part, width, height), confidence)

        whole, share = read(quad), _height(quad) / height
        if share > _LARGE and whole.confidence < _SURE_WHEN_WHOLE:
            halves = [read(half) for half in _halves(quad)]
            if all(half.text and half.confidence > whole.confidence for half in halves):
                return halves
        legible = whole.text and not (share > _LARGE and len(whole.text) == 1)
        return [whole] if legible else []

    def _recognise(self, crop: NDArray[np.uint8]) -> tuple[str, float]:
        """Read one line: its text with spaces ("" when too doubtful) and its confidence."""
        ratio = crop.shape[1] / crop.shape[0]
        width = min(max(int(np.ceil(LINE_PIXELS * ratio)), 1), _LONGEST_WIDTH_PIXELS)
        padded = np.full((LINE_PIXELS, _multiple(max(width, _LEAST_WIDTH_PIXELS)), 3), 127, np.uint8)
        padded[:, :width] = cv2.resize(crop, (width, LINE_PIXELS))
        probabilities = _output(self._recogniser, padded)[0]
        best = probabilities.argmax(axis=1)
        steps = np.flatnonzero((best != np.r_[-1, best[:-1]]) & (best != 0) & (best != self._space))
        if len(steps) == 0:
            return "", 0.0
        confidence = float(probabilities[steps, best[steps]].mean())
        text = "".join(self._characters[best[step]] for step in steps)
        if confidence < (_SURE if len(text) > 2 else _SURE_WHEN_SHORT):
            return "", confidence
        spaces = probabilities[:, self._space]
        between = np.array([spaces[a : b + 1].max() for a, b in pairwise(steps)])
        centres = (steps + np.float64(0.5)) * _COLUMN_PIXELS
        return repaired(separate(text, centres, between, crop)), confidence


def _load(threads: int) -> tuple[Any, Any, Any]:
    """Load the detector, which gets all threads, what makes boxes of its result, and the recogniser, which is
    called from that many threads."""
    import rapidocr_onnxruntime
    from rapidocr_onnxruntime.ch_ppocr_det.utils import DBPostProcess

    from rewatch.memory.ingest.ocr_networks import open_network

    cv2.setNumThreads(threads)
    folder = Path(rapidocr_onnxruntime.__file__).parent / "models"
    detector = open_network(folder / "ch_PP-OCRv4_det_infer.onnx", threads)
    recogniser = open_network(folder / "ch_PP-OCRv4_rec_infer.onnx", 1)
    boxes = DBPostProcess(thresh=0.3, box_thresh=0.5, unclip_ratio=1.6, use_dilation=True)
    return detector, boxes, recogniser


def _output(network: Any, image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Run a network on an RGB picture."""
    (result,) = network.run(None, {network.get_inputs()[0].name: _network_input(image)})
    output: NDArray[np.float32] = result
    return output


def _shrunk(image: NDArray[np.uint8], longest_pixels: int) -> NDArray[np.uint8]:
    """The picture at about that length, its sides multiples of the detector's block."""
    height, width = image.shape[:2]
    scale = longest_pixels / max(height, width)
    rows, columns = (max(round(side * scale / _BLOCK), 1) * _BLOCK for side in (height, width))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (columns, rows), interpolation=way), np.uint8)


def _blocks(start: float, end: float, length: int) -> slice:
    """Pixels around a stretch, given in shares of a length, that make up whole blocks, two or more."""
    first, last = int(start * length), math.ceil(end * length)
    size = min(max(-(-(last - first) // _BLOCK), _LEAST_BLOCKS) * _BLOCK, length)
    begin = min(max((first + last - size) // 2, 0), length - size)
    return slice(begin, begin + size)


def _network_input(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """RGB to the models' BGR, float32 `[1, 3, height, width]`, -1 to 1."""
    pixels = image[:, :, ::-1].transpose(2, 0, 1)[None].astype(np.float32)
    scaled: NDArray[np.float32] = pixels / np.float32(127.5) - np.float32(1)
    return scaled


def _cut_out(image: NDArray[np.uint8], quad: Quad) -> NDArray[np.uint8]:
    """Straighten the picture inside a box; upright text is turned to lie."""
    width = max(int(_width(quad)), 1)
    height = max(int(_height(quad)), 1)
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    turn = cv2.getPerspectiveTransform(quad, corners)
    crop: NDArray[np.uint8] = cv2.warpPerspective(
        image, turn, (width, height), borderMode=cv2.BORDER_REPLICATE, flags=cv2.INTER_CUBIC
    )
    return np.ascontiguousarray(np.rot90(crop)) if height / width >= _UPRIGHT else crop


def _halves(quad: Quad) -> tuple[Quad, Quad]:
    """The upper and the lower half of a box."""
    top_left, top_right, bottom_right, bottom_left = quad
    left, right = (top_left + bottom_left) / 2, (top_right + bottom_right) / 2
    return (
        np.array([top_left, top_right, right, left], np.float32),
        np.array([left, right, bottom_right, bottom_left], np.float32),
    )


def _is_small(quads: Sequence[Quad], image: NDArray[np.uint8]) -> bool:
    """Whether most boxes are so low that they are to be looked for at the fine scale."""
    if not quads:
        return False
    height = float(np.median([_height(quad) for quad in quads]))
    return bool(height * _LOOK_PIXELS / max(image.shape[:2]) < _SMALL_BOX_PIXELS)


def _in_reading_order(quads: Sequence[Quad]) -> list[Quad]:
    """Sort boxes into rows, top to bottom, and rows left to right."""
    rows: list[list[Quad]] = []
    for quad in sorted(quads, key=_middle):
        if rows and _middle(quad) - _middle(rows[-1][0]) < _height(rows[-1][0]) / 2:
            rows[-1].append(quad)
        else:
            rows.append([quad])
    by_left: Callable[[Quad], float] = lambda quad: float(quad[:, 0].min())  # noqa: E731
    return [quad for row in rows for quad in sorted(row, key=by_left)]


def _middle(quad: Quad) -> float:
    return float(quad[:, 1].mean())


def _width(quad: Quad) -> float:
    return float(max(np.linalg.norm(quad[0] - quad[1]), np.linalg.norm(quad[2] - quad[3])))


def _height(quad: Quad) -> float:
    return float(max(np.linalg.norm(quad[0] - quad[3]), np.linalg.norm(quad[1] - quad[2])))


def box_of(quad: Quad, width: int, height: int) -> Box:
    """The upright box around a quadrilateral, 0 to 1 of a frame of that many pixels."""
    (left, top), (right, bottom) = quad.min(axis=0), quad.max(axis=0)
    return (float(left) / width, float(top) / height, float(right) / width, float(bottom) / height)


def _multiple(width: int) -> int:
    return -(-width // _COLUMN_PIXELS) * _COLUMN_PIXELS
