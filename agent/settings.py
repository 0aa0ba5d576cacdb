"""Everything that a run can be told, in one frozen object that is passed explicitly."""

from dataclasses import dataclass, field
from pathlib import Path

from rewatch.memory.errors import SettingError
from rewatch.memory.folder import default_folder
from rewatch.memory.ingest.settings import IngestSettings
from rewatch.memory.types import Limits


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of the agent."""

    library: Path = field(default_factory=default_folder)
    """Folder of the memory."""
    ingest: IngestSettings | None = None
    """How videos are indexed; None goes on with what each was indexed with, and takes the defaults for new ones."""
    limits: Limits = field(default_factory=Limits)
    """Hard limits of each run."""
    max_rounds: int = 4
    """How often the agent may plan before it must answer."""
    recheck: bool = False
    """Read the cited screens again from the video's pixels before they count as evidence."""

    def __post_init__(self) -> None:
        if self.max_rounds < 1:
            raise SettingError(f"max_rounds {self.max_rounds} is below 1")
        if self.limits.seconds is not None and self.limits.seconds <= 0:
            raise SettingError(f"the limit of {self.limits.seconds:g} seconds is not above 0")
