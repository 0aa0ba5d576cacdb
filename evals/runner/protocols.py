"""The tables that published scripts print, made of a run's records, in both conventions.

One function for each protocol; `table` chooses. Names and units are those of the scripts.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from rewatch.evals.methods import Prediction
from rewatch.evals.metrics import Convention
from rewatch.evals.metrics.chain import ChainItem, Located, v_star
from rewatch.evals.metrics.choice import NEXT_QA_KINDS, PRINTED, next_qa
from rewatch.evals.metrics.grounded import Grounded, cg_bench, next_gqa
from rewatch.evals.metrics.highlights import Saliency, highlights
from rewatch.evals.metrics.keyframes import Empty, mean_temporal_prf
from rewatch.evals.metrics.moments import charades_sta, ego4d_nlq, qv_moments
from rewatch.evals.metrics.readers import OFFICIAL_READERS, caption_matches, read_yes_no
from rewatch.evals.metrics.tries import Try, all_tries
from rewatch.evals.runner.measures import right
from rewatch.evals.runner.record import Record
from rewatch.evals.tasks.table import Task

Numbers = dict[str, float]
Protocol = Callable[[Task, Sequence[Record], Convention], Numbers]


def table(task: Task, records: Sequence[Record], gives: Sequence[str], convention: Convention) -> Numbers:
    """The numbers of a task's own protocol; empty when a method gives nothing that it needs."""
    numbers: Numbers = {}
    for needs, names, protocol in _PROTOCOLS:
        if needs in gives and (task.name in names or set(names) & set(task.asks)):
            numbers |= protocol(task, records, convention)
    return numbers


def said_right(task: Task, record: Record, convention: Convention) -> bool | None:
    """Whether a choice is right as a convention reads it; None where the script leaves the question out.

    Scripts leave out what has no reply, but for HourVideo's; that of Video-MME leaves out what it cannot read, too. A
    task without a published reader has one convention only.
    """
    if convention == "corrected" or not task.official_reader:
        return right(record)
    if record.prediction is None:
        return False if task.official_reader == "hourvideo" else None
    reply = record.prediction.choice or record.prediction.answer
    if task.name == "tempcompass":
        return _tempcompass_right(record, reply)
    letter = OFFICIAL_READERS[task.official_reader](reply)
    if not letter and task.official_reader == "video-mme":
        return None
    return letter == record.sample.answer


def _tempcompass_right(record: Record, reply: str) -> bool:
    """A chosen letter stands for its option, as it is handed in."""
    sample, extra = record.sample, record.sample.extra
    if extra["form"] == "yes_no":
        said = sample.options.get(reply, reply)
        return read_yes_no(said) == str(extra["answer"]).lower()
    if extra["form"] == "caption_matching":
        lines = dict(zip(sample.options, extra["asked"].split("\n")[1:], strict=False))
        return caption_matches(lines.get(reply, reply), extra["asked"], extra["answer"])
    if reply.replace("</s>", "") == extra["answer"]:
        return True
    return OFFICIAL_READERS["tempcompass"](reply) == sample.answer


def _choices(task: Task, records: Sequence[Record], convention: Convention) -> Numbers:
    """Percent right, by category, duration group, domain and sub-category, and the mean over categories."""
    kept = [
        (record, said_right(task, record, convention))
        for record in records
        if record.sample.answer is not None
    ]
    kept = [(record, verdict) for record, verdict in kept if verdict is not None or convention == "corrected"]
    groups: dict[str, list[bool]] = defaultdict(list)
    for record, verdict in kept:
        for name in _groups(task, record):
            groups[name].append(bool(verdict))
    percent = PRINTED.get(task.official_reader, _percent) if convention == "official" else _percent
    shares = {name: percent(sum(verdicts), len(verdicts)) for name, verdicts in sorted(groups.items())}
    overall = percent(sum(bool(verdict) for _, verdict in kept), len(kept)) if kept else 0.0
    numbers = {"overall": overall, **shares}
    by_category = [share for name, share in shares.items() if name.startswith("category ")]
    if by_category:
        numbers["mean of categories"] = sum(by_category) / len(by_category)
    return numbers


