"""What every encoder that runs in torch shares: device, precision, batches, and loading at first use.

Owns the way from frames to unit vectors around a model's two towers. Loading the towers is the work of
`open_clip_models` and `hf_models`. torch is imported when the model is loaded, not before.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from threading import Barrier, Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rewatch.memory.encoders.framing import Framing, Image, as_it_is
from rewatch.memory.errors import SettingError

if TYPE_CHECKING:
    import torch

_BATCH_ON_CPU, _BATCH_ON_GPU = 16, 128
"""Frames in one forward pass; a CPU runs one on each core."""


@dataclass(frozen=True, slots=True)
class Towers:
    """A loaded dual encoder."""

    dimensions: int
    encode_pixels: Callable[["torch.Tensor"], "torch.Tensor"]
    """Normalised pixels `[N, 3, H, W]` to vectors `[N, dimensions]`."""
    encode_texts: Callable[[Sequence[str]], "torch.Tensor"]
    """Texts to vectors `[N, dimensions]`."""
    framing: Framing | None
    """How frames are resized, where it is known; else `encode_frames` does all of it."""
    mean: tuple[float, float, float]
    """Of red, green and blue, 0 to 1; taken off each pixel."""
    std: tuple[float, float, float]
    """Each pixel is divided by it afterwards."""
    encode_frames: Callable[[Sequence[Image]], "torch.Tensor"]
    """Frames of any size to vectors, by the library's own preprocessing."""


