"""What was read of a video, channel by channel, told from the records of its stages.

Owns the statement of coverage. What a stage says of its channel is its own; see `ingest.stage.StageOutcome`.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from rewatch.memory.ingest.subtitles import SubtitleStage, lost_files
from rewatch.memory.ingest.visual import NO_ENCODER
from rewatch.memory.store import StageRecord, Store
from rewatch.memory.types import Channel, Coverage, Span, VideoInfo

_STAGES: Mapping[Channel, tuple[str, ...]] = {"speech": ("subtitles", "speech"), "screen": ("screen",)}
"""The stages that read each text channel; one of them is enough."""

_SAMPLED: frozenset[Channel] = frozenset({"screen"})
"""Text channels that are read from sampled frames only."""


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
    return (*told, _visual(store, video, records.get("visual"), part))


def _visual(store: Store, video: VideoInfo, record: StageRecord | None, part: Span | None) -> Coverage:
    """What one encoder has embedded; frames that it has not reached yet are not counted."""
    if record is None or not record.parameters["encoder"]:
        return _described(store, video, part)
    if not record.finished:
        return Coverage(
            "visual", "unavailable", (), note="not embedded to the end yet; index the video again"
        )
    seconds = store.frame_seconds(str(record.parameters["space_id"]), video.video_id)
    return Coverage("visual", "read", (part,) if part else (), _largest_gap(seconds, video), record.note)


def _described(store: Store, video: VideoInfo, part: Span | None) -> Coverage:
    """What captions tell of the pictures, where no encoder has embedded them."""
    lines = store.text_lines(video.video_id, part, ["caption"])
    spans: list[Span] = []
    for line in lines:
        told = line.span if part is None else line.span.intersection(part)
        if told is None:
            continue
        if spans and told.start_seconds <= spans[-1].end_seconds:
            spans[-1] = spans[-1].union(told)
        else:
            spans.append(told)
    if not spans:
        return Coverage("visual", "unavailable", (), note=NO_ENCODER)
    models = ", ".join(sorted({line.source for line in lines}))
    return Coverage("visual", "read", tuple(spans), note=f"described by {models}")


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
            spacing = (
                _largest_gap(store.sample_seconds(video.video_id), video) if channel in _SAMPLED else None
            )
            lost = lost_files(video, record) if record.name == SubtitleStage.name else ""
            note = "; ".join(filter(None, (record.note, lost)))
            return Coverage(channel, "read", (part,) if part else (), spacing, note)
    if len(done) < len(records):
        return Coverage(channel, "unavailable", (), note="not read to the end yet; index the video again")
    for record in done:
        if record.status == "unavailable":
            return Coverage(channel, "unavailable", (), note=record.note)
    return Coverage(channel, "absent", (), note="; ".join(record.note for record in done if record.note))


def _largest_gap(seconds: Sequence[float], video: VideoInfo) -> float:
    """Seconds between the two frames that are farthest apart; the last is seen until the end."""
    return max(late - early for early, late in pairwise([0.0, *seconds, video.duration_seconds]))
