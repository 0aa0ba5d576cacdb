"""The cheap signs that a file is still the one that was read: size, times and inode.

Owns the comparison only. What a file's content is, is told by `ingest.probe.fingerprint`.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from rewatch.memory.errors import VideoError
from rewatch.memory.ingest.container import show_path

_ADDRESS = re.compile(r"(?:^|/)[a-z][a-z0-9+.-]+:")
"""A protocol, as in `https:` or `concat:`; such names are files or nothing."""
_SAVE_FIRST = "nothing is fetched: save the video to a file and give its path"


@dataclass(frozen=True, slots=True)
class FileStamp:
    """What the file system says of a file; as long as it stays equal, the content is taken to be the same."""

    size_bytes: int
    modified_ns: int
    changed_ns: int
    """Last change of the file or its attributes; catches a copy that kept the modification time."""
    inode: str

    @classmethod
    def of(cls, path: Path) -> "FileStamp":
        """Read the stamp of a file.

        Raises:
            VideoError: There is no such file, or its folder may not be read.
        """
        try:
            stat = os.stat(path)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            remedy = _SAVE_FIRST if _ADDRESS.search(str(path)) else "check the path"
            raise VideoError(f"cannot read {show_path(path)}: {reason}; {remedy}") from error
        return cls(stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, str(stat.st_ino))

    def require(self, path: Path) -> None:
        """Make sure that the file has not changed since.

        Raises:
            VideoError: It has changed or is gone.
        """
        if FileStamp.of(path) != self:
            raise VideoError(
                f"{show_path(path)} changed while it was being read; run again when it is complete"
            )
