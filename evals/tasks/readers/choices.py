"""Readers of multiple-choice benchmarks over long videos."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from rewatch.evals.tasks.files import FormatError, Row, read_rows
from rewatch.evals.tasks.folder import DataFolder
from rewatch.evals.tasks.readers.parts import (
    Found,
    clock_span,
    each,
    lettered,
    right_letter,
    split_options,
)
from rewatch.evals.tasks.sample import Sample


def longvideobench(folder: DataFolder) -> Found:
    """LongVideoBench: `lvb_val.json`, or the test split without answers; subtitles as JSON or SRT files."""
    return each(read_rows(folder.file("lvb_val.json", "lvb_test*.json", "*val*.parquet")), longvideobench_row)


def longvideobench_row(row: Row, **more: Any) -> Sample:
    """One record of LongVideoBench."""
    options = lettered(row.listed("candidates")) if row.has("candidates") else _numbered(row, "option{}", 0)
    answer = None
    if row.has("correct_choice"):
        answer = list(options)[row.index("correct_choice", len(options))]
    return Sample(
        row.text("id"),
        row.text("video_path") if row.has("video_path") else row.text("video_id"),
        row.text("question"),
        options,
        answer,
        category=row.text("question_category"),
        duration_group=row.text("duration_group"),
        subtitles=_under("subtitles", row, "subtitle_path"),
        extra={"starting_timestamp_for_subtitles": row.number("starting_timestamp_for_subtitles")}
        if row.has("starting_timestamp_for_subtitles")
        else {},
        **more,
    )


def video_mme(folder: DataFolder) -> Found:
    """Video-MME: `test-*.parquet` or its JSON form; subtitles lie as `subtitle/<videoID>.srt`."""
    path = folder.file("test-*.parquet", "*video*mme*.parquet", "*video*mme*.json", "*videomme*.json")
    return each(read_rows(path), _video_mme_video)


def _video_mme_video(row: Row) -> Found:
    """A question a record, or a video with its questions, as the evaluation script takes it."""
    if not row.has("questions"):
        yield _video_mme_row(row)
        return
    about = {name: value for name, value in row.values.items() if name != "questions"}
    asked = [Row(one.where, {**about, **one.values}, row.key) for one in row.rows("questions")]
    yield from each(asked, _video_mme_row)


def _video_mme_row(row: Row) -> Sample:
    options = lettered(row.listed("options"))
    video = row.text("videoID") if row.has("videoID") else row.text("video_id")
    return Sample(
        row.text("question_id"),
        video,
        row.text("question"),
        options,
        right_letter(row, "answer", options),
        category=row.text("task_type"),
        duration_group=row.text("duration"),
        subtitles=f"subtitle/{video}.srt",
        extra={name: row.text(name) for name in ("video_id", "domain", "sub_category") if row.has(name)},
    )


def mlvu(folder: DataFolder) -> Found:
    """MLVU: the files of the multiple-choice tasks, one a task; or the test split, which has `question_id`."""
    kept = ("plotQA", "needle", "ego", "count", "order", "anomaly_reco", "topic_reasoning")
    paths = [path for task in kept for path in folder.files(f"*{task}.json")]
    paths = paths or [folder.file("*test*question*.json", "test-ground-truth.json", "*mlvu*.json")]
    for path in paths:
        yield from each(read_rows(path), _mlvu_row)


def _mlvu_row(row: Row) -> Sample:
    options = lettered(row.listed("candidates"))
    own = row.text("question_id") if row.has("question_id") else row.where.replace(".json:", "/")
    return Sample(
        own,
        row.text("video"),
        row.text("question"),
        options,
        right_letter(row, "answer", options),
        category=row.text("question_type"),
    )


def lvbench(folder: DataFolder) -> Found:
    """LVBench: `video_info.meta.jsonl`, a line a video; options stand below the question."""
    return each(read_rows(folder.file("video_info.meta.jsonl", "*lvbench*.jsonl")), _lvbench_video)


def _lvbench_video(video: Row) -> Found:
    key = video.text("key")

    def build(row: Row) -> Sample:
        question, options = split_options(row.text("question"))
        kinds = [str(kind) for kind in row.listed("question_type")]
        spans = (
            (clock_span(row.text("time_reference"), "time_reference"),) if row.has("time_reference") else ()
        )
        return Sample(
            row.text("uid"),
            key,
            question,
            options,
            right_letter(row, "answer", options),
            spans,
            category=", ".join(kinds),
            duration_group=video.text("type", ""),
            extra={"question_type": kinds},
        )

    yield from each(video.rows("qa"), build)


def egoschema(folder: DataFolder) -> Found:
    """EgoSchema: `questions.json`, with the answers of the open subset in `subset_answers.json`."""
    answers: dict[str, Any] = {}
    for path in folder.files("subset_answers.json"):
        for row in read_rows(path):
            answers[row.key] = row.values.get("")

    def build(row: Row) -> Sample:
        options = _numbered(row, "option {}", 0)
        name = row.text("q_uid")
        at = answers.get(name)
        answer = None
        if at is not None:
            answer = list(options)[Row(row.where, {"answer": at}).index("answer", len(options))]
        return Sample(name, name, row.text("question"), options, answer)

    yield from each(read_rows(folder.file("questions.json", "*egoschema*.json")), build)


def hourvideo(folder: DataFolder) -> Found:
    """HourVideo: one JSON file by video, `benchmark_dataset` holding the questions; answers in the open split."""
    path = folder.file("dev_v1.0_annotations.json", "*hourvideo*.json", "dev_v1.0*.json", "test_v1.0*.json")
    return each(read_rows(path), _hourvideo_video)


def _hourvideo_video(video: Row) -> Found:
    def build(row: Row) -> Sample:
        if row.has("answer_1"):
            question, options = row.text("question"), _numbered(row, "answer_{}", 1)
        else:
            question, options = split_options(row.text("mcq_test"))
        task = row.text("task")
        return Sample(
            row.text("qid"),
            video.key,
            question,
            options,
            right_letter(row, "correct_answer_label", options),
            category="summarization" if task.startswith("summarization/") else task,
            extra={"task": task},
        )

    yield from each(video.rows("benchmark_dataset"), build)


def next_qa(folder: DataFolder) -> Found:
    """NExT-QA, multiple choice: `val.csv` or `test.csv`, and `map_vid_vidorID.json` where videos keep other names."""
    names = video_names(folder)
    return each(read_rows(folder.file("val.csv", "test.csv")), lambda row: next_qa_row(row, names))


def next_qa_row(row: Row, names: dict[str, str], **more: Any) -> Sample:
    """One record of NExT-QA, whose answer is counted from 0, or of NExT-GQA, whose answer is its text."""
    video = row.text("video") if row.has("video") else row.text("video_id")
    options = _numbered(row, "a{}", 0)
    if row.has("video"):
        letter: str | None = list(options)[row.index("answer", len(options))]
    else:
        letter = next((letter for letter, text in options.items() if text == row.text("answer")), None)
        if letter is None:
            raise FormatError(
                f"the field 'answer' holds {row.text('answer')!r}, which is none of the options"
            )
    return Sample(
        f"{video}_{row.text('qid')}",
        names.get(video, video),
        row.text("question"),
        options,
        letter,
        category=row.text("type"),
        **more,
    )


def video_names(folder: DataFolder) -> dict[str, str]:
    """NExT-QA's videos by the names that its questions give them."""
    names: dict[str, str] = {}
    for path in folder.files("map_vid_vidorID.json"):
        names |= {row.key: str(row.values.get("")) for row in read_rows(path)}
    return names


