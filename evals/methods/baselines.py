"""Baselines: what an agent has to beat.

`Blind` never sees the video, `Uniform` looks at evenly spaced frames, `Retrieval` takes the passages that the memory
finds at the first try, `Picks` repeats frames that somebody else's method has chosen. None needs a model beyond the
embedded sentence encoder.
"""

from pathlib import Path

import numpy as np

from rewatch.evals.methods import Gives, Prediction
from rewatch.evals.methods.workplace import Workplace
from rewatch.evals.tasks.files import FormatError, Row, as_number, read_rows
from rewatch.evals.tasks.sample import Sample
from rewatch.memory.errors import InputError
from rewatch.memory.types import Limits, Span
from rewatch.tools.context import ToolContext
from rewatch.tools.meter import Meter
from rewatch.tools.search import search


def midpoints(span: Span, count: int) -> tuple[float, ...]:
    """The middles of so many equal parts of a span."""
    step = span.duration_seconds / count
    return tuple(span.start_seconds + (number + 0.5) * step for number in range(count))


class _Method:
    """What the baselines share: nothing to close."""

    def __init__(self, place: Workplace) -> None:
        self._place = place

    def close(self) -> None:
        """Nothing is open that is not the workplace's."""


class Blind(_Method):
    """Chooses the option that means most nearly what the question says, without the video."""

    gives: frozenset[Gives] = frozenset({"choice"})

    def predict(self, sample: Sample, limits: Limits) -> Prediction:
        """Compare the question with each option in the space of the sentence encoder."""
        if not sample.options:
            raise InputError("the blind baseline answers multiple choice only")
        vectors = self._place.library.encoder.encode_texts([sample.question, *sample.options.values()])
        best = int(np.argmax(vectors[1:] @ vectors[0]))
        return Prediction(choice=list(sample.options)[best])


class Uniform(_Method):
    """Returns the middles of equal parts of the video, or of the part that is asked about."""

    gives: frozenset[Gives] = frozenset({"frames"})

    def __init__(self, place: Workplace, count: int) -> None:
        super().__init__(place)
        self._count = count

    def predict(self, sample: Sample, limits: Limits) -> Prediction:
        """Needs the video's length only."""
        span = self._place.span(sample, self._place.info(sample))
        return Prediction(frame_seconds=midpoints(span, self._count))


class Retrieval(_Method):
    """Searches the memory once with the question as it stands; each option is judged by its best passage."""

    gives: frozenset[Gives] = frozenset({"choice", "text", "spans", "frames"})

    def __init__(self, place: Workplace, count: int) -> None:
        super().__init__(place)
        self._count = count

    def predict(self, sample: Sample, limits: Limits) -> Prediction:
        """Index the video where it is not, and search it."""
        library = self._place.library
        info = library.prepare(self._place.video(sample))
        meter = Meter(limits)
        context = ToolContext(library, (info,), self._place.span(sample, info), meter)
        found = search(context, sample.question, limit=self._count)
        best: dict[str, float] = {}
        for letter, text in sample.options.items():
            hits = search(context, f"{sample.question} {text}", limit=1)
            best[letter] = hits[0].score if hits else 0.0
        return Prediction(
            answer=found[0].text if found else "",
            choice=max(best, key=lambda letter: best[letter]) if any(best.values()) else None,
            spans=tuple((hit.span.start_seconds, hit.span.end_seconds) for hit in found),
            frame_seconds=tuple(hit.span.middle_seconds for hit in found),
            span_scores=tuple(hit.score for hit in found),
            cost=meter.cost,
        )


class Picks:
    """Repeats frames out of a file: a table from sample id to seconds, or lines with `sample_id` and either
    `frame_seconds`, or `frame_indices` and `fps`."""

    gives: frozenset[Gives] = frozenset({"frames"})

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            InputError: It is missing or has another form.
        """
        self._picks: dict[str, tuple[float, ...]] = {}
        for row in read_rows(path):
            try:
                name = row.text("sample_id") if row.has("sample_id") else row.key
                self._picks[name] = _seconds(row)
            except FormatError as error:
                raise InputError(f"{row.where}: {error}") from error

    def predict(self, sample: Sample, limits: Limits) -> Prediction:
        """The frames that the file has for the sample."""
        if sample.sample_id not in self._picks:
            raise InputError(f"the file of picks has no sample {sample.sample_id!r}")
        return Prediction(frame_seconds=self._picks[sample.sample_id])

    def close(self) -> None:
        """Nothing is open."""


def _seconds(row: Row) -> tuple[float, ...]:
    if row.has("frame_indices"):
        rate = row.number("fps")
        if rate <= 0:
            raise FormatError(f"the field 'fps' holds {rate:g}; it must be above 0")
        return tuple(as_number(at, "frame_indices") / rate for at in row.listed("frame_indices"))
    values = row.listed("frame_seconds" if "frame_seconds" in row.values else "")
    return tuple(as_number(value, "frame_seconds") for value in values)
