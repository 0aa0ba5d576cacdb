"""What was read of a video, channel by channel, told from the records of its stages.

Owns the statement of coverage. What a stage says of its channel is its own; see `ingest.stage.StageOutcome`.
"""

from collections.abc import Mapping

from rewatch.memory.store import StageRecord, Store
from rewatch.memory.types import Channel, Coverage, Span, VideoInfo

_STAGES: Mapping[Channel, tuple[str, ...]] = {"speech": ("subtitles", "speech"), "screen": ("screen",)}
"""The stages that read each channel; one of them is enough."""

_SAMPLED: frozenset[Channel] = frozenset({"screen"})
"""Channels that are read from sampled frames only."""

_VISUAL_NOTE = "what the pictures show is not indexed; the embedded default reads text only"


def coverage(store: Store, video: VideoInfo, span: Span | None = None) -> tuple[Coverage, ...]:
    """Say which channels of a video were read, and how finely.

    Args:
        store: Holds the records of its stages.
        video: The video.
        span: The part in question; None for all of it.

    Returns:
        One entry each for speech, screen and visual.
    """
    part = video.span if span is None else video.span.intersection(span)
    records = {record.name: record for record in store.stage_records(video.video_id)}
    told = [
        _channel(store, video, channel, [records.get(name) for name in names], part)
        for channel, names in _STAGES.items()
    ]
    return (*told, Coverage("visual", "unavailable", (), note=_VISUAL_NOTE))


def _channel(
    store: Store,
    video: VideoInfo,
    channel: Channel,
    records: list[StageRecord | None],
    part: Span | None,
) -> Coverage:
    done = [record for record in records if record is not None and record.finished]
    for record in done:
        if record.status == "read":
            spacing = _largest_gap(store, video) if channel in _SAMPLED else None
            return Coverage(channel, "read", (part,) if part else (), spacing, record.note)
    if len(done) < len(records):
        return Coverage(channel, "unavailable", (), note="not read to the end yet; index the video again")
    for record in done:
        if record.status == "unavailable":
            return Coverage(channel, "unavailable", (), note=record.note)
    return Coverage(channel, "absent", (), note="; ".join(record.note for record in done if record.note))


def _largest_gap(store: Store, video: VideoInfo) -> float:
    """Seconds between the two sampled frames that are farthest apart; the last is seen until the end."""
    seconds = [*store.sample_seconds(video.video_id), video.duration_seconds]
    return max((late - early for early, late in zip([0.0, *seconds], seconds, strict=False)), default=0.0)