def _groups(task: Task, record: Record) -> Iterator[str]:
    """What a question counts for: LVBench gives it several types, TempCompass an aspect and a finer one within each
    form, TimeScope a type within each duration."""
    sample = record.sample
    for kind in sample.extra.get("question_type") or filter(None, (sample.category,)):
        yield f"category {kind}"
    if sample.duration_group:
        yield f"duration {sample.duration_group}"
        if task.name == "timescope":
            yield f"duration {sample.duration_group}, {sample.category}"
    if form := sample.extra.get("form"):
        yield from (form, f"{form} {sample.category}")
        if (finer := sample.extra.get("finer")) and finer != sample.category:
            yield f"{form} {finer}"
    for name in ("domain", "sub_category"):
        if sample.extra.get(name):
            yield f"{name} {sample.extra[name]}"


def _next_qa(task: Task, records: Sequence[Record], convention: Convention) -> Numbers:
    """The script's own kinds; it fails without a reply to every question, so both conventions count those wrong."""
    return next_qa(
        (record.sample.category, bool(right(record)))
        for record in records
        if record.sample.category in NEXT_QA_KINDS
    )


def _tries(task: Task, records: Sequence[Record], convention: Convention) -> Numbers:
    tries = [
        Try(record.sample.group, record.sample.category, said_right(task, record, convention))
        for record in records
    ]
    return {
        f"all four tries, {name}": 100 * share
        for name, share in all_tries(tries, convention=convention).items()
    }


def _keyframes(task: Task, records: Sequence[Record], convention: Convention) -> Numbers:
    """Both forms; official leaves empty samples out, corrected counts them 0."""
    empty: Empty = "skip" if convention == "official" else "zero"
    pairs = [(record.sample.frame_seconds, _said(record).frame_seconds) for record in records]
    numbers: Numbers = {}
    for form in ("prf", "covered"):
        score = mean_temporal_prf(pairs, form=form, empty=empty)
        numbers |= {
            f"{form} P": 100 * score.precision,
            f"{form} R": 100 * score.recall,
            f"{form} F1": 100 * score.f1,
        }
        numbers |= {"scored": score.num_scored, "skipped": score.num_skipped, "frames": score.num_predictions}
    return numbers


def _moments(task: Task, records: Sequence[Record], convention: Convention) -> Numbers:
    pairs = [(record.sample.spans, _said(record).spans) for record in records if record.sample.spans]
    return charades_sta(pairs, convention=convention)


def _described(task: Task, records: Sequence[Record], convention: Convention) -> Numbers:
    """Moments of ActivityNet-Captions and TACoS, which are scored with 2D-TAN's script."""
    pairs = [(record.sample.spans[0], _said(record).spans) for record in records if record.sample.spans]
    return ego4d_nlq(pairs, thresholds=(0.3, 0.5, 0.7), convention=convention)


def _nlq(task: Task, records: Sequence[Record], convention: Convention) -> Numbers:
    pairs = [(record.sample.spans[0], _said(record).spans) for record in records if record.sample.spans]
    return ego4d_nlq(pairs, convention=convention)


def _qv_moments(task: Task, records: Sequence[Record], convention: Convention) -> Numbers:
    known = [record for record in records if record.sample.spans]
    if convention == "official":
        known = [record for record in known if _said(record).spans]
    truth = {record.sample.sample_id: record.sample.spans for record in known}
    found = {record.sample.sample_id: _scored(_said(record)) for record in known}
    by_range = qv_moments(truth, found, convention=convention)
    return {
        f"MR-{name}-{kind}@{at}": value
        for name, kinds in by_range.items()
        for kind, values in (("mAP", kinds["MR-mAP"]), ("R1", kinds["MR-R1"]))
        for at, value in values.items()
        if at in ("0.5", "0.7", "0.75", "average")
    }