def timescope(folder: DataFolder) -> Found:
    """TimeScope: parquet or JSON with `length` in seconds and `type`; options stand in the question or beside it."""

    def build(row: Row) -> Sample:
        if row.has("options"):
            question, options = row.text("question"), lettered(row.listed("options"))
        else:
            question, options = split_options(row.text("question" if row.has("question") else "input"))
        return Sample(
            row.text("id"),
            row.text("video"),
            question,
            options,
            right_letter(row, "answer", options),
            category=row.text("type"),
            duration_group=row.text("length"),
        )

    yield from each(
        read_rows(folder.file("*test*.parquet", "*timescope*.json*", "*timescope*.parquet")), build
    )


def vnbench(folder: DataFolder) -> Found:
    """VNBench: `VNBench-main-4try.json`, each question in four shuffles of its options."""

    def build(row: Row) -> Sample:
        options = lettered(row.listed("options"))
        name = row.text("video").rsplit("/", 1)[-1].rsplit(".", 1)[0]
        turn = row.text("try")
        return Sample(
            f"{name}_{row.text('type')}_{turn}",
            row.text("video"),
            row.text("question"),
            options,
            right_letter(row, "gt", options),
            category=row.text("type"),
            duration_group=row.text("length", ""),
            group=f"{name}_{row.text('type')}",
            extra={"try": turn},
        )

    yield from each(read_rows(folder.file("*VNBench*4try*.json", "*VNBench*.json")), build)


