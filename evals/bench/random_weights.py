"""Making modules with random weights where they shall run, in the number type that they shall have."""

from collections.abc import Callable
from typing import TypeVar

import torch

Made = TypeVar("Made", bound=torch.nn.Module)


def made_on(device: str, dtype: torch.dtype, make: Callable[[], Made]) -> Made:
    """Make a module on a device, ready to be evaluated.

    Args:
        device: torch's name of a device.
        dtype: Of its weights.
        make: Makes it.
    """
    previous = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with torch.device(device):
            return make().eval()
    finally:
        torch.set_default_dtype(previous)
