"""Result files of lmms-eval (`--log_samples`) as records of ours, so that another model's replies are scored alike.

A line holds the document's number and the model's reply. Its sample is found by the id in the document or in a metric's
fields, and else by the document's number, since lmms-eval counts in the order of the published file.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rewatch.evals.methods import Prediction
from rewatch.evals.runner.record import Record
from rewatch.evals.tasks.files import FormatError, Row, read_rows
from rewatch.evals.tasks.sample import Fault, Reading, Sample

_IDS = ("question_id", "id", "qid", "uid", "q_uid")


def read_results(path: Path, samples: Sequence[Sample]) -> tuple[list[Record], Reading]:
    """Read the replies of another model.

    Args:
        path: `*_samples_*.jsonl` of lmms-eval.
        samples: The samples of the task, in the order of the published file.

    Returns:
        A record for each reply, and what was read: the samples found, and lines that fit none.

    Raises:
        InputError: The file is missing or no JSON.
    """
    by_id = {sample.sample_id: sample for sample in samples}
    records: list[Record] = []
    faults: list[Fault] = []
    for row in read_rows(path):
        try:
            sample = _sample(row, by_id, samples)
            records.append(Record(sample, Prediction(answer=_reply(row)), 0.0))
        except FormatError as error:
            faults.append(Fault(row.where, str(error)))
    return records, Reading(tuple(record.sample for record in records), tuple(faults))


def _sample(row: Row, by_id: Mapping[str, Sample], samples: Sequence[Sample]) -> Sample:
    for table in _tables(row.values):
        for name in _IDS:
            if (found := by_id.get(str(table.get(name, "")))) is not None:
                return found
    return samples[row.index("doc_id", len(samples))]


def _tables(values: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The document, and the fields of each metric."""
    yield from (value for value in values.values() if isinstance(value, Mapping))


def _reply(row: Row) -> str:
    """The first reply, however deeply it is wrapped in lists."""
    value: Any = row.get("filtered_resps") if row.has("filtered_resps") else row.get("resps")
    while isinstance(value, list) and value:
        value = value[0]
    if not isinstance(value, str):
        raise FormatError(f"the reply is {value!r}, not text")
    return value
