"""What tests measure of frames in the worker processes of a scan, which import it by this module's name."""

import os
import signal

from videos import frame_number

from rewatch.memory.ingest.shots import histogram
from rewatch.memory.types import Frame


def number_and_change(frame: Frame) -> tuple[int, float | None]:
    """The number drawn into the frame, and where it changed."""
    return frame_number(frame.image), frame.change_seconds


def number_or_end(how: str, frame: Frame) -> int:
    """The number drawn into the frame; from 90 s on the process is killed or fails."""
    if frame.seconds >= 90:
        if how == "crash":
            os.kill(os.getpid(), signal.SIGKILL)
        raise ZeroDivisionError("measured too far")
    return frame_number(frame.image)


def colours(frame: Frame) -> bytes:
    """The frame summed up for finding cuts."""
    return histogram(frame.image, frame.change_seconds, frame.change_jump, frame.change_ratio)