class TorchEncoder:
    """A dual encoder in torch. May be shared between threads; it is loaded when first used."""

    def __init__(
        self,
        space_id: str,
        load: Callable[["torch.device", "torch.dtype"], Towers],
        device: str = "auto",
        dtype: str = "auto",
    ) -> None:
        """Prepare the encoder; nothing is loaded yet.

        Args:
            space_id: Names the embedding space.
            load: Loads the towers.
            device: A torch device, or "auto": the first GPU, else the CPU.
            dtype: Precision; "auto" takes half precision on a GPU and single precision on a CPU, where
                bfloat16 was slower.
        """
        self.space_id = space_id
        self._load = load
        self._device_name, self._dtype_name = device, dtype
        self._lock = Lock()
        self._loaded: tuple[Towers, torch.device, torch.dtype] | None = None

    @property
    def dimensions(self) -> int:
        return self._model()[0].dimensions

    @property
    def prepare(self) -> Callable[[Image], Image]:
        """Resizes a frame as the model sees it; can be pickled, and needs no model library."""
        return self._model()[0].framing or as_it_is

    @property
    def batch_size(self) -> int:
        """Frames that are best encoded at once."""
        import torch

        on_cpu = self._model()[1].type == "cpu"
        return _BATCH_ON_CPU * torch.get_num_threads() if on_cpu else _BATCH_ON_GPU

    def encode_images(self, images: Sequence[Image]) -> NDArray[np.float32]:
        """Embed frames: float32 `[N, dimensions]`, unit length.

        Args:
            images: uint8 `[height, width, 3]` each, RGB; sizes may differ. Prepared frames are taken as they
                are.
        """
        on_cpu = self._model()[1].type == "cpu"
        size = self._even_size(len(images)) if on_cpu else _BATCH_ON_GPU
        spreads = on_cpu and len(images) > size
        return self._in_batches(images, size, self._encode_batch, self._cores.map if spreads else map)

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Embed texts: float32 `[N, dimensions]`, unit length; a text too long for the model is cut."""
        # One after another: a tokenizer may not be used by two threads at once.
        return self._in_batches(texts, _BATCH_ON_CPU, self._model()[0].encode_texts, map)

    def _encode_batch(self, images: Sequence[Image]) -> "torch.Tensor":
        import torch

        towers, device, dtype = self._model()
        if towers.framing is None:
            return towers.encode_frames(images)
        pixels = torch.from_numpy(np.stack([towers.framing(image) for image in images])).to(device)
        mean = torch.tensor(towers.mean, device=device).mul(255)
        std = torch.tensor(towers.std, device=device).mul(255)
        values = pixels.float().sub_(mean).div_(std).to(dtype)
        return towers.encode_pixels(values.permute(0, 3, 1, 2).contiguous())

    def _in_batches(
        self,
        items: Sequence[Any],
        size: int,
        encode: Callable[[Any], "torch.Tensor"],
        run: Callable[..., Iterator[NDArray[np.float32]]],
    ) -> NDArray[np.float32]:
        batches = [items[first : first + size] for first in range(0, len(items), size)]
        found = list(run(partial(_unit_vectors, encode), batches))
        return np.concatenate(found) if found else np.zeros((0, self.dimensions), np.float32)

    def _even_size(self, count: int) -> int:
        """How many frames a core takes at once, so that all end together: at most _BATCH_ON_CPU."""
        import torch

        cores = torch.get_num_threads()
        rounds = math.ceil(count / (_BATCH_ON_CPU * cores))
        return math.ceil(count / max(rounds * cores, 1)) or 1

    @cached_property
    def _cores(self) -> ThreadPoolExecutor:
        """A thread for each core, each to run whole forward passes alone.

        Threads that share one forward pass wait for each other at every step; where a decoder takes turns with
        them, all wait for the one that it has put off.
        """
        import torch

        count = torch.get_num_threads()
        together = Barrier(count)

        def begin() -> None:
            torch.set_num_threads(1)
            together.wait()

        pool = ThreadPoolExecutor(count, "encoder", begin)
        for begun in [pool.submit(int) for _ in range(count)]:
            begun.result()
        torch.set_num_threads(count)  # it is also what threads that begin later will take
        return pool

    def _model(self) -> tuple[Towers, "torch.device", "torch.dtype"]:
        with self._lock:
            if self._loaded is None:
                device, dtype = choose_device(self._device_name, self._dtype_name)
                self._loaded = self._load(device, dtype), device, dtype
            return self._loaded


def _unit_vectors(encode: Callable[[Any], "torch.Tensor"], items: Sequence[Any]) -> NDArray[np.float32]:
    import torch

    with torch.inference_mode():
        vectors: NDArray[np.float32] = (
            torch.nn.functional.normalize(encode(items).float(), dim=-1).cpu().numpy()
        )
    return vectors


def choose_device(device: str, dtype: str) -> tuple["torch.device", "torch.dtype"]:
    """Turn names into a torch device and precision; "auto" as told in `TorchEncoder`.

    Raises:
        SettingError: The device is unknown or not here, or the precision is unknown.
    """
    import torch

    found = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    name = found if device == "auto" else device
    try:
        chosen = torch.empty(0, device=name).device
    except (RuntimeError, AssertionError) as error:
        raise SettingError(
            f"device {device!r} cannot be used ({first_line(error)}); choose auto or cpu"
        ) from error
    names = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
    if dtype == "auto":
        return chosen, torch.float32 if chosen.type == "cpu" else torch.float16
    if dtype not in names:
        raise SettingError(f"dtype {dtype!r} is unknown; choose auto, {', '.join(names)}")
    return chosen, names[dtype]


@contextmanager
def loading(name: str) -> Iterator[None]:
    """Turn whatever goes wrong while a model is loaded into one line that says what to do.

    Raises:
        SettingError: The packages or the weights are missing, or do not fit together.
    """
    try:
        yield
    except ImportError as error:
        raise SettingError(
            f"encoder {name!r} needs a package that does not load ({first_line(error)}); "
            "pip install torch torchvision transformers open-clip-torch, in one command"
        ) from error
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        message = first_line(error)
        remedy = "name an encoder that exists or a local folder; a download needs a connection and no HF_HUB_OFFLINE"
        if "torchvision::" in message:
            remedy = "torch and torchvision are of different builds: install both again, in one command"
        raise SettingError(f"encoder {name!r} cannot be loaded: {message}; {remedy}") from error


def first_line(error: BaseException) -> str:
    """The first line of an error's text."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__).rstrip(".")
