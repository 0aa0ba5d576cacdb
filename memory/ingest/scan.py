"""The pass over a whole video, split over processes by time.

Workers are started as plain `python -c` processes and spoken to through pipes. That survives what the ways
of `multiprocessing` do not: a calling script without a `__main__` guard (spawn runs it again) and threads or
native libraries already at work in the caller (fork copies their locks). Pixels never leave a worker:
`measure` runs there and only its result is sent. Parts begin at keyframes, so nothing is decoded twice, even
where a whole video hangs on one keyframe. Decoding is `decode`'s work; what is measured is the caller's.
"""

import os
import pickle
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import IO, Any, TypeVar

from rewatch.memory.errors import RewatchError, VideoError
from rewatch.memory.ingest.container import show_path
from rewatch.memory.ingest.pyav_reader import PyAVReader
from rewatch.memory.ingest.scan_worker import Answer, Job, Part, measured, open_job_reader
from rewatch.memory.ingest.settings import DecoderName
from rewatch.memory.timecode import format_seconds
from rewatch.memory.types import Frame, Span, VideoInfo

T = TypeVar("T")

_PART_SECONDS = 60.0
"""Long enough that starting a part costs nothing, short enough that the workers end together."""
_ALONE_SECONDS = 20.0
"""A shorter span is done before other processes have started."""
_PARTS_AHEAD = 3
"""Parts for each worker that may be measured before they are asked for; bounds the memory."""
_START = "import sys; sys.path[:] = sys.argv[1:]; from rewatch.memory.ingest.scan_worker import main; main()"
_ONE_THREAD_EACH = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OPENCV_FOR_THREADS_NUM": "1"}


