"""One process at a time does a named thing in a library, such as indexing a video; another waits for it.

Owns the lock only. An SQLite file serves as the lock because SQLite locks files on every system, tells
holders in one process apart and does not pass its locks on to forked workers, and because the system releases
them when the holder is killed.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from rewatch.memory.errors import StorageError

_POLL_SECONDS = 0.2


@contextmanager
def lock(folder: Path, name: str, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the right to do something.

    Args:
        folder: The library's folder.
        name: What is done, fit to be part of a file's name: the id of the video that is indexed.
        waiting: Called again and again while somebody else holds the right; what it raises ends the waiting.

    Raises:
        StorageError: The lock file cannot be made.
    """
    path = folder / "locks" / f"{name}.lock"
    with _at_edge(path):
        path.parent.mkdir(exist_ok=True)
        file = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
    with closing(file):
        while not _taken(file, path):
            waiting()
            time.sleep(_POLL_SECONDS)
        yield


def _taken(file: sqlite3.Connection, path: Path) -> bool:
    with _at_edge(path):
        try:
            file.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                return False
            raise
    return True


@contextmanager
def _at_edge(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise StorageError(
            f"cannot lock {path}: {error}; allow writing or choose another folder with --library"
        ) from error
