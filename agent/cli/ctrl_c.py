"""Ctrl-C that is not lost.

Python raises it wherever the main thread is just then. In a callback of the garbage collector or of an import that is
reported as ignored, and an extension module may forget it while it loads: an hour of indexing would go on.
"""

import signal
import sys
from _thread import interrupt_main
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Timer, current_thread, main_thread
from types import FrameType

_PRESSED = Event()
_MOMENT_SECONDS = 0.01


@contextmanager
def listening() -> Iterator[None]:
    """Hear Ctrl-C for the length of a command; where it is ignored, as in a shell's background, it stays so."""
    unheard = signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    if unheard or current_thread() is not main_thread():
        yield
        return
    ignored = sys.unraisablehook

    def ignore(unraisable: "sys.UnraisableHookArgs") -> None:
        if unraisable.exc_type is KeyboardInterrupt:
            Timer(_MOMENT_SECONDS, _again).start()  # when the callback has returned
        else:
            ignored(unraisable)

    _PRESSED.clear()
    sys.unraisablehook = ignore
    signal.signal(signal.SIGINT, _press)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.unraisablehook = ignored
        _PRESSED.clear()


def stop_if_pressed() -> None:
    """Called at every step of long work.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed, and whoever it was raised to has forgotten it.
    """
    if _PRESSED.is_set():
        raise KeyboardInterrupt


def _again() -> None:
    if _PRESSED.is_set():  # else the command has ended meanwhile
        interrupt_main()


def _press(number: int, frame: FrameType | None) -> None:
    _PRESSED.set()
    raise KeyboardInterrupt
