"""An iterator in a thread of its own: the same items, its errors, and an end when nobody wants more."""

import threading
from collections.abc import Iterator

import pytest

from rewatch.memory.ingest.ahead import ahead


def test_all_items_come_in_order_from_another_thread() -> None:
    def numbers() -> Iterator[tuple[int, int]]:
        for number in range(100):
            yield number, threading.get_ident()

    found = list(ahead(numbers(), 3))
    assert [number for number, _ in found] == list(range(100))
    assert threading.get_ident() not in {thread for _, thread in found}


def test_an_error_comes_after_the_items_before_it() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise ValueError("no second")

    items = ahead(broken(), 3)
    assert next(items) == 1
    with pytest.raises(ValueError, match="no second"):
        next(items)


def test_it_runs_no_further_ahead_than_told_and_ends_with_its_taker() -> None:
    made: list[int] = []
    closed = threading.Event()

    def endless() -> Iterator[int]:
        try:
            while True:
                made.append(len(made))
                yield made[-1]
        finally:
            closed.set()

    items = ahead(endless(), 3)
    assert [next(items), next(items)] == [0, 1]
    items.close()  # type: ignore[attr-defined]
    assert closed.is_set()
    assert len(made) <= 2 + 3 + 2  # taken, waiting, and in hand
    assert not any(thread.name == "ahead" for thread in threading.enumerate())