def scan(
    info: VideoInfo,
    span: Span,
    measure: Callable[[Frame], T],
    *,
    step_seconds: float | None = 1.0,
    instants: Sequence[float] | None = None,
    processes: int = 0,
    decoder: DecoderName = "pyav",
    longest_pixels: int = 0,
) -> Iterator[tuple[float, T]]:
    """Measure the frames on display at every step of a span.

    Args:
        info: The video, as probed.
        span: What to go over; the samples lie at its start and every step after it. To go on where an
            earlier scan has stopped, start at the step after its last one.
        measure: Called with each frame, in some worker process; an importable top-level function (or a
            partial of one) whose result can be pickled. Frames tell of changes.
        step_seconds: Distance of the samples; None takes keyframes only, a sixteenth of the work.
        instants: Take the frames on display at these times instead, ascending, those in the span; a frame
            that is on display at several comes as often.
        processes: How many to use; 0 takes one for each core. Short spans are done in this process.
        decoder: Which decoder reads frames.
        longest_pixels: Length to which larger frames are shrunk before they are measured; 0 leaves them as
            they are.

    Yields:
        Each distinct frame's own time and what was measured, in order of time. Closing the iterator ends the
        workers.

    Raises:
        VideoError: The file cannot be read or decoded, or a worker has died over it.
        SettingError: The decoder cannot read this kind of file.
    """
    cores = os.cpu_count() or 1
    count = processes or cores
    alone = count == 1 or span.duration_seconds <= _ALONE_SECONDS
    threads = 0 if alone else max(cores // count, 1)
    wanted = None if instants is None else tuple(instants)
    job = Job(info, measure, step_seconds, decoder, threads, longest_pixels, wanted)
    if alone:
        with open_job_reader(job) as reader:
            yield from measured(reader, job, Part(span, span, is_first=True))
        return
    with PyAVReader(info, threads=1) as planner:
        pool = _Pool(job, plan_parts(planner, span, step_seconds or 1.0), count)
        try:
            pool.start()
            yield from pool.results()
        finally:
            pool.stop()


def plan_parts(reader: PyAVReader, span: Span, step_seconds: float) -> Iterator[Part]:
    """Split a span at keyframes about a minute apart.

    Args:
        reader: Finds keyframes without decoding.
        span: What to split.
        step_seconds: The grid of samples, from the span's start on.

    Yields:
        Parts that tile the span up to the end of the video, in order of time.
    """
    end = min(span.end_seconds, reader.info.duration_seconds)
    length = max(_PART_SECONDS, 8 * step_seconds)
    start: float | None = span.start_seconds

    def grid_from(seconds: float) -> float:
        steps = -((span.start_seconds - seconds) // step_seconds)
        return span.start_seconds + steps * step_seconds

    while start is not None:
        wanted = start + length
        cut = reader.next_keyframe_seconds(wanted) if wanted < end else None
        cut = cut if cut is not None and cut < end else None
        stop = end if cut is None else cut
        last = end if cut is None else min(grid_from(stop) + step_seconds / 2, end)
        first = grid_from(start)
        if first < last:
            yield Part(Span(start, stop), Span(first, last), is_first=start == span.start_seconds)
        start = cut


class _Pool:
    """Workers, one thread to serve each, and their results put back into order of time."""

    def __init__(self, job: Job, parts: Iterator[Part], count: int) -> None:
        self._name = show_path(job.info.path)
        self._parts = parts
        self._taking = threading.Lock()
        self._slots = threading.Semaphore(count * _PARTS_AHEAD)
        self._lines: queue.SimpleQueue[queue.SimpleQueue[Answer] | None] = queue.SimpleQueue()
        self._stopped = False
        self._job = job
        self._count = count
        self._workers: list[subprocess.Popen[bytes]] = []
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start the workers; broken off anywhere in between, `stop` ends what there is."""
        for _ in range(self._count):
            self._workers.append(_start())
        for worker in self._workers:
            _send(worker, self._job)
            self._threads.append(threading.Thread(target=self._serve, args=(worker,), daemon=True))
            self._threads[-1].start()

    def results(self) -> Iterator[Any]:
        """Yield the values of all parts in order."""
        while (line := self._lines.get()) is not None:
            while (answer := line.get())[0] != "end":
                kind, value = answer
                if kind == "value":
                    yield value
                elif kind == "error":
                    raise value
                else:
                    raise RuntimeError(f"measuring frames of {self._name} failed in a worker:\n{value}")
            self._slots.release()

    def stop(self) -> None:
        """End the workers, whatever they are doing."""
        with self._taking:  # no thread is planning now, and none will again: the planner may be closed
            self._stopped = True
        for worker in self._workers:
            worker.kill()
        for _ in self._threads:
            self._slots.release()
        for thread in self._threads:
            with suppress(RuntimeError):  # broken off before it has begun
                thread.join()
        for worker in self._workers:
            worker.wait()
            for pipe in (worker.stdin, worker.stdout):
                _close(pipe)

    def _serve(self, worker: "subprocess.Popen[bytes]") -> None:
        """Give a worker one part after another and queue up its answers."""
        while True:
            self._slots.acquire()
            line: queue.SimpleQueue[Answer] = queue.SimpleQueue()
            with self._taking:
                part = self._next_part(line)
                self._lines.put(None if part is None else line)
            if part is None or not self._converse(worker, part, line):
                return

    def _next_part(self, line: "queue.SimpleQueue[Answer]") -> Part | None:
        if self._stopped:
            return None
        try:
            return next(self._parts, None)
        except RewatchError as error:
            line.put(("error", error))
            self._lines.put(line)
            return None

    def _converse(
        self, worker: "subprocess.Popen[bytes]", part: Part, line: "queue.SimpleQueue[Answer]"
    ) -> bool:
        """Pass on the answers about one part; False when the worker has ended."""
        assert worker.stdin is not None
        assert worker.stdout is not None
        try:
            _send(worker, part)
            while True:
                answer: Answer = pickle.load(worker.stdout)
                line.put(answer)
                if answer[0] != "value":
                    return answer[0] == "end"
        except (EOFError, OSError, pickle.UnpicklingError):
            where = format_seconds(part.span.start_seconds)
            message = (
                f"{self._name}: the decoder has ended unexpectedly in the part from {where} on "
                f"(status {worker.wait()}); the file is damaged there or memory has run out"
            )
            line.put(("error", VideoError(message)))
            return False


def _start() -> "subprocess.Popen[bytes]":
    """Start a worker; Ctrl-C at the terminal reaches only the parent, which ends its workers."""
    return subprocess.Popen(
        [sys.executable, "-c", _START, *sys.path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, **_ONE_THREAD_EACH},
        start_new_session=True,
    )


def _send(worker: "subprocess.Popen[bytes]", what: Job | Part) -> None:
    """Tell a worker something; one that has died already has said why, and its answer is read all the same."""
    assert worker.stdin is not None
    with suppress(BrokenPipeError):
        pickle.dump(what, worker.stdin)
        worker.stdin.flush()


def _close(pipe: "IO[bytes] | None") -> None:
    with suppress(OSError):  # unsent bytes for a worker that is gone
        if pipe is not None:
            pipe.close()
