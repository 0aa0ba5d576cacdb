"""Numbers of one sample, whose mean over samples is what is reported, with an interval.

All in the corrected convention: a failed sample and a reply that cannot be read count 0. A measure is None where it
does not apply. Tables that are no means of samples, and the official numbers, are the work of `protocols`.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rewatch.evals.methods import Prediction
from rewatch.evals.metrics.choice import parse_choice
from rewatch.evals.metrics.grounded import CG_THRESHOLDS, iop
from rewatch.evals.metrics.keyframes import Form, Prf, temporal_prf
from rewatch.evals.metrics.moments import best_iou
from rewatch.evals.metrics.spans import set_iou
from rewatch.evals.runner.record import Record
from rewatch.evals.tasks.table import Task

START_SECONDS = 2.0
"""How near the start of the first span must be to a true one."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A number of one sample."""

    name: str
    says: str
    of: Callable[[Record], float | None]


def chosen(record: Record) -> str | None:
    """The letter that a method chose, read strictly; None when it failed or cannot be read."""
    said = record.prediction
    if said is None:
        return None
    options = record.sample.options
    return parse_choice(said.answer if said.choice is None else said.choice, options)


def right(record: Record) -> bool | None:
    """Whether the choice is right; None when there is no choice or its truth is kept secret."""
    if not record.sample.options or record.sample.answer is None:
        return None
    return chosen(record) == record.sample.answer


def measures_of(task: Task, gives: Sequence[str]) -> tuple[Measure, ...]:
    """The measures that fit what a task asks for and a method gives."""
    kept: list[Measure] = []
    if "choice" in task.asks and "choice" in gives:
        kept.append(Measure("accuracy", "right option, read strictly", _accuracy))
    if "keyframes" in task.asks and "frames" in gives:
        kept += [
            _keyframes(form, name) for form in ("prf", "covered") for name in ("precision", "recall", "f1")
        ]
        kept.append(Measure("frames", "frames returned", _num_frames))
    if {"moments", "grounded"} & set(task.asks) and "spans" in gives:
        kept += [_recall(threshold) for threshold in (0.3, 0.5, 0.7)]
        kept.append(Measure("mIoU", "overlap of the first span with the best true one", _iou))
    if "moments" in task.asks and task.name == "haystack" and "spans" in gives:
        kept.append(Measure("start_2s", "the first span starts within 2 s of a true one", _start))
    if task.name == "next-gqa" and "spans" in gives:
        kept.append(Measure("IoP", "share of the first span that is true", _iop))
        kept.append(Measure("Acc@GQA", "right option, and IoP of at least one half", _acc_gqa))
    if task.name == "cg-bench" and "spans" in gives:
        kept.append(Measure("clue_IoU", "overlap of the time of all spans with the clues", _clues))
        kept.append(Measure("acc@IoU", "right option and clue overlap, mean over thresholds", _acc_iou))
    if "open" in task.asks and "text" in gives:
        kept.append(Measure("same_text", "the right words, letter case and punctuation aside", _same_text))
    return tuple(kept)


def _said(record: Record) -> Prediction:
    return record.prediction or Prediction()


def _accuracy(record: Record) -> float | None:
    verdict = right(record)
    return None if verdict is None else float(verdict)


def _num_frames(record: Record) -> float:
    return float(len(_said(record).frame_seconds))


def _keyframes(form: Form, name: str) -> Measure:
    def value(record: Record) -> float:
        score = temporal_prf(record.sample.frame_seconds, _said(record).frame_seconds, form=form)
        return float(getattr(score or Prf(0.0, 0.0, 0.0), name))

    return Measure(f"{form}_{name}", f"temporal {name} of key frames, {form}, 5 s, empty as 0", value)


def _iou(record: Record) -> float | None:
    return best_iou(record.sample.spans, _said(record).spans) if record.sample.spans else None


def _recall(threshold: float) -> Measure:
    def value(record: Record) -> float | None:
        overlap = _iou(record)
        return None if overlap is None else float(overlap >= threshold)

    return Measure(f"R1@{threshold}", f"the first span overlaps a true one by {threshold} or more", value)


def _start(record: Record) -> float | None:
    if not record.sample.spans:
        return None
    spans = _said(record).spans
    gap = (
        min((abs(spans[0][0] - true[0]) for true in record.sample.spans), default=math.inf)
        if spans
        else math.inf
    )
    return float(gap <= START_SECONDS)


def _iop(record: Record) -> float:
    spans = _said(record).spans
    return max((iop(true, spans[0]) for true in record.sample.spans), default=0.0) if spans else 0.0


def _acc_gqa(record: Record) -> float | None:
    verdict = right(record)
    return None if verdict is None else float(verdict and _iop(record) >= 0.5)


def _clues(record: Record) -> float:
    return set_iou(record.sample.spans, _said(record).spans)


def _acc_iou(record: Record) -> float | None:
    verdict, overlap = right(record), _clues(record)
    if verdict is None:
        return None
    return sum(verdict and overlap > threshold for threshold in CG_THRESHOLDS) / len(CG_THRESHOLDS)


def _same_text(record: Record) -> float | None:
    truth = record.sample.answer
    if truth is None or record.sample.options:
        return None
    return float(_plain(truth) == _plain(_said(record).answer))


def _plain(text: str) -> str:
    return " ".join("".join(mark if mark.isalnum() else " " for mark in text.casefold()).split())
