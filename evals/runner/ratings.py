"""Ratings of free answers by a judge, and how they get into the records of a run."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from rewatch.evals.runner.record import Record
from rewatch.memory.errors import StorageError

RATINGS_FILE = "ratings.jsonl"
UNREADABLE = -1
"""Where a judge said something else than a rating."""


@dataclass(frozen=True, slots=True)
class Rating:
    """What a judge made of one answer."""

    sample_id: str
    answer: str
    """The answer that was judged."""
    rating: int
    """0 to 3, or UNREADABLE."""
    judge: str

    def to_plain(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def with_ratings(records: Iterable[Record], folder: Path) -> Iterator[Record]:
    """Put each rating of a run into the record of the answer that it is of.

    Raises:
        StorageError: The file of ratings is damaged.
    """
    known = {(rating.sample_id, rating.answer): rating for rating in _read(folder / RATINGS_FILE)}
    for record in records:
        said = record.prediction
        rating = known.get((record.sample.sample_id, said.answer)) if said else None
        if said is None or rating is None:
            yield record
        else:
            extra = {**said.extra, "rating": rating.rating, "judge": rating.judge}
            yield replace(record, prediction=replace(said, extra=extra))


def rated(record: Record) -> int | None:
    """The rating in a record, or None."""
    return record.prediction.extra.get("rating") if record.prediction else None


def _read(path: Path) -> Iterator[Rating]:
    """Ratings in order; what a killed judge left of a line is passed over."""
    text = path.read_text("utf-8") if path.exists() else ""
    for number, line in enumerate(text[: text.rfind("\n") + 1].splitlines(), 1):
        try:
            yield Rating(**json.loads(line))
        except (ValueError, TypeError) as error:
            raise StorageError(f"{path}:{number} is damaged: {error}; remove that line") from error
