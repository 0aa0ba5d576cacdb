"""The other end of `scan`: one process that decodes parts of a video and measures their frames.

It is told the job and then one part after another on its standard input, and answers on its standard output;
both carry pickled values. When the parent is gone, however it went, one of the two pipes fails and the
process ends.
"""

import os
import pickle
import signal
import sys
import traceback
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from rewatch.memory.errors import RewatchError
from rewatch.memory.ingest.decode import FrameReader, open_reader
from rewatch.memory.ingest.settings import DecoderName
from rewatch.memory.types import Frame, Span, VideoInfo


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the video that starts at a keyframe, so that no piece decodes another's frames."""

    span: Span
    samples: Span
    """The first grid time of the part up to (included) that of the next part."""
    is_first: bool
    """Whether the frame at the first grid time belongs to this part and not to the one before."""


@dataclass(frozen=True, slots=True)
class Job:
    """What is the same for all parts."""

    info: VideoInfo
    measure: Callable[[Frame], Any]
    step_seconds: float | None
    """Distance of the samples; None for keyframes only."""
    decoder: DecoderName
    threads: int
    longest_pixels: int
    """Length to which larger frames are shrunk; 0 leaves them as they are."""
    instants: tuple[float, ...] | None = None
    """Ascending; the frames on display at these times, in place of the grid of steps."""


Answer = tuple[Literal["value", "end", "error", "bug"], Any]
"""A measured frame `(seconds, value)`, the end of a part, an error for the user, a traceback."""


def open_job_reader(job: Job) -> FrameReader:
    """Open the video of a job as the job says."""
    return open_reader(job.info, job.decoder, threads=job.threads, longest_pixels=job.longest_pixels)


def measured(reader: FrameReader, job: Job, part: Part) -> Iterator[tuple[float, Any]]:
    """Measure the frames of one part: `(frame.seconds, measure(frame))` in order of time."""
    if job.instants is not None:
        first, end = (
            bisect_left(job.instants, at) for at in (part.span.start_seconds, part.span.end_seconds)
        )
        frames = reader.at_many(job.instants[first:end])
    elif job.step_seconds is None:
        frames = reader.keyframes(part.span)
    else:
        frames = reader.sample(part.samples, job.step_seconds)
        if not part.is_first:
            next(frames, None)
    for frame in frames:
        yield frame.seconds, job.measure(frame)


def main() -> None:
    """Answer parts until the parent closes the pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what native code prints must not get into the answers

    def answer(what: Answer) -> None:
        pickle.dump(what, answers)
        answers.flush()

    try:
        _work(answer)
    except RewatchError as error:
        answer(("error", error))
    except (EOFError, BrokenPipeError):
        pass
    except Exception:
        answer(("bug", traceback.format_exc()))
    os._exit(0)  # nothing is left to save, and a closed pipe must not be flushed again


def _work(answer: Callable[[Answer], None]) -> None:
    job: Job = pickle.load(sys.stdin.buffer)
    with open_job_reader(job) as reader:
        while True:
            part: Part = pickle.load(sys.stdin.buffer)
            for value in measured(reader, job, part):
                answer(("value", value))
            answer(("end", None))
