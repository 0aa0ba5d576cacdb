"""Ctrl-C ends a command wherever it is pressed: in a callback that drops errors, or where someone forgets it."""

import signal
import sys
import time
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from rewatch.agent.cli import main
from rewatch.agent.cli.ctrl_c import listening, stop_if_pressed
from rewatch.agent.cli.progress import show_progress


@pytest.fixture(autouse=True)
def _heard() -> Iterator[None]:
    """As at a terminal: a shell starts what runs in its background with SIGINT ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class _Thing:
    """Something to refer to weakly."""


def _press() -> None:
    signal.raise_signal(signal.SIGINT)
    time.sleep(0)  # the interpreter raises it before the next line


def _work() -> None:
    for _ in range(1000):
        time.sleep(0.01)


def test_pressed_inside_a_callback_that_drops_errors_it_is_raised_again(
    capfd: pytest.CaptureFixture[str],
) -> None:
    thing = _Thing()
    reference = weakref.ref(thing, lambda dead: _press())
    with listening():
        del thing
        with pytest.raises(KeyboardInterrupt):
            _work()
    assert reference() is None
    assert capfd.readouterr().err == ""


def test_forgotten_by_whoever_it_was_raised_to_it_ends_work_at_its_next_report() -> None:
    with listening(), show_progress(Path("talk.mp4")) as report:
        report("scan", 1.0, 60.0)
        with pytest.raises(KeyboardInterrupt):
            _press()
        with pytest.raises(KeyboardInterrupt):
            report("scan", 2.0, 60.0)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_other_dropped_errors_are_told_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr("sys.unraisablehook", lambda dropped: told.append(str(dropped.exc_value)))
    thing = _Thing()
    reference = weakref.ref(thing, lambda dead: 1 / 0)
    with listening():
        del thing
    assert reference() is None
    assert told == ["division by zero"]


def test_after_a_command_ctrl_c_is_pythons_own_again() -> None:
    with listening():
        assert signal.getsignal(signal.SIGINT) is not signal.default_int_handler
        with pytest.raises(KeyboardInterrupt):
            _press()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    stop_if_pressed()


def test_where_it_is_ignored_it_stays_so() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with listening():
            _press()
            stop_if_pressed()
    finally:
        signal.signal(signal.SIGINT, before)


def test_pressed_while_the_command_is_imported_it_ends_with_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Presser:
        """Presses when the application is looked for."""

        def find_spec(self, name: str, *places: object) -> None:
            if name == "rewatch.agent.cli.app":
                _press()

    monkeypatch.delitem(sys.modules, "rewatch.agent.cli.app", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Presser(), *sys.meta_path])
    assert main(["list"]) == 130
    assert capsys.readouterr().err == "rewatch: interrupted\n"
