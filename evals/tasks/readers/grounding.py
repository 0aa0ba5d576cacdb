"""Readers of benchmarks that ask where in the video something is: moments, highlights, grounded answers."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from rewatch.evals.metrics.spans import Pair
from rewatch.evals.tasks.files import FormatError, Row, as_number, read_rows
from rewatch.evals.tasks.folder import DataFolder
from rewatch.evals.tasks.readers.choices import next_qa_row
from rewatch.evals.tasks.readers.parts import Found, each, lettered, pair, pairs, right_letter
from rewatch.evals.tasks.sample import Fault, Sample
from rewatch.memory.errors import InputError


def qvhighlights(folder: DataFolder) -> Found:
    """QVHighlights: `highlight_val_release.jsonl`; the test file has no truth."""

    def build(row: Row) -> Sample:
        windows = (
            pairs(row.listed("relevant_windows"), "relevant_windows") if row.has("relevant_windows") else ()
        )
        kept = ("relevant_clip_ids", "saliency_scores")
        extra = {
            "duration": row.number("duration"),
            **{name: row.listed(name) for name in kept if row.has(name)},
        }
        return Sample(row.text("qid"), row.text("vid"), row.text("query"), spans=windows, extra=extra)

    yield from each(read_rows(folder.file("highlight_val*.jsonl", "highlight_test*.jsonl")), build)


def charades_sta(folder: DataFolder) -> Found:
    """Charades-STA: `charades_sta_test.txt`, lines of `VIDEO START END##sentence`."""
    path = folder.file("charades_sta_test.txt", "charades_sta*.txt")
    for number, line in enumerate(_lines(path), 1):
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
        rate = row.number("fps") if in_frames else 1.0
        if rate <= 0:
            raise FormatError(f"the field 'fps' holds {rate:g}; it must be above 0")
        parts = [Row(f"{row.where}, sentence {at}", {"span": span}) for at, span in enumerate(spans)]
        for at, (part, sentence) in enumerate(zip(parts, sentences, strict=True)):
            yield from each([part], partial(_described_moment, row.key, at, str(sentence).strip(), rate))

    yield from each(read_rows(path), build)


def _described_moment(video: str, at: int, sentence: str, rate: float, part: Row) -> Sample:
    start, end = pair(part.get("span"), "timestamps")
    return Sample(f"{video}/{at}", video, sentence, spans=((start / rate, end / rate),))


def ego4d_nlq(folder: DataFolder) -> Found:
    """Ego4D natural-language queries: `nlq_val.json`; a query is about a clip of a video."""
    rows = [row for row in read_rows(folder.file("nlq_val.json", "nlq_*.json")) if row.key == "videos"]
    if not rows:
        raise InputError(f'{folder.path} holds an nlq file without "videos"; take the file as published')
    videos = Row(rows[0].where, {"videos": rows[0].values.get("")})
    return each(videos.rows("videos"), _each_clip)


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
        category=row.text("template") if row.has("template") else "",
        extra={"clip_uid": clip.text("clip_uid"), "annotation_uid": own, "query_idx": number},
    )


def next_gqa(folder: DataFolder) -> Found:
    """NExT-GQA: `val.csv` or `test.csv` with the spans of `gsub_val.json` or `gsub_test.json`."""
    questions = folder.file("*nextgqa/val.csv", "val.csv", "*nextgqa/test.csv", "test.csv")
    truth = {row.key: row for row in read_rows(folder.file(f"gsub_{questions.stem}.json"))}
    names: dict[str, str] = {}
    for path in folder.files("map_vid_vidorID.json"):
        names |= {row.key: str(row.values.get("")) for row in read_rows(path)}

    def build(row: Row) -> Sample:
        video, own = row.text("video_id"), row.text("qid")
        if video not in truth:
            raise FormatError(f"gsub_{questions.stem}.json has no video {video!r}")
        spans = truth[video].table("location").get(own)
        if not spans:
            raise FormatError(f"gsub_{questions.stem}.json has no span for question {own} of video {video}")
        duration = truth[video].number("duration")
        return next_qa_row(row, names, spans=pairs(spans, "location"), extra={"duration": duration})

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
            category=row.text("sub_category") if row.has("sub_category") else "",
            subtitles=f"cg_subtitles/{video}.srt",
            extra={name: row.text(name) for name in ("domain", "duration") if row.has(name)},
        )

    yield from each(read_rows(folder.file("cgbench.json", "cgbench_mini.json", "*cgbench*.json")), build)


def v_star(folder: DataFolder) -> Found:
    """V-STaR: one JSON list; "what", "when" and "where" questions of one event, boxes at seconds."""

    def build(row: Row) -> Sample:
        seconds = row.number("frame_count") / row.number("fps")
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
            row.text("id") if row.has("id") else row.where,
            row.text("vid"),
            row.text("question"),
            answer=row.text("answer"),
            spans=(pair(row.listed("timestamps"), "timestamps"),),
            category=row.text("domain") if row.has("domain") else "",
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


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}") from error
