"""A run as one HTML file that needs nothing else: scores, plots, categories, cost, and the worst cases in pictures.

Questions, replies and names come from files and videos: they are escaped, never interpreted.
"""

import base64
import io
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from PIL import Image

from rewatch.evals.runner.measures import Measure, chosen, measures_of
from rewatch.evals.runner.plots import category_plot, latency_plot, means_plot
from rewatch.evals.runner.record import Record
from rewatch.evals.runner.scoring import Scores, score
from rewatch.evals.runner.visual import pictures
from rewatch.evals.tasks.folder import DataFolder
from rewatch.evals.tasks.table import find_task
from rewatch.memory.errors import InputError, StorageError, VideoError
from rewatch.memory.ingest.probe import probe
from rewatch.memory.timecode import format_seconds

_FRAMES_SHOWN = 4
_LETTERS_SHOWN = 300
_FRAME_WIDTH = 200
_STYLE = """body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}
table{border-collapse:collapse;margin:1rem 0}td,th{padding:.2rem .8rem;text-align:right;border-bottom:1px solid #ddd}
td:first-child,th:first-child,.left td:last-child,.left th:last-child{text-align:left}
article{border-top:1px solid #bbb;padding:.5rem 0}article p{margin:.3rem 0}.right::after{content:" (right)"}
figure{display:inline-block;margin:.3rem .5rem .3rem 0}figcaption{font-size:12px;color:#555}
.right{color:#176b2c}.wrong{color:#9b1c1c}svg{max-width:100%;height:auto}"""


def write_report(
    run: Mapping[str, Any], records: Sequence[Record], path: Path, *, num_worst: int = 12
) -> None:
    """Write the report of a run.

    Args:
        run: What `run.json` holds.
        records: The latest record of each sample.
        path: The file to write.
        num_worst: How many of the worst cases are shown.

    Raises:
        StorageError: The file cannot be written.
    """
    scores = score(run, records)
    measures = measures_of(find_task(run["task"]), run["gives"])
    parts = [
        f"<h1>{escape(scores.task)}, {escape(scores.method)}</h1>",
        _summary(run, scores),
        _means(scores),
        _protocol(scores),
        _categories(scores),
        _cost(scores, records),
        *_worst(run, records, measures, num_worst),
    ]
    title = escape(f"{scores.task}, {scores.method}")
    page = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
    )
    try:
        path.write_text(page, "utf-8")
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror}") from error


def _summary(run: Mapping[str, Any], scores: Scores) -> str:
    failures = ", ".join(f"{escape(kind)} {count}" for kind, count in scores.failures.items())
    return (
        f"<p>{scores.num_samples} samples of {run['num_samples']}; {scores.num_failed} failed"
        f"{f' ({failures})' if failures else ''}; {scores.num_unparseable} replies could not be read; "
        f"{len(run['faults'])} records broke their format. Failed and unreadable samples count 0. "
        f"Rewatch {escape(run['versions']['rewatch'])}.</p>"
    )


def _means(scores: Scores) -> str:
    if not scores.means:
        return "<p>The method gives nothing that this task asks for.</p>"
    rows = [
        (
            m.name,
            f"{m.interval.value:.4f}",
            m.interval.ends(),
            m.num_samples,
            m.says,
        )
        for m in scores.means
    ]
    table = _table(("measure", "mean", "95 % interval", "samples", "definition"), rows)
    return f'<h2>Scores</h2>{means_plot(scores.means)}<div class="left">{table}</div>'


def _protocol(scores: Scores) -> str:
    names = list(dict.fromkeys((*scores.official, *scores.corrected)))
    if not names:
        return ""
    rows = [
        (n, *(f"{c[n]:.2f}" if n in c else "" for c in (scores.official, scores.corrected))) for n in names
    ]
    told = "Official repeats the published script, its defects included; corrected is the one to compare."
    return f"<h2>The task's own protocol</h2><p>{told}</p>{_table(('', 'official', 'corrected'), rows)}"


def _categories(scores: Scores) -> str:
    if not (scores.categories and scores.means):
        return ""
    names = [mean.name for mean in scores.means]
    rows = [
        (category, int(row["samples"]), *(f"{row[name]:.3f}" if name in row else "" for name in names))
        for category, row in scores.categories.items()
    ]
    return (
        f"<h2>Categories</h2>{category_plot(scores, names[0])}{_table(('category', 'samples', *names), rows)}"
    )


def _cost(scores: Scores, records: Sequence[Record]) -> str:
    spent = scores.cost
    seconds = [record.seconds for record in records if record.prediction]
    answered = max(len(seconds), 1)
    counted = [
        ("frames looked at", spent.frames),
        ("visual tokens", spent.visual_tokens),
        ("language tokens", spent.llm_tokens),
        ("tool calls", spent.tool_calls),
    ]
    rows = [(name, f"{value:,}", f"{value / answered:,.1f}") for name, value in counted]
    rows.append(("dollars", f"{spent.dollars:.4f}", f"{spent.dollars / answered:.5f}"))
    rows.append(("seconds", f"{sum(seconds):,.1f}", f"{sum(seconds) / answered:.3f}"))
    told = f"Half of the samples took {scores.median_seconds:.2f} s or less, 95 % {scores.p95_seconds:.2f} s or less."
    plot = latency_plot(seconds) if seconds else ""
    return (
        f"<h2>Cost and latency</h2><p>{told} The first question about a video pays for its index.</p>"
        f"{_table(('', 'all answered samples', 'mean of one'), rows)}{plot}"
    )


