"""What methods with models are told: the agent's settings, and where calls to models are recorded.

A run with `record` keeps one recording for each method that was opened, in its own folder; a later run replays all of
them as one, and so gives the same numbers without models.
"""

import os
import uuid
from dataclasses import dataclass, field, replace
from pathlib import Path

from rewatch.agent.settings import Settings
from rewatch.memory.errors import InputError

RECORDINGS = "recordings"


@dataclass(frozen=True, slots=True)
class Setup:
    """Settings of all methods of a run."""

    settings: Settings = field(default_factory=Settings)
    recordings: Path | None = None
    """Folder to record to, or None."""

    def for_method(self) -> Settings:
        """Settings for one method; each records to a file of its own."""
        if self.recordings is None:
            return self.settings
        self.recordings.mkdir(parents=True, exist_ok=True)
        return replace(self.settings, record=self.recordings / f"{uuid.uuid4().hex}.jsonl")


def merged_recordings(run: Path, target: Path) -> Path:
    """Join the recordings of a run into one.

    Args:
        run: Folder of the run that was recorded.
        target: File to write.

    Raises:
        InputError: The run has no recordings.
    """
    paths = sorted((run / RECORDINGS).glob("*.jsonl"))
    if not paths:
        raise InputError(f"{run} holds no recordings; make them with rewatch eval run --record")
    unfinished = target.with_suffix(".part")
    with unfinished.open("w", encoding="utf-8") as file:
        for number, path in enumerate(paths):
            lines = path.read_text("utf-8").splitlines(keepends=True)
            file.writelines(lines if number == 0 else lines[1:])  # the first line names the format
    os.replace(unfinished, target)
    return target
