"""One open library file: its connection, its transactions, and the edge where SQLite's errors become ours.

Owns how `library.db` is opened, locked and written through sqlite-utils. Which tables there are is `schema`'s
work; what the rows mean is that of the row modules built on it.
"""

import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from types import TracebackType
from typing import Any, Self

from sqlite_utils import Database

from rewatch.memory.errors import StorageError
from rewatch.memory.schema import MIGRATIONS, known_names

FILE_NAME = "library.db"

WAIT_SECONDS = 30.0
"""How long a writer waits for another process; ingest holds the file for milliseconds at a time."""

_NEARLY_FULL_BYTES = 1 << 20

Value = str | int | float | bytes | None
Parameters = Sequence[Value] | dict[str, Value]


class Connection:
    """A library file opened for reading and writing.

    There is one SQLite connection, and a lock lets one thread use it at a time, a whole transaction included:
    an object may be shared between threads. Processes open their own; it must not be used after a fork.
    """

    def __init__(self, folder: Path, db: Database) -> None:
        self.folder = folder
        """The library's folder."""
        self._db = db
        self._lock = RLock()

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open the library in a folder, creating or migrating it where needed.

        Raises:
            StorageError: The folder cannot be written, the file is damaged, or a newer version wrote it.
        """
        with _edge(folder):
            folder.mkdir(parents=True, exist_ok=True)
            sqlite = sqlite3.connect(folder / FILE_NAME, timeout=WAIT_SECONDS, check_same_thread=False)
            try:
                db = Database(sqlite, execute_plugins=False)
                _configure(db)
                _migrate(db, folder)
            except BaseException:
                sqlite.close()
                raise
        return cls(folder, db)

    def close(self) -> None:
        """Close the file; what was committed stays."""
        with self._lock:
            self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Store everything inside or nothing; a nested use joins the outer one.

        Raises:
            StorageError: The rows cannot be written; nothing of this transaction is stored.
        """
        with self._lock:
            if self._db.conn.in_transaction:
                yield
                return
            try:
                with _edge(self.folder):
                    # IMMEDIATE: a transaction that began as a reader fails at once where a writer is.
                    self._db.execute("BEGIN IMMEDIATE")
                yield
                with _edge(self.folder):
                    self._db.commit()
            except BaseException:
                self._db.rollback()
                raise

    def rows(self, sql: str, parameters: Parameters = ()) -> list[tuple[Any, ...]]:
        """Read all rows of a query."""
        with self._lock, _edge(self.folder):
            return self._db.execute(sql, parameters).fetchall()

    def change(self, sql: str, parameters: Parameters = ()) -> int:
        """Run a statement that writes, and tell how many rows it changed."""
        with self.transaction(), _edge(self.folder):
            return self._db.execute(sql, parameters).rowcount

    def insert(self, table: str, rows: Iterable[Mapping[str, Any]], *, replace: bool = False) -> None:
        """Insert rows; lists become JSON texts. With `replace`, a row of the same key gives way."""
        with self.transaction(), _edge(self.folder):
            self._db.table(table).insert_all((dict(row) for row in rows), replace=replace)

    def upsert(self, table: str, row: Mapping[str, Any], key: str) -> None:
        """Insert a row, or update the row of the same key in place, so that what refers to it stays."""
        with self.transaction(), _edge(self.folder):
            self._db.table(table).upsert(dict(row), pk=key)


def storable(text: str) -> str:
    """The text as UTF-8 can hold it; a lone surrogate becomes a question mark."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _configure(db: Database) -> None:
    db.execute(f"PRAGMA busy_timeout = {WAIT_SECONDS * 1000:.0f}")
    db.execute("PRAGMA foreign_keys = ON")
    # In WAL mode a killed process loses nothing; only a power cut may undo the last commits, never damage.
    db.execute("PRAGMA synchronous = NORMAL")
    db.enable_wal()


def _migrate(db: Database, folder: Path) -> None:
    known = known_names()
    if _applied(db) == known:
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        unknown = _applied(db) - known
        if unknown:
            raise StorageError(
                f"the library {folder} was written by a newer version of rewatch, which knows "
                f"{max(unknown)}; upgrade rewatch, or choose another folder with --library"
            )
        MIGRATIONS.apply(db)
        db.commit()
    finally:
        db.rollback()


def _applied(db: Database) -> set[str]:
    return {migration.name for migration in MIGRATIONS.applied(db)}


@contextmanager
def _edge(folder: Path) -> Iterator[None]:
    """Turn SQLite's and the system's errors into one line that says what to do."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise StorageError(_remedy(folder, error)) from error


def _remedy(folder: Path, error: sqlite3.Error | OSError) -> str:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL or is_full(folder):
        return f"no space left in {folder}; nothing stored is lost: free some space and run again"
    if code in _REMEDIES:
        return f"{_REMEDIES[code](folder)} ({error})"
    if isinstance(error, OSError):
        return f"cannot use the library folder {folder}: {error.strerror}; choose another with --library"
    return f"the library {folder} failed: {error}; run again, and index the video again if it stays"


def is_full(folder: Path) -> bool:
    """Whether the disk is full; SQLite reports some failed writes as plain input/output errors."""
    try:
        return shutil.disk_usage(folder).free < _NEARLY_FULL_BYTES
    except OSError:
        return False


def _unwritable(folder: Path) -> str:
    return f"the library folder {folder} cannot be written; allow writing or choose another with --library"


def _damaged(folder: Path) -> str:
    return f"{folder / FILE_NAME} is damaged or no library; move it away and index the videos again"


def _busy(folder: Path) -> str:
    return (
        f"another program holds {folder / FILE_NAME} since {WAIT_SECONDS:.0f} seconds; close it and run again"
    )


def _removed(folder: Path) -> str:
    return f"a video was removed from {folder} while rows were being written for it; run again"


_REMEDIES: dict[int, Callable[[Path], str]] = {
    sqlite3.SQLITE_PERM: _unwritable,
    sqlite3.SQLITE_READONLY: _unwritable,
    sqlite3.SQLITE_CANTOPEN: _unwritable,
    sqlite3.SQLITE_NOTADB: _damaged,
    sqlite3.SQLITE_CORRUPT: _damaged,
    sqlite3.SQLITE_BUSY: _busy,
    sqlite3.SQLITE_LOCKED: _busy,
    sqlite3.SQLITE_CONSTRAINT: _removed,
}
