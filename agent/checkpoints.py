"""Where runs stand: what an unfinished question has done so far, and what earlier turns of a thread said.

Owns `checkpoints.db`, a file of its own beside the library, which may be deleted at any time. What a checkpoint
holds is `state`'s; that every step is written before the next one begins is asked for by `video_agent`.
"""

import hashlib
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from langgraph.checkpoint.sqlite import SqliteSaver

from rewatch.memory.connection import WAIT_SECONDS, is_full
from rewatch.memory.errors import InputError, StorageError
from rewatch.memory.lock import lock

FILE_NAME = "checkpoints.db"
_LOCK_DIGITS = 4
"""Of the hash of a question, so that the locks of all questions ever asked stay few.

Where two share one, the second keeps checkpoints of its own. A thread would be refused, so its lock is its own.
"""


class Checkpoints:
    """The checkpoints of one library."""

    def __init__(self, folder: Path) -> None:
        """Open them.

        Raises:
            StorageError: The file cannot be used.
        """
        self._path = folder / FILE_NAME
        with self.edge():
            self._connection = sqlite3.connect(self._path, check_same_thread=False, timeout=WAIT_SECONDS)
            self.saver = SqliteSaver(self._connection)
            try:
                self.saver.setup()
                self._connection.execute("PRAGMA synchronous=NORMAL")
            except BaseException:
                self._connection.close()
                raise

    def close(self) -> None:
        """Close the file; what is stored stays."""
        self._connection.close()

    @contextmanager
    def of_question(self, key: str) -> Iterator[str]:
        """The name of a run that ends with its answer; a run of the same question elsewhere keeps its own.

        Args:
            key: What makes the question the same.

        Raises:
            StorageError: The file cannot be used.
        """
        name = f"question {_hash(key)}"
        with ExitStack() as held:
            try:
                held.enter_context(self._held(_hash(name)[:_LOCK_DIGITS]))
            except _HeldElsewhere:
                name = f"{name} {uuid.uuid4().hex}"
                held.callback(self._delete, name)  # however the run ends: no other one finds this name again
            yield name
            self._delete(name)

    @contextmanager
    def of_thread(self, thread: str) -> Iterator[str]:
        """The name of a thread's runs, whose turns stay.

        Raises:
            InputError: Something else is being asked under this name.
            StorageError: The file cannot be used.
        """
        with ExitStack() as held:
            try:
                held.enter_context(self._held(_hash(f"thread {thread}")))
            except _HeldElsewhere:
                raise InputError(
                    f"the thread {thread} is being asked something else; wait for that answer, or name another"
                ) from None
            yield f"thread {thread}"

    def forget(self, video_id: str) -> None:
        """Remove every run, and every thread, that asked about a video.

        Raises:
            StorageError: The file cannot be used.
        """
        with self.edge():
            asking = {
                str(item.config["configurable"]["thread_id"])
                for item in self.saver.list(None)
                if video_id in item.checkpoint["channel_values"].get("video_ids", ())
            }
            for name in asking:
                self.saver.delete_thread(name)

    @contextmanager
    def edge(self) -> Iterator[None]:
        """Turn SQLite's errors into one line that says what to do."""
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0)  # Python's own errors have none
            if code & 0xFF == sqlite3.SQLITE_FULL or is_full(self._path.parent):
                said = f"no space left in {self._path.parent}; nothing stored is lost: free some space and ask again"
            else:
                said = (
                    f"{self._path} cannot be used: {error}; allow writing to it, or move it away: "
                    "unfinished questions and what threads remember are in it, videos are not"
                )
            raise StorageError(said) from error

    def _delete(self, name: str) -> None:
        with self.edge():
            self.saver.delete_thread(name)

    def _held(self, name: str) -> AbstractContextManager[None]:
        return lock(self._path.parent, f"ask-{name}", _refuse)


class _HeldElsewhere(Exception):  # noqa: N818 - it names what happened
    """Somebody else holds the lock."""


def _refuse() -> None:
    raise _HeldElsewhere


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
