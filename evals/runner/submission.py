"""Predictions in the form that each benchmark's own script or server takes.

Where a benchmark publishes no such form, spans, frames and choices go into JSON lines by sample id. Failed samples
are left out of forms that have no place for them; how many is told.
"""

import csv
import io
import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rewatch.evals.methods import Prediction
from rewatch.evals.runner.measures import chosen
from rewatch.evals.runner.record import Record

Files = dict[str, str]
"""File name and content."""


@dataclass(frozen=True, slots=True)
class Submission:
    """Files to hand in."""

    files: Files
    num_left_out: int
    """Samples without a prediction."""


def submission(task: str, records: Sequence[Record]) -> Submission:
    """Write the predictions of a run in the official form of its task."""
    answered = [record for record in records if record.prediction is not None]
    return Submission(_FORMS.get(task, _plain)(answered), len(records) - len(answered))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def _lines(values: Sequence[Any]) -> str:
    return "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values)


def _said(record: Record) -> Prediction:
    return record.prediction or Prediction()


def _reply(record: Record) -> str:
    """The letter, or else the reply as it stands for the official reader."""
    return chosen(record) or _said(record).answer


def _index(record: Record) -> int:
    """The option counted from 0; -1 where none was chosen."""
    letter = chosen(record)
    return list(record.sample.options).index(letter) if letter else -1


def _plain(records: Sequence[Record]) -> Files:
    rows = [
        {
            "sample_id": record.sample.sample_id,
            "choice": chosen(record),
            "answer": _said(record).answer,
            "spans": _said(record).spans,
            "frame_seconds": _said(record).frame_seconds,
        }
        for record in records
    ]
    return {"predictions.jsonl": _lines(rows)}


def _by_id(records: Sequence[Record]) -> Files:
    return {"result.json": _json({record.sample.sample_id: _reply(record) for record in records})}


def _egoschema(records: Sequence[Record]) -> Files:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(("q_uid", "answer"))
    rows.writerows((record.sample.sample_id, _index(record)) for record in records)
    return {"submission.csv": text.getvalue()}


def _video_mme(records: Sequence[Record]) -> Files:
    videos: dict[str, dict[str, Any]] = {}
    for record in records:
        sample = record.sample
        about = {name: sample.extra.get(name, "") for name in ("video_id", "domain", "sub_category")}
        video = videos.setdefault(sample.video, {**about, "duration": sample.duration_group, "questions": []})
        video["questions"].append(
            {
                "question_id": sample.sample_id,
                "task_type": sample.category,
                "question": sample.question,
                "options": [f"{letter}. {text}" for letter, text in sample.options.items()],
                "answer": sample.answer,
                "response": _reply(record),
            }
        )
    return {"output.json": _json(list(videos.values()))}


def _mlvu(records: Sequence[Record]) -> Files:
    rows = [
        {"question_id": r.sample.sample_id, "question_type": r.sample.category, "option": _reply(r)}
        for r in records
    ]
    return {"test_res.json": _json(rows)}


def _next_qa(records: Sequence[Record]) -> Files:
    def right(record: Record) -> int | None:
        options = list(record.sample.options)
        return options.index(record.sample.answer) if record.sample.answer else None

    rows = {r.sample.sample_id: {"prediction": _index(r), "answer": right(r)} for r in records}
    return {"test-res.json": _json(rows)}


def _next_gqa(records: Sequence[Record]) -> Files:
    spans = {r.sample.sample_id: list(_said(r).spans[0]) for r in records if _said(r).spans}
    return {**_next_qa(records), "test_ground.json": _json(spans)}


def _qvhighlights(records: Sequence[Record]) -> Files:
    rows = []
    for record in records:
        sample, said = record.sample, _said(record)
        scores = said.span_scores or [1 / rank for rank in range(1, len(said.spans) + 1)]
        own = int(sample.sample_id) if sample.sample_id.isdigit() else sample.sample_id
        row: dict[str, Any] = {"qid": own, "query": sample.question, "vid": sample.video}
        row["pred_relevant_windows"] = [
            [*span, score] for span, score in zip(said.spans, scores, strict=True)
        ]
        if "saliency_scores" in said.extra:
            row["pred_saliency_scores"] = said.extra["saliency_scores"]
        rows.append(row)
    return {"hl_val_submission.jsonl": _lines(rows)}


def _ego4d_nlq(records: Sequence[Record]) -> Files:
    """Times are counted within the clip."""
    rows = []
    for record in records:
        sample = record.sample
        start = sample.part[0] if sample.part else 0.0
        rows.append(
            {
                **{name: sample.extra[name] for name in ("clip_uid", "annotation_uid", "query_idx")},
                "predicted_times": [[a - start, b - start] for a, b in _said(record).spans],
            }
        )
    return {"nlq.json": _json({"version": "1.0", "challenge": "ego4d_nlq_challenge", "results": rows})}


def _vnbench(records: Sequence[Record]) -> Files:
    rows = [
        {
            "question_id": f"{record.sample.group}_{record.sample.extra['try']}",
            "type": record.sample.category,
            "gt": record.sample.answer,
            "pred": _reply(record),
        }
        for record in records
    ]
    return {"result.jsonl": _lines(rows)}


def _tempcompass(records: Sequence[Record]) -> Files:
    forms: dict[str, dict[str, dict[str, list[Any]]]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(list))
    )
    for record in records:
        extra, letter, reply = record.sample.extra, chosen(record), _reply(record)
        if letter and extra["form"] == "yes_no":
            reply = record.sample.options[letter]
        elif letter and extra["form"] == "caption_matching":
            reply = extra["asked"].split("\n")[1 + list(record.sample.options).index(letter)]
        asked = {"question": extra["asked"], "answer": extra["answer"], "prediction": reply}
        forms[extra["form"]][record.sample.video][extra["aspect"]].append(asked)
    return {f"{form}.json": _json(videos) for form, videos in forms.items()}


def _v_star(records: Sequence[Record]) -> Files:
    rows = []
    for record in records:
        sample, said = record.sample, _said(record)
        span = list(said.spans[0]) if said.spans else None
        rows.append(
            {
                "vid": sample.video,
                "question": sample.question,
                "answer": sample.answer,
                "answer_vqa": said.answer,
                "answer_temporal": span,
                "answer_temporal_2": said.extra.get("span_2", span),
                "answer_spatial": said.extra.get("boxes", {}),
                "answer_spatial_2": said.extra.get("boxes_2", said.extra.get("boxes", {})),
            }
        )
    return {"answers.json": _json(rows)}


_FORMS: dict[str, Callable[[Sequence[Record]], Files]] = {
    "longvideobench": _by_id,
    "video-mme": _video_mme,
    "video-mme-subtitles": _video_mme,
    "mlvu": _mlvu,
    "lvbench": _by_id,
    "egoschema": _egoschema,
    "next-qa": _next_qa,
    "next-gqa": _next_gqa,
    "qvhighlights": _qvhighlights,
    "ego4d-nlq": _ego4d_nlq,
    "vnbench": _vnbench,
    "tempcompass": _tempcompass,
    "v-star": _v_star,
}
