"""A run's folder: `run.json` says what is run, `records.jsonl` holds a line for each attempt at a sample.

Lines are only ever appended, each with one write, so that a killed process loses at most the line it was writing; that
torn end is cut off at the next opening. What a killed process wrote survives it; against power loss the file is synced
once a second. A sample tried again has a second line, and the later one counts.
"""

import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rewatch.evals.runner.ratings import with_ratings
from rewatch.evals.runner.record import Record
from rewatch.evals.tasks.sample import Reading
from rewatch.evals.tasks.table import Task
from rewatch.memory.errors import InputError, StorageError
from rewatch.memory.lock import lock
from rewatch.memory.types import Limits

RUN_FILE = "run.json"
RECORDS_FILE = "records.jsonl"
_SYNC_SECONDS = 1.0


class Journal:
    """The records of a run, open for appending. One process and one thread at a time."""

    def __init__(self, folder: Path) -> None:
        """Open a run's records, cutting off a torn end.

        Raises:
            StorageError: The file cannot be written, or is damaged elsewhere than at its end.
        """
        self._path = folder / RECORDS_FILE
        self.records = {record.sample.sample_id: record for record in _read(self._path, repair=True)}
        self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        self._synced = time.monotonic()

    def append(self, record: Record) -> None:
        """Add a record.

        Raises:
            StorageError: It cannot be written.
        """
        line = json.dumps(record.to_plain(), ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        try:
            if os.write(self._file, line) != len(line):
                raise StorageError(f"{self._path} took only a part of a record; free some space")
            if time.monotonic() - self._synced >= _SYNC_SECONDS:
                self.sync()
        except OSError as error:
            raise StorageError(f"{self._path} cannot be written: {error.strerror}") from error
        self.records[record.sample.sample_id] = record

    def sync(self) -> None:
        """Bring what is written to the disk."""
        os.fsync(self._file)
        self._synced = time.monotonic()

    def close(self) -> None:
        """Sync and close."""
        self.sync()
        os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Hold the right to write to a run's folder.

    Raises:
        InputError: Another process holds it.
        StorageError: The folder cannot be written.
    """

    def refuse() -> None:
        raise InputError(f"another process runs in {folder}; wait for it, or choose another --out")

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"{folder} cannot be made: {error.strerror}; choose another --out") from error
    with lock(folder, "run", refuse):
        yield


def read_records(folder: Path) -> list[Record]:
    """The latest record of each sample of a run, with its rating where a judge gave one, in the order of the first
    attempts.

    Raises:
        InputError: The folder holds no run.
        StorageError: The records are damaged.
    """
    path = folder / RECORDS_FILE
    if not path.is_file():
        raise _no_run(folder)
    latest = {record.sample.sample_id: record for record in _read(path, repair=False)}
    return list(with_ratings(latest.values(), folder))


def read_run(folder: Path) -> dict[str, Any]:
    """What is run in a folder.

    Raises:
        InputError: The folder holds no run.
        StorageError: What says so is damaged.
    """
    try:
        run: dict[str, Any] = json.loads((folder / RUN_FILE).read_text("utf-8"))
    except OSError as error:
        raise _no_run(folder) from error
    except ValueError as error:
        raise StorageError(f"{folder / RUN_FILE} is damaged: {error}; run into another --out") from error
    return run


def _no_run(folder: Path) -> InputError:
    return InputError(f"{folder} holds no run; give the folder that `rewatch eval run --out` wrote")


def describe_run(
    task: Task,
    method: str,
    gives: Iterable[str],
    data: Path,
    reading: Reading,
    limits: Limits,
    settings: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Say what is run, as plain values."""
    return {
        "schema_version": 1,
        "task": task.name,
        "method": method,
        "gives": sorted(gives),
        "limits": asdict(limits),
        "settings": dict(settings or {}),
        "with_subtitles": task.with_subtitles,
        "data": str(data.absolute()),
        "num_samples": len(reading.samples),
        "faults": [asdict(fault) for fault in reading.faults],
        "versions": {"rewatch": version("rewatch"), "python": sys.version.split()[0]},
    }


def write_run(folder: Path, run: Mapping[str, Any]) -> None:
    """Write what is run, whole or not at all."""
    unfinished = folder / f"{RUN_FILE}.part"
    unfinished.write_text(json.dumps(run, indent=1, ensure_ascii=False) + "\n", "utf-8")
    os.replace(unfinished, folder / RUN_FILE)


def _read(path: Path, *, repair: bool) -> Iterator[Record]:
    try:
        content = path.read_bytes() if path.exists() else b""
        whole = content[: content.rfind(b"\n") + 1]
        if repair and len(whole) < len(content):
            os.truncate(path, len(whole))
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}") from error
    for number, line in enumerate(whole.splitlines(), 1):
        try:
            yield Record.from_plain(json.loads(line))
        except (ValueError, KeyError, TypeError) as error:
            raise StorageError(f"{path}:{number} is damaged: {error}; remove that line") from error
