"""Readers of benchmarks that ask where in the video something is: moments, highlights, grounded answers."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from rewatch.evals.metrics.highlights import CLIP_SECONDS, LEAST_RATINGS
from rewatch.evals.metrics.spans import Pair
from rewatch.evals.tasks.files import FormatError, Row, as_number, read_rows, read_text
from rewatch.evals.tasks.folder import DataFolder
from rewatch.evals.tasks.readers.choices import next_qa_row, video_names
from rewatch.evals.tasks.readers.parts import (
    Found,
    above_zero,
    each,
    lettered,
    pair,
    pairs,
    right_letter,
    two_numbers,
)
from rewatch.evals.tasks.sample import Fault, Sample
from rewatch.memory.errors import InputError


def qvhighlights(folder: DataFolder) -> Found:
    """QVHighlights: `highlight_val_release.jsonl`; the test file has no truth."""

    def build(row: Row) -> Sample:
        windows = (
            pairs(row.listed("relevant_windows"), "relevant_windows") if row.has("relevant_windows") else ()
        )
        extra = {"duration": row.number("duration"), **_saliency(row)}
        return Sample(row.text("qid"), row.text("vid"), row.text("query"), spans=windows, extra=extra)

    yield from each(read_rows(folder.file("highlight_val*.jsonl", "highlight_test*.jsonl")), build)


def _saliency(row: Row) -> dict[str, list[Any]]:
    """Which clips are relevant, and three ratings of each; nothing where the file has no truth."""
    if not row.has("saliency_scores"):
        return {}
    clips = int(row.number("duration") / CLIP_SECONDS)
    ids = [Row(row.where, {"relevant_clip_ids": at}) for at in row.listed("relevant_clip_ids")]
    numbers = [at.index("relevant_clip_ids", clips) for at in ids]
    ratings = row.listed("saliency_scores")
    if len(ratings) != len(numbers):
        raise FormatError(f"{len(ratings)} saliency_scores for {len(numbers)} relevant_clip_ids")
    for triple in ratings:
        if not isinstance(triple, list) or len(triple) != len(LEAST_RATINGS):
            raise FormatError(f"'saliency_scores' holds {triple!r}, not three ratings")
        for rating in triple:
            as_number(rating, "saliency_scores")
    return {"relevant_clip_ids": numbers, "saliency_scores": ratings}


def charades_sta(folder: DataFolder) -> Found:
    """Charades-STA: `charades_sta_test.txt`, lines of `VIDEO START END##sentence`."""
    path = folder.file("charades_sta_test.txt", "charades_sta*.txt")
    for number, line in enumerate(read_text(path).removesuffix("\n").split("\n"), 1):
        where = f"{path.name}:{number}"
        left, mark, sentence = line.partition("##")
        parts = left.split()
        if not mark or len(parts) != 3 or not sentence.strip():
            yield Fault(where, f"{line[:60]!r} is not VIDEO START END##sentence")
            continue
        build = partial(_charades_line, str(number), parts[0], sentence.strip())
        yield from each([Row(where, {"span": parts[1:]})], build)


def _charades_line(own: str, video: str, sentence: str, row: Row) -> Sample:
    return Sample(own, video, sentence, spans=(pair(row.get("span"), "span"),))


def activitynet_captions(folder: DataFolder) -> Found:
    """ActivityNet-Captions: `val_1.json` and the like, by video: duration, timestamps, sentences."""
    return _described(folder.file("val_1.json", "val_2.json", "*activitynet*.json"), in_frames=False)


def tacos(folder: DataFolder) -> Found:
    """TACoS: `test.json`, by video: fps, num_frames, timestamps in frames, sentences."""
    return _described(folder.file("*tacos*test*.json", "test.json", "*tacos*.json"), in_frames=True)


def _described(path: Path, *, in_frames: bool) -> Found:
    def build(row: Row) -> Found:
        spans, sentences = row.listed("timestamps"), row.listed("sentences")
        if len(spans) != len(sentences):
            raise FormatError(f"{len(spans)} timestamps for {len(sentences)} sentences")
        rate = above_zero(row, "fps") if in_frames else 1.0
        length = (row.number("num_frames") if in_frames else row.number("duration")) / rate
        for at, (span, sentence) in enumerate(zip(spans, sentences, strict=True)):
            part = Row(f"{row.where}, sentence {at}", {"timestamps": span, "sentences": sentence}, row.key)
            yield from each([part], partial(_described_moment, at, rate, length))

    yield from each(read_rows(path), build)


def _described_moment(at: int, rate: float, length: float, row: Row) -> Sample:
    """A moment is cut to its video's length and one that ends where it starts is none, as 2D-TAN's loaders have it."""
    start, end = (second / rate for second in two_numbers(row.get("timestamps"), "timestamps"))
    span = max(start, 0.0), min(end, length)
    if start >= end or span[0] >= span[1]:
        told = f"'timestamps' runs from {start:g} to {end:g} s of {length:g} s"
        raise FormatError(f"{told}; it must end after it starts, within the video")
    return Sample(f"{row.key}/{at}", row.key, row.text("sentences"), spans=(span,))


def ego4d_nlq(folder: DataFolder) -> Found:
    """Ego4D natural-language queries: `nlq_val.json`; a query is about a clip of a video."""
    rows = [row for row in read_rows(folder.file("nlq_val.json", "nlq_*.json")) if row.key == "videos"]
    if not rows:
        raise InputError(f'{folder.path} holds an nlq file without "videos"; take the file as published')
    try:
        videos = Row(rows[0].where, {"videos": rows[0].values.get("")}).rows("videos")
    except FormatError as error:
        raise InputError(f"{rows[0].where}: {error}; take the file as published") from error
    return each(videos, _each_clip)


def _each_clip(video: Row) -> Found:
    for clip in video.rows("clips"):
        for annotation in clip.rows("annotations"):
            for at, query in enumerate(annotation.rows("language_queries")):
                yield from each([query], partial(_query, video, clip, annotation, at))


def _query(video: Row, clip: Row, annotation: Row, number: int, row: Row) -> Sample:
    """Times are given within the clip and within the video; the video's are kept, with the clip as the part."""
    spans: tuple[Pair, ...] = ()
    if row.has("video_start_sec"):
        spans = (pair((row.get("video_start_sec"), row.get("video_end_sec")), "video_start_sec"),)
    own = annotation.text("annotation_uid")
    part = (clip.number("video_start_sec"), clip.number("video_end_sec"))
    return Sample(
        f"{clip.text('clip_uid')}/{own}/{number}",
        video.text("video_uid"),
        row.text("query"),
        spans=spans,
        part=pair(part, "video_start_sec"),
        category=row.text("template", ""),
        extra={"clip_uid": clip.text("clip_uid"), "annotation_uid": own, "query_idx": number},
    )


