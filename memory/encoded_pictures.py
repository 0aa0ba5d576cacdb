"""What was made of a video's pictures and may be made again: a bounded store of files, dispensable at any time.

Owns the files under `pictures/`: a folder for each video, a file for each content, written at once or not at all, read
only when it is whole. The least recently used go when all together are too large. What is in them, and what makes two
of them the same, is for the caller to say. Processes may share the folder; whoever finds nothing makes it again.
"""

import hashlib
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

MOST_BYTES = 1 << 30
"""Of all files together."""
_DIGEST_BYTES = 16


class EncodedPictures:
    """Files by video and key. Nothing here raises for a file that is damaged, missing or cannot be written."""

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES) -> None:
        """Use a folder, which is made when something is first put into it."""
        self._folder = folder
        self._most_bytes = most_bytes

    def get(self, video_id: str, key: str) -> bytes | None:
        """What was put there; None where there is nothing, or it is not what was put there."""
        path = self._path(video_id, key)
        try:
            content = path.read_bytes()
        except OSError:
            return None
        digest, data = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
        if _digest(data) != digest:
            return None
        with suppress(OSError):
            os.utime(path)
        return data

    def put(self, video_id: str, key: str, data: bytes) -> None:
        """Keep something, unless it cannot be written or is larger than all together may be."""
        if len(data) + _DIGEST_BYTES > self._most_bytes:
            return
        path = self._path(video_id, key)
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, unfinished = tempfile.mkstemp(dir=path.parent, prefix="unfinished-")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(_digest(data))
                    file.write(data)
                Path(unfinished).replace(path)
            finally:
                Path(unfinished).unlink(missing_ok=True)
        self._make_room()

    def forget(self, video_id: str) -> None:
        """Remove everything of a video."""
        shutil.rmtree(self._folder / video_id, ignore_errors=True)

    def _path(self, video_id: str, key: str) -> Path:
        return self._folder / video_id / key

    def _make_room(self) -> None:
        """Remove the least recently used; what a killed process left unfinished counts too."""
        found = []
        for path in self._folder.glob("*/*"):
            with suppress(OSError):
                told = path.stat()
                found.append((told.st_mtime, told.st_size, path))
        total = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if total <= self._most_bytes:
                return
            with suppress(OSError):
                path.unlink()
            total -= size


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=_DIGEST_BYTES).digest()
