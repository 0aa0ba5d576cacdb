"""The settings that a video was indexed with, read back from the parameters that its stages recorded.

Owns which parameter of which stage tells which setting, so that a later run that is told nothing goes on with
what the video has: a question never undoes a transcript that took an hour.
"""

from typing import Any

from rewatch.memory.ingest.settings import IngestSettings
from rewatch.memory.store import Store

_PLACES = {
    "decoder": ("scan", "decoder"),
    "step_seconds": ("scan", "step_seconds"),
    "read_screen": ("screen", "read"),
    "speech_model": ("speech", "model"),
    "encoder": ("visual", "encoder"),
    "visual_spacing_seconds": ("visual", "spacing_seconds"),
}
"""Setting -> the stage that records it, and under which name."""


def recorded_settings(store: Store, video_id: str) -> IngestSettings:
    """Read the settings back.

    Args:
        store: Holds the records of the video's stages.
        video_id: The video.

    Returns:
        The settings; the default for each that no stage has recorded.
    """
    records = {record.name: record.parameters for record in store.stage_records(video_id)}
    told: dict[str, Any] = {
        setting: records[stage][name]
        for setting, (stage, name) in _PLACES.items()
        if name in records.get(stage, {})
    }
    if told.get("step_seconds") == 0:  # how the scan records a pass over keyframes
        del told["step_seconds"]
        told["fast"] = True
    return IngestSettings(**told)