def next_gqa(folder: DataFolder) -> Found:
    """NExT-GQA: `val.csv` or `test.csv` with the spans of `gsub_val.json` or `gsub_test.json`."""
    questions = folder.file("*nextgqa/val.csv", "val.csv", "*nextgqa/test.csv", "test.csv")
    truth = {row.key: row for row in read_rows(folder.file(f"gsub_{questions.stem}.json"))}
    names = video_names(folder)

    def build(row: Row) -> Sample:
        video, own = row.text("video_id"), row.text("qid")
        if video not in truth:
            raise FormatError(f"gsub_{questions.stem}.json has no video {video!r}")
        spans = Row(truth[video].where, truth[video].table("location"))
        if not spans.has(own):
            raise FormatError(f"gsub_{questions.stem}.json has no span for question {own} of video {video}")
        duration = truth[video].number("duration")
        return next_qa_row(row, names, spans=pairs(spans.listed(own), own), extra={"duration": duration})

    yield from each(read_rows(questions), build)


def cg_bench(folder: DataFolder) -> Found:
    """CG-Bench: `cgbench.json` or `cgbench_mini.json`; clues are spans, subtitles lie as `<video_uid>.srt`."""

    def build(row: Row) -> Sample:
        options = lettered(row.listed("choices"))
        video = row.text("video_uid")
        return Sample(
            row.text("qid"),
            video,
            row.text("question"),
            options,
            right_letter(row, "right_answer", options),
            pairs(row.listed("clue_intervals"), "clue_intervals"),
            category=row.text("sub_category", ""),
            subtitles=f"cg_subtitles/{video}.srt",
            extra={name: row.text(name) for name in ("domain", "duration") if row.has(name)},
        )

    yield from each(read_rows(folder.file("cgbench.json", "cgbench_mini.json", "*cgbench*.json")), build)


def v_star(folder: DataFolder) -> Found:
    """V-STaR: one JSON list; "what", "when" and "where" questions of one event, boxes at seconds."""

    def build(row: Row) -> Sample:
        seconds = round(row.number("frame_count") / above_zero(row, "fps"), 2)
        asked = {name: row.text(name) for name in _VSTAR_ASKED if row.has(name)}
        boxes = dict(_box(value) for value in row.listed("bboxes"))
        extra = {
            **asked,
            "boxes": boxes,
            "width": row.number("width"),
            "height": row.number("height"),
            "duration": seconds,
        }
        return Sample(
            row.text("id", row.where),
            row.text("vid"),
            row.text("question"),
            answer=row.text("answer"),
            spans=(pair(row.listed("timestamps"), "timestamps"),),
            category=row.text("domain", ""),
            duration_group="Short" if seconds < 60 else "Medium" if seconds < 180 else "Long",
            extra=extra,
        )

    yield from each(read_rows(folder.file("*V_STaR*.json", "*v*star*.json", "*.json")), build)


_VSTAR_ASKED = ("temporal_question", "spatial_question", "spatial_question_2")


def _box(value: Any) -> tuple[str, tuple[float, ...]]:
    """A box by its second: `{"timestamp": 3, "xmin": ...}` or `{"3_90": {"xmin": ...}}`."""
    if isinstance(value, Mapping) and "timestamp" not in value and len(value) == 1:
        key, inner = next(iter(value.items()))
        value = {**inner, "timestamp": str(key).split("_")[0]} if isinstance(inner, Mapping) else inner
    if not isinstance(value, Mapping) or "timestamp" not in value:
        raise FormatError(f"'bboxes' holds {value!r}, not boxes by second")
    corners = tuple(as_number(value.get(name), f"bboxes {name}") for name in ("xmin", "ymin", "xmax", "ymax"))
    return str(value["timestamp"]), corners
