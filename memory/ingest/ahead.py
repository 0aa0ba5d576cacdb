"""Running an iterator in a thread of its own, a few items ahead of whoever takes them.

For work that leaves Python's lock alone most of the time, such as decoding beside a model's forward pass: other
processes would do it too, but take half a second to start.
"""

from collections.abc import Iterator
from contextlib import suppress
from queue import Empty, Queue
from threading import Event, Thread
from typing import Any, Literal, TypeVar

T = TypeVar("T")

_LOOK_SECONDS = 0.1
"""How often a thread that is ended is relieved of an item that it waits to hand over."""


def ahead(items: Iterator[T], count: int) -> Iterator[T]:
    """Yield what an iterator yields, which runs up to so many items ahead in another thread.

    Closing this iterator ends the thread, and closes the other iterator there.

    Raises:
        BaseException: What the iterator raised, after the items before it.
    """
    made: Queue[tuple[Literal["item", "end", "error"], Any]] = Queue(count)
    stopped = Event()

    def run() -> None:
        try:
            for item in items:
                made.put(("item", item))
                if stopped.is_set():
                    return
            made.put(("end", None))
        except BaseException as error:
            made.put(("error", error))
        finally:
            close = getattr(items, "close", None)
            if close is not None:
                close()

    thread = Thread(target=run, name="ahead", daemon=True)
    thread.start()
    try:
        while (told := made.get())[0] == "item":
            yield told[1]
        if told[0] == "error":
            raise told[1]
    finally:
        stopped.set()
        while thread.is_alive():
            _drop(made)
            thread.join(_LOOK_SECONDS)


def _drop(made: "Queue[Any]") -> None:
    with suppress(Empty):
        made.get_nowait()