def tempcompass(folder: DataFolder) -> Found:
    """TempCompass: `multi-choice.json`, `yes_no.json` and `caption_matching.json`, by video and aspect; the finer
    aspects are in `meta_info.json`, where it is there."""
    about = {row.key: row for path in folder.files("meta_info.json") for row in read_rows(path)}
    paths = [
        p for name in ("multi-choice", "yes_no", "caption_matching") for p in folder.files(f"{name}.json")
    ]
    for path in paths or [folder.file("multi-choice.json")]:
        yield from each(read_rows(path), partial(_tempcompass_video, about, path.stem))


def _tempcompass_video(about: Mapping[str, Row], form: str, video: Row) -> Found:
    def build(aspect: str, at: int, row: Row) -> Sample:
        question, options, answer = _ASKED[form](row)
        extra = {"form": form, "aspect": aspect, "asked": row.text("question"), "answer": row.text("answer")}
        known = about.get(video.key.removesuffix(".mp4"))
        if known is not None and known.part("eval_dim").has(aspect):
            extra["finer"] = known.part("eval_dim").part(aspect).text("type", aspect)
        number = f"{video.key}/{form}/{aspect}/{at}"
        return Sample(number, video.key, question, options, answer, category=aspect, extra=extra)

    for aspect in video.values:
        for at, row in enumerate(video.rows(aspect)):
            yield from each([row], partial(build, aspect, at))


_Asked = tuple[str, dict[str, str], str | None]
"""Question, options, right letter."""


def _lettered_question(row: Row) -> _Asked:
    question, options = split_options(row.text("question"))
    return question, options, right_letter(row, "answer", options)


def _yes_no(row: Row) -> _Asked:
    answer = {"yes": "A", "no": "B"}.get(row.text("answer").lower())
    if answer is None:
        raise FormatError(f"the field 'answer' holds {row.text('answer')!r}, not yes or no")
    return row.text("question"), {"A": "yes", "B": "no"}, answer


def _captions(row: Row) -> _Asked:
    """Options are lines such as "Caption A: a man runs", "Option 1: ..." or "Sentence A: ..."."""
    question, *lines = row.text("question").split("\n")
    parts = [line.partition(": ") for line in lines]
    if len(lines) < 2 or not all(mark and text for _, mark, text in parts):
        raise FormatError("the question has no labelled options below it")
    if row.text("answer") not in lines:
        raise FormatError(f"the field 'answer' holds {row.text('answer')!r}, which is none of the options")
    options = lettered([text for _, _, text in parts])
    return question, options, list(options)[lines.index(row.text("answer"))]


_ASKED = {"multi-choice": _lettered_question, "yes_no": _yes_no, "caption_matching": _captions}


def _numbered(row: Row, pattern: str, first: int) -> dict[str, str]:
    """Options that stand in numbered fields."""
    return lettered([row.text(name) for name in _present(row, pattern, first)])


def _present(row: Row, pattern: str, first: int) -> Iterator[str]:
    number = first
    while row.has(pattern.format(number)) and row.text(pattern.format(number)) != "N/A":
        yield pattern.format(number)
        number += 1


def _under(folder: str, row: Row, name: str) -> str:
    return f"{folder}/{row.text(name)}" if row.has(name) else ""
