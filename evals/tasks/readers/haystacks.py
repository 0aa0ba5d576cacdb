"""Readers of benchmarks that hide something in a long video: LV-Haystack, and the haystacks made here."""

from rewatch.evals.tasks.files import Row, as_number, read_rows
from rewatch.evals.tasks.folder import DataFolder
from rewatch.evals.tasks.readers.choices import longvideobench_row
from rewatch.evals.tasks.readers.parts import Found, above_zero, each, pair, pairs, right_letter
from rewatch.evals.tasks.sample import Sample

CLIP_FRAMES_A_SECOND = 30.0
"""HAYSTACK-EGO4D counts the key frames of a clip at this rate (Ye et al., 2025)."""
_LONG_GROUP = "3600"


def haystack_ego4d(folder: DataFolder) -> Found:
    """HAYSTACK-EGO4D: columns as JSON, or parquet.

    In both forms a key frame is `frame_indexes_vclip`, counted within the clip at 30 frames a second, and its time
    in the video is the clip's start plus index / 30. Where only `frame_indexes_video` is given, the index is over
    the video's own `frame_rate`. A record without key frames is a sample without them: about one
    in twenty is so published.
    """
    path = folder.file("*haystack*ego4d*.json", "*haystack*.parquet", "*.parquet", "*haystack*.json")
    return each(read_rows(path), _ego4d_row)


def _ego4d_row(row: Row) -> Sample:
    about = row.part("video_metadata")
    part = pair(about.listed("vclip_interval_in_video"), "vclip_interval_in_video")
    options = {str(letter): str(text) for letter, text in row.table("options").items() if text is not None}
    if row.values.get("frame_indexes_vclip") is not None:
        found = [as_number(at, "frame_indexes_vclip") for at in row.listed("frame_indexes_vclip")]
        seconds = [part[0] + at / CLIP_FRAMES_A_SECOND for at in found]
    else:
        rate = above_zero(about, "frame_rate")
        seconds = [as_number(at, "frame_indexes_video") / rate for at in row.listed("frame_indexes_video")]
    clip = row.text("vclip_id")
    return Sample(
        f"{clip}/{row.text('id', row.where)}",
        row.text("video_id"),
        row.text("question"),
        options,
        right_letter(row, "answer", options),
        frame_seconds=tuple(sorted(seconds)),
        part=part,
        extra={"vclip_id": clip},
    )


def haystack_lvbench(folder: DataFolder) -> Found:
    """HAYSTACK-LVBENCH: the hour group of LongVideoBench's validation split, without subtitle questions.

    Key frames are native frame indices in `position`. The rate is not in the annotation, so it comes from a field
    `fps` where somebody added one, or from the video, which must then be in the folder.
    """

    def build(row: Row) -> Found:
        if row.text("duration_group") != _LONG_GROUP or "T" in row.text("question_category"):
            return
        video = row.text("video_path") if row.has("video_path") else row.text("video_id")
        rate = above_zero(row, "fps") if row.has("fps") else folder.frame_rate(video)
        seconds = sorted(as_number(at, "position") / rate for at in row.listed("position"))
        yield longvideobench_row(row, frame_seconds=tuple(seconds))

    return each(read_rows(folder.file("lvb_val.json", "*val*.parquet")), build)


def made_haystack(folder: DataFolder) -> Found:
    """A haystack that `rewatch eval haystack` made: `truth.jsonl`, a sample a line."""

    return each(read_rows(folder.file("truth.jsonl")), _made_row)


def _made_row(row: Row) -> Sample:
    options = {str(k): str(v) for k, v in row.table("options").items()} if row.has("options") else {}
    return Sample(
        row.text("sample_id"),
        row.text("video"),
        row.text("question"),
        options,
        right_letter(row, "answer", options) if options else None,
        pairs(row.listed("spans"), "spans") if row.has("spans") else (),
        category=row.text("category", ""),
        duration_group=row.text("duration_group", ""),
        subtitles=row.text("subtitles", ""),
        extra=dict(row.table("extra")) if row.has("extra") else {},
    )
