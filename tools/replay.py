"""Recording the calls that a run makes to its models, and replaying them without models, keys or GPU.

A recording is a JSON Lines file. Its first line names the format; each other line is one call: the model's part
in the run ("vlm", "planner", ...), the request, and the response or the error. A replay finds a response by the
hash of part and request, so that the order of calls does not matter and a changed request is an error, never
another answer. What a request holds is told by its model's module: plain JSON, images by their hash, no keys.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Protocol, Self

from rewatch.memory import errors
from rewatch.memory.errors import InputError, ReplayError, RewatchError

Json = Any
"""A value that JSON can hold."""

FORMAT = {"rewatch_recording": 1}
"""First line of a recording."""

_SHOWN_DIFFERENCES = 3
_SHOWN_CHARACTERS = 60


class Tape(Protocol):
    """Where the calls to models pass through."""

    def call(self, part: str, request: Json, make: Callable[[], Json]) -> Json:
        """Make a call, or answer it from a recording.

        Args:
            part: The model's part in the run, such as "vlm" or "planner".
            request: Everything that the response depends on, as JSON.
            make: Asks the model; returns JSON.

        Returns:
            The response.

        Raises:
            ReplayError: A replay holds no such call.
            RewatchError: What the model raised, now or when it was recorded.
        """


class Recorder:
    """A tape that asks the models and writes down what they say. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        """Start a recording.

        Raises:
            InputError: The file exists already or cannot be made.
        """
        try:
            self._file = path.open("x", encoding="utf-8")
        except FileExistsError:
            raise InputError(f"{path} exists already; name a new file to record to") from None
        except OSError as error:
            raise InputError(f"{path} cannot be recorded to: {error.strerror}; name another file") from error
        self._path = path
        self._lock = Lock()
        self._lines = 0
        self._write(FORMAT)

    def call(self, part: str, request: Json, make: Callable[[], Json]) -> Json:
        """Make a call and write it down, whether it succeeds or not."""
        entry = {"part": part, "request": request}
        try:
            response = make()
        except RewatchError as error:
            self._write({**entry, "error": {"kind": type(error).__name__, "message": str(error)}})
            raise
        self._write({**entry, "response": response})
        return response

    def close(self) -> None:
        """Close the file; each call is in it as soon as it was made."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file; one without a call, of a run that broke off before the first, is removed."""
        self.close()
        if error is not None and self._lines == 1:
            self._path.unlink(missing_ok=True)

    def _write(self, entry: Json) -> None:
        line = json.dumps(entry, sort_keys=True)
        with self._lock:
            self._file.write(line + "\n")
            self._lines += 1
            self._file.flush()


class Replay:
    """A tape that answers from a recording and asks no model. Safe to use from several threads."""

    def __init__(self, path: Path) -> None:
        """Read a recording.

        Raises:
            ReplayError: The file is missing, or is no recording.
        """
        self._path = path
        self._calls: dict[str, list[Json]] = defaultdict(list)
        for entry in _entries(path):
            self._calls[_key(entry["part"], entry["request"])].append(entry)
        self._asked: dict[str, int] = defaultdict(int)
        self._lock = Lock()

    def call(self, part: str, request: Json, make: Callable[[], Json]) -> Json:
        """Answer as it was recorded; a request recorded several times is answered in that order."""
        key = _key(part, request)
        if key not in self._calls:
            raise ReplayError(
                f"{self._path} does not hold this call of the {part}: {self._why(part, request)}"
            )
        with self._lock:
            number = self._asked[key]
            self._asked[key] += 1
        entry = self._calls[key][min(number, len(self._calls[key]) - 1)]
        if "error" in entry:
            raise _error(entry["error"])
        return entry["response"]

    def _why(self, part: str, request: Json) -> str:
        """What differs from the most similar recorded call."""
        wanted = dict(_leaves(request))
        recorded = [dict(_leaves(entry["request"])) for entry in self._all() if entry["part"] == part]
        if not recorded:
            return f"it holds none of a {part}; record again"
        nearest = min(recorded, key=lambda leaves: len(_changed(wanted, leaves)))
        changed = _changed(wanted, nearest)
        told = [_difference(path, nearest, wanted) for path in changed[:_SHOWN_DIFFERENCES]]
        more = len(changed) - len(told)
        return "; ".join(told) + (f"; and {more} more" if more else "") + "; record again"

    def _all(self) -> Iterator[Json]:
        for entries in self._calls.values():
            yield from entries


def _entries(path: Path) -> Iterator[Json]:
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ReplayError(f"{path} cannot be read as a recording: {error}") from error
    if not lines or lines[0] != json.dumps(FORMAT):
        raise ReplayError(f"{path} does not begin with {json.dumps(FORMAT)}; it is no recording")
    for number, line in enumerate(lines[1:], start=2):
        try:
            entry = json.loads(line)
        except json.JSONDecodeError as error:
            raise ReplayError(f"{path} is damaged in line {number}: {error}; record again") from error
        if not isinstance(entry, dict) or not {"part", "request"} <= entry.keys():
            raise ReplayError(f"{path} is damaged in line {number}: it is no call; record again")
        yield entry


def _key(part: str, request: Json) -> str:
    return hashlib.sha256(json.dumps([part, request], sort_keys=True).encode()).hexdigest()


def _error(recorded: Json) -> RewatchError:
    kind: type[RewatchError] = vars(errors)[recorded["kind"]]
    return kind(recorded["message"])


def _leaves(value: Json, path: str = "") -> Iterator[tuple[str, Json]]:
    """Every plain value inside a request with its place, such as `messages[2].content`."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _leaves(inner, f"{path}[{index}]")
    else:
        yield path, value


def _changed(one: dict[str, Json], other: dict[str, Json]) -> list[str]:
    absent = object()
    return [path for path in {**one, **other} if one.get(path, absent) != other.get(path, absent)]


def _difference(path: str, recorded: dict[str, Json], asked: dict[str, Json]) -> str:
    if path not in asked:
        return f"{path} was recorded and is missing"
    if path not in recorded:
        return f"{path} is new"
    before, now = json.dumps(recorded[path]), json.dumps(asked[path])
    first = next((at for at, pair in enumerate(zip(before, now, strict=False)) if pair[0] != pair[1]), 0)
    start = max(first - _SHOWN_CHARACTERS // 3, 0)
    return f"{path} was {_excerpt(before, start)} and is {_excerpt(now, start)}"


def _excerpt(text: str, start: int) -> str:
    end = start + _SHOWN_CHARACTERS
    return f"{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}"
