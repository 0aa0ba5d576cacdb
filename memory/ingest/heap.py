"""Memory that was freed, given back to the system.

The C library of Linux keeps what is freed between pieces that are still in use. Opening a file leaves such holes,
since FFmpeg's table of its packets is copied as it grows: three times the table, which has 3 MB for each hour of a
film. Elsewhere there is nothing to do.
"""

import ctypes
from collections.abc import Callable
from functools import cache


def give_back_freed() -> None:
    """Return the pages of the heap that hold nothing to the system: some milliseconds."""
    trim = _trim()
    if trim is not None:
        trim(0)


@cache
def _trim() -> Callable[[int], int] | None:
    """The GNU C library's own function; None in another one."""
    try:
        trim: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # Windows has no library without a name
        return None
    return trim
