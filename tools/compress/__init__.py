"""Visual token compression: several published training-free methods, and our own, behind one interface.

`compress(tokens, grid, method=..., budget=TokenBudget(...))` keeps or merges visual tokens; `hooks` puts it between
the vision tower and the language model of current transformers models. `TokenBudget` is free of torch; everything
else imports it on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from rewatch.tools.compress.budget import TokenBudget

if TYPE_CHECKING:
    from rewatch.tools.compress.compressed import Compressed
    from rewatch.tools.compress.interface import compress
    from rewatch.tools.compress.method import Method
    from rewatch.tools.compress.methods import METHODS, find_method

_PLACES = {
    "Compressed": "compressed",
    "METHODS": "methods",
    "Method": "method",
    "compress": "interface",
    "find_method": "methods",
}

__all__ = ["METHODS", "Compressed", "Method", "TokenBudget", "compress", "find_method"]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
