"""Opening a video file as this local file and nothing else.

The file is opened by us and handed to FFmpeg as an open file object without a name: a name such as
"http://..." or "frames%d.png" is never read as an address or a pattern, non-UTF-8 names work, and with no
protocol allowed a playlist cannot make the demuxer open anything further. Formats that refer to other files
are not on the list either. (Reading through the file object costs nothing measurable.)

What is in the streams is read by `probe`; decoding is `playhead`'s work.
"""

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from rewatch.memory.errors import VideoError

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

_VIDEO_FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,mpeg,avi,flv,asf,mxf,nut,ivf,dv,wtv,rm"
_SOUND_FORMATS = "mp3,wav,flac,aac,ogg,aiff,ac3,eac3,amr,w64,caf,ape,wv,tta"
"""Sound files are opened so that the message can say what they are; Ogg may hold pictures, too."""

_OPTIONS = {"protocol_whitelist": "none", "format_whitelist": f"{_VIDEO_FORMATS},{_SOUND_FORMATS}"}
_BUFFER_BYTES = 1 << 16


def show_path(path: Path) -> str:
    """The path on one printable line, whatever bytes its name holds."""
    text = str(path)
    return text if text.isprintable() else ascii(text)


def require_file(path: Path) -> None:
    """Check that the path is a regular file with something in it.

    Raises:
        VideoError: It is missing, a folder, a device, unreadable or empty.
    """
    name = show_path(path)
    try:
        status = path.stat()
    except FileNotFoundError:
        raise VideoError(f"{name} does not exist; check the path") from None
    except (OSError, ValueError) as error:
        raise VideoError(f"{name} cannot be read ({_reason(error)})") from None
    if stat.S_ISDIR(status.st_mode):
        raise VideoError(f"{name} is a folder, not a video; name a video file in it")
    if not stat.S_ISREG(status.st_mode):
        raise VideoError(f"{name} is not a regular file; save the video to a file first")
    if not status.st_size:
        raise VideoError(f"{name} is empty (0 bytes); copy or download it again")
    if not os.access(path, os.R_OK):
        raise VideoError(f"{name} may not be read; change its permissions")


def open_container(path: Path) -> "InputContainer":
    """Open a media file for demuxing and decoding.

    Args:
        path: A local file.

    Returns:
        PyAV's container; close it, or use it in a `with` block.

    Raises:
        VideoError: The file is missing, unreadable, or not a media file that FFmpeg knows.
    """
    import av

    require_file(path)
    name = show_path(path)
    try:
        # A descriptor's "name" is a number, so FFmpeg never sees the real name.
        file = open(os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0)), "rb", buffering=0)  # noqa: SIM115
    except OSError as error:
        raise VideoError(f"{name} cannot be read ({_reason(error)})") from None
    try:
        container: InputContainer = av.open(
            file, "r", options=_OPTIONS, metadata_errors="replace", buffer_size=_BUFFER_BYTES
        )
        return container
    except av.error.ArgumentError:
        message = "is a playlist, a picture or another kind of file that is not opened; give a video file"
    except av.error.FFmpegError:
        message = "is not a video, or it is cut off or damaged at its start; copy or download it again"
    except OSError as error:
        message = f"cannot be read ({_reason(error)})"
    file.close()
    raise VideoError(f"{name} {message}")


def video_stream(container: "InputContainer", path: Path) -> "VideoStream":
    """The stream that holds the moving picture: the first one that is not cover art.

    Raises:
        VideoError: There is none, or its codec has no decoder here.
    """
    from av.stream import Disposition

    name = show_path(path)
    streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not streams:
        holds = "holds sound but no pictures" if container.streams.audio else "holds no pictures"
        raise VideoError(f"{name} {holds}; give a file with a video track")
    stream = next((s for s in streams if s.disposition & Disposition.default), streams[0])
    if stream.codec_context is None:
        raise VideoError(f"{name} uses a video codec that this FFmpeg cannot decode; convert it to H.264")
    return stream


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