def _worst(
    run: Mapping[str, Any], records: Sequence[Record], measures: Sequence[Measure], num_worst: int
) -> Iterable[str]:
    """The samples with the lowest mean of the measures that apply to them; failures first."""
    worth = {id(record): _worth(record, measures) for record in records}
    wrong = [record for record in records if worth[id(record)] < 1]
    ranked = sorted(wrong, key=lambda record: (record.prediction is not None, worth[id(record)]))
    if ranked and num_worst:
        folder = _folder(run)
        yield f"<h2>Worst cases</h2><p>{min(num_worst, len(ranked))} of {len(ranked)} that are not wholly right.</p>"
        yield from (_case(record, folder) for record in ranked[:num_worst])


def _worth(record: Record, measures: Sequence[Measure]) -> float:
    """Mean of the measures that apply, each at most 1; a failure is worth nothing."""
    values = [value for measure in measures if (value := measure.of(record)) is not None]
    return sum(min(value, 1.0) for value in values) / len(values) if values and record.prediction else 0.0


def _folder(run: Mapping[str, Any]) -> DataFolder | None:
    try:
        return DataFolder(Path(run["data"]))
    except InputError:  # the benchmark is no longer there: the report goes without pictures, and says so
        return None


def _case(record: Record, folder: DataFolder | None) -> str:
    sample, said = record.sample, record.prediction
    lines = [
        f"<article><h3>{escape(sample.question)}</h3><p>{escape(sample.sample_id)}, {escape(sample.video)}</p>"
    ]
    if sample.options:
        lines.append("<ul>" + "".join(_option(record, letter) for letter in sample.options) + "</ul>")
    elif sample.answer:
        lines.append(f"<p>right: {escape(sample.answer)}</p>")
    if said is None:
        lines.append(f'<p class="wrong">{escape(record.failure)}: {escape(record.reason)}</p>')
    else:
        more = "..." if len(said.answer) > _LETTERS_SHOWN else ""
        lines.append(f"<p>said: {escape(said.answer[:_LETTERS_SHOWN])}{more}</p>" if said.answer else "")
        lines.append(f"<p>returned: {_spans(said.spans[:3])}</p>" if said.spans else "")
    truth = [*sample.frame_seconds, *((start + end) / 2 for start, end in sample.spans)][:_FRAMES_SHOWN]
    lines.append(f"<p>truth: {_spans(sample.spans[:3])}</p>" if sample.spans else "")
    returned = list(said.frame_seconds[:_FRAMES_SHOWN]) if said else []
    lines.append(
        _frames(sample.video, "true", truth, folder) + _frames(sample.video, "returned", returned, folder)
    )
    return "".join((*lines, "</article>"))


def _option(record: Record, letter: str) -> str:
    mark = "right" if letter == record.sample.answer else "wrong" if letter == chosen(record) else ""
    own = " <b>chosen</b>" if letter == chosen(record) else ""
    return f'<li class="{mark}">{escape(letter)}. {escape(record.sample.options[letter])}{own}</li>'


def _spans(spans: Sequence[tuple[float, float]]) -> str:
    return ", ".join("–".join(format_seconds(edge, decimals=1) for edge in span) for span in spans)


def _frames(video: str, kind: str, seconds: Sequence[float], folder: DataFolder | None) -> str:
    if not seconds:
        return ""
    try:
        if folder is None:
            raise VideoError("the folder of the benchmark is no longer there")
        images = pictures(probe(folder.video(video)), seconds, _FRAME_WIDTH)
    except VideoError as error:
        return f"<p>no {kind} frames: {escape(str(error))}</p>"
    return "".join(
        f'<figure><img alt="{kind} frame" src="{_inline(Image.fromarray(image))}">'
        f"<figcaption>{kind}, {format_seconds(at, decimals=1)}</figcaption></figure>"
        for at, image in zip(seconds, images, strict=True)
    )


def _inline(image: Image.Image) -> str:
    content = io.BytesIO()
    image.save(content, "JPEG", quality=80)
    return f"data:image/jpeg;base64,{base64.b64encode(content.getvalue()).decode()}"


def _table(head: Sequence[object], rows: Iterable[Sequence[object]]) -> str:
    def line(cells: Sequence[object], kind: str) -> str:
        return "<tr>" + "".join(f"<{kind}>{escape(str(cell))}</{kind}>" for cell in cells) + "</tr>"

    return f"<table>{line(head, 'th')}{''.join(line(row, 'td') for row in rows)}</table>"
