"""One process at a time indexes a video of a library; another waits for it.

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
def video_lock(folder: Path, video_id: str, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the right to index a video.

    Args:
        folder: The library's folder.
        video_id: The video.
        waiting: Called again and again while another process holds the right.

    Raises:
        StorageError: The lock file cannot be made.
    """
    path = folder / "locks" / f"{video_id}.lock"
    with _at_edge(path):
        path.parent.mkdir(exist_ok=True)
        lock = sqlite3.connect(path, timeout=0, isolation_level=None)
    with closing(lock):
        while not _taken(lock, path):
            waiting()
            time.sleep(_POLL_SECONDS)
        yield


def _taken(lock: sqlite3.Connection, path: Path) -> bool:
    with _at_edge(path):
        try:
            lock.execute("BEGIN EXCLUSIVE")
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
