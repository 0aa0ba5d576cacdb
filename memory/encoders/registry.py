"""Encoders by name: `FAMILY:MODEL`, or `FAMILY` where a family has one model only.

Owns which families there are: those of this package, those that a program registers, and those that an
installed package offers through the entry-point group `rewatch.encoders`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Protocol

from rewatch.memory.encoders import Encoder
from rewatch.memory.errors import SettingError

ENCODER_GROUP = "rewatch.encoders"
"""Entry-point group; each entry is a function without arguments that gives an `EncoderFamily`."""


class EncoderFamily(Protocol):
    """Encoders that are opened alike."""

    def space_id(self, model: str) -> str:
        """Name the embedding space of a model, quickly and without loading it.

        Raises:
            SettingError: The name cannot mean a model, or its weights have gone.
        """

    def open(self, model: str, device: str, dtype: str) -> Encoder:
        """Open a model; the costly part may wait for its first use.

        Raises:
            SettingError: It cannot be opened as wished.
        """


def _open_clip() -> EncoderFamily:
    from rewatch.memory.encoders.open_clip_models import OpenClipFamily

    return OpenClipFamily()


def _hf() -> EncoderFamily:
    from rewatch.memory.encoders.hf_models import HfFamily

    return HfFamily()


def _colour() -> EncoderFamily:
    from rewatch.memory.encoders.colour import ColourFamily

    return ColourFamily()


_FAMILIES: dict[str, Callable[[], EncoderFamily]] = {"open_clip": _open_clip, "hf": _hf, "colour": _colour}


def register_encoder(family: str, make: Callable[[], EncoderFamily]) -> None:
    """Make a family of encoders known in this process, or replace one.

    Args:
        family: Its name, without a colon.
        make: Gives the family; called whenever one of its encoders is named.
    """
    _FAMILIES[family] = make


@dataclass(frozen=True, slots=True)
class RegisteredEncoders:
    """All encoders that have a name here, opened on one device in one precision."""

    device: str = "auto"
    """A torch device, or "auto": the first GPU, else the CPU."""
    dtype: str = "auto"
    """float32, float16, bfloat16, or "auto": half precision on a GPU, single on a CPU."""

    def space_of(self, name: str) -> str:
        """As the function of this name."""
        return space_of(name)

    def open(self, name: str) -> Encoder:
        """As `open_encoder`."""
        return open_encoder(name, device=self.device, dtype=self.dtype)


def open_encoder(name: str, *, device: str = "auto", dtype: str = "auto") -> Encoder:
    """Open an encoder; a model is loaded at its first use.

    Args:
        name: `open_clip:ARCHITECTURE/PRETRAINED` (a tag or a checkpoint's path), `hf:NAME_OR_FOLDER`,
            `colour`, or what was registered.
        device: A torch device, or "auto": the first GPU, else the CPU.
        dtype: float32, float16, bfloat16, or "auto": half precision on a GPU, single on a CPU.

    Raises:
        SettingError: The name means no encoder, or its weights have gone.
    """
    family, model = _find(name)
    return family.open(model, device, dtype)


def space_of(name: str) -> str:
    """The embedding space of an encoder, without opening it.

    Raises:
        SettingError: The name means no encoder, or its weights have gone.
    """
    family, model = _find(name)
    return family.space_id(model)


def family_names() -> list[str]:
    """Names of all families, in order."""
    return sorted({*_FAMILIES, *entry_points(group=ENCODER_GROUP).names})


def _find(name: str) -> tuple[EncoderFamily, str]:
    family, _, model = name.partition(":")
    if family in _FAMILIES:
        return _FAMILIES[family](), model
    for entry in entry_points(group=ENCODER_GROUP, name=family):
        make: Callable[[], EncoderFamily] = entry.load()
        return make(), model
    raise SettingError(
        f"encoder {name!r} is unknown; write FAMILY:MODEL with a family among {', '.join(family_names())}, such as "
        "open_clip:ViT-B-32/laion2b_s34b_b79k"
    )
