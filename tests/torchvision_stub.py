"""Import this before transformers or open_clip where torchvision's compiled operators do not load.

The registry's torchvision wheel is built for CUDA; beside a CPU build of torch its operators are missing and the
import of every library above it fails. Two operator schemas are enough for what the tests use.
"""

import ctypes
from importlib.util import find_spec
from pathlib import Path

import torch


def _operators_load() -> bool:
    spec = find_spec("torchvision")
    if spec is None or spec.origin is None:
        return True
    try:
        ctypes.CDLL(str(Path(spec.origin).with_name("_C.so")))
    except OSError:
        return False
    return True


LIBRARY = None
if not _operators_load():
    LIBRARY = torch.library.Library("torchvision", "DEF")
    LIBRARY.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    LIBRARY.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
