"""Folders that hold a benchmark's published files, written by a test, and what a reader makes of them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rewatch.evals.tasks.folder import DataFolder
from rewatch.evals.tasks.sample import Reading, Sample
from rewatch.evals.tasks.table import find_task, read


def write(folder: Path, name: str, content: Any) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content, indent=1))


def read_folder(task: str, folder: Path, files: Mapping[str, Any]) -> Reading:
    for name, content in files.items():
        write(folder, name, content)
    return read(find_task(task), DataFolder(folder))


def only(reading: Reading) -> Sample:
    assert reading.faults == ()
    assert len(reading.samples) == 1
    return reading.samples[0]


MC = {"question": "What is red?", "options": ["A. the car", "B. the bus"]}