def _scored(said: Prediction) -> list[tuple[float, float, float]]:
    """Spans with their scores; without scores the order ranks."""
    scores = said.span_scores or tuple(1 / rank for rank in range(1, len(said.spans) + 1))
    return [(start, end, score) for (start, end), score in zip(said.spans, scores, strict=True)]


def _highlights(task: Task, records: Sequence[Record], convention: Convention) -> Numbers:
    known = [record for record in records if "saliency_scores" in record.sample.extra]
    given = {r.sample.sample_id: r for r in known if _said(r).extra.get("saliency_scores") is not None}
    if not given:
        return {}
    truth = {record.sample.sample_id: _saliency(record.sample.extra) for record in known}
    if convention == "official":
        truth = {name: truth[name] for name in given}
    found = {name: _said(record).extra["saliency_scores"] for name, record in given.items()}
    scores = highlights(truth, found, convention=convention)
    return {
        f"{name}-{kind}": value
        for name, kinds in scores.items()
        for kind, value in (("mAP", kinds["HL-mAP"]), ("Hit1", kinds["HL-Hit1"]))
    }


def _saliency(extra: Mapping[str, Any]) -> Saliency:
    ratings = tuple(tuple(triple) for triple in extra["saliency_scores"])
    return Saliency(extra["duration"], tuple(extra["relevant_clip_ids"]), ratings)


def _gqa(task: Task, records: Sequence[Record], convention: Convention) -> Numbers:
    return next_gqa([_grounded(record) for record in records], convention=convention)


def _cg(task: Task, records: Sequence[Record], convention: Convention) -> Numbers:
    return cg_bench([_grounded(record) for record in records], convention=convention)


def _grounded(record: Record) -> Grounded:
    said = record.prediction
    return Grounded(
        record.sample.spans, said.spans or None if said else None, right(record) if said else None
    )


def _chain(task: Task, records: Sequence[Record], convention: Convention) -> Numbers:
    """A rating must be in the prediction's `extra`; without a judge the right words rate 3 and others 0."""
    return v_star([_chain_item(record) for record in records], convention=convention)


def _chain_item(record: Record) -> ChainItem:
    said, sample = record.prediction, record.sample
    if said is None:
        return ChainItem(None, sample.spans[0], sample.extra["boxes"], (Located(None, {}),) * 2)
    rating = said.extra.get("rating")
    if rating is None:
        rating = 3 if said.answer.strip().casefold() == (sample.answer or "").strip().casefold() else 0
    span = said.spans[0] if said.spans else None
    first = Located(span, said.extra.get("boxes", {}))
    second = Located(said.extra.get("span_2", span), said.extra.get("boxes_2", first.boxes))
    return ChainItem(rating, sample.spans[0], sample.extra["boxes"], (first, second))


def _said(record: Record) -> Prediction:
    return record.prediction or Prediction()


def _percent(right: int, total: int) -> float:
    return 100 * right / total


_PROTOCOLS: tuple[tuple[str, tuple[str, ...], Protocol], ...] = (
    ("choice", ("choice",), _choices),
    ("choice", ("vnbench",), _tries),
    ("choice", ("next-qa",), _next_qa),
    ("frames", ("keyframes",), _keyframes),
    ("spans", ("charades-sta", "haystack"), _moments),
    ("spans", ("activitynet-captions", "tacos"), _described),
    ("spans", ("ego4d-nlq",), _nlq),
    ("spans", ("qvhighlights",), _qv_moments),
    ("spans", ("highlights",), _highlights),
    ("spans", ("next-gqa",), _gqa),
    ("spans", ("cg-bench",), _cg),
    ("text", ("chain",), _chain),
)
"""What a method must give, the tasks (by name or by what they ask) it is for, the protocol."""
