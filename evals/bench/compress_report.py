"""Tables, plots and JSON of the compression benchmark."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from rewatch.evals.bench.comparison import Comparison, Result
from rewatch.evals.bench.prefill import Prefill
from rewatch.evals.bench.speed import Speed

PANELS = {
    "mean_loss": "mean loss (lower is better)",
    "worst_loss": "loss of the worst twentieth (lower is better)",
    "object_recall": "planted things found again (higher is better)",
    "scene_coverage": "regions of all scenes kept (higher is better)",
}


def publish(comparison: Comparison, out: Path | None) -> None:
    """Print the tables, and write them with plots and JSON into a folder where one is given."""
    text = markdown(comparison)
    print(text)
    if out is None:
        return
    out.mkdir(parents=True, exist_ok=True)
    (out / "compress.md").write_text(text, encoding="utf-8")
    (out / "compress.json").write_text(json.dumps(asdict(comparison), indent=1), encoding="utf-8")
    plot(comparison, out / "compress.png")


def publish_speed(speeds: Sequence[Speed], out: Path | None) -> None:
    """Print the table of times, and write it where a folder is given."""
    rows = [
        [
            speed.method,
            f"{speed.ratio:.0%}",
            f"{speed.seconds * 1000:.0f} ms",
            f"{speed.times_reference:.2f} x {speed.reference}",
            f"{speed.limit:g}",
        ]
        for speed in speeds
    ]
    text = table(["method", "kept", "time", "ratio", "at most"], rows)
    print(text)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        (out / "compress_speed.md").write_text(text, encoding="utf-8")
        (out / "compress_speed.json").write_text(
            json.dumps([asdict(speed) for speed in speeds], indent=1), encoding="utf-8"
        )


def markdown(comparison: Comparison) -> str:
    """One table for each ratio, and one of the language model."""
    plan = comparison.plan
    parts = [
        f"{len(comparison.clip_names)} clips of {plan['frames']} frames ({', '.join(comparison.clip_names)}), "
        f"encoder {plan['encoder']} on {plan['device']}: {comparison.vision_seconds:.2f} s a clip; "
        f"peak memory {comparison.peak_megabytes:.0f} MB\n"
    ]
    for ratio in plan["ratios"]:
        rows = [_row(result, comparison) for result in comparison.results if result.ratio == ratio]
        header = ["method", "tokens", "time", "of the tower", "mean loss", "worst loss", "things", "regions"]
        header += ["prefill faster", "first token"] if comparison.prefill else []
        parts.append(f"### {ratio:.0%} kept\n\n{table(header, rows)}")
    if comparison.prefill:
        parts.append(_prefill_table(comparison.prefill, str(plan["shape"]), plan["layers"]))
    return "\n".join(parts)


def _row(result: Result, comparison: Comparison) -> list[str]:
    """One method; language model and compressor count, the vision tower, which all need, does not."""
    told = []
    if comparison.prefill:
        place = list(comparison.plan["ratios"]).index(result.ratio)
        whole, part = comparison.prefill[0], comparison.prefill[1 + place]
        faster = whole.prefill_seconds / (result.seconds + part.prefill_seconds)
        told = [f"{faster:.1f} x", f"{result.seconds + part.first_token_seconds:.2f} s"]
    return [
        result.method,
        f"{result.kept:.0f}",
        f"{result.seconds * 1000:.0f} ms",
        f"{result.vision_share:.1%}",
        f"{result.mean_loss:.4f}",
        f"{result.worst_loss:.4f}",
        f"{result.object_recall:.0%}",
        f"{result.scene_coverage:.0%}",
        *told,
    ]


def _prefill_table(prefill: Sequence[Prefill], shape: str, layers: int | None) -> str:
    whole = prefill[0]
    rows = [
        [
            str(one.visual_tokens),
            f"{one.prefill_seconds:.3f} s",
            f"{one.first_token_seconds:.3f} s",
            f"{whole.prefill_seconds / one.prefill_seconds:.1f}",
            "" if one.peak_bytes is None else f"{one.peak_bytes / 1e9:.1f} GB",
        ]
        for one in prefill
    ]
    depth = "" if layers is None else f", extrapolated from {layers} of its layers"
    header = ["visual tokens", "prefill", "first token", "times faster", "GPU memory"]
    return f"### Language model, shape {shape}{depth}, random weights\n\n{table(header, rows)}"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def plot(comparison: Comparison, path: Path) -> None:
    """Four panels: each measure over the share of tokens kept, a line for each method."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 8), layout="constrained")
    methods = list(dict.fromkeys(result.method for result in comparison.results))
    for place, (measure, title) in enumerate(PANELS.items(), start=1):
        axes = figure.add_subplot(2, 2, place)
        for number, method in enumerate(methods):
            mine = [result for result in comparison.results if result.method == method]
            axes.plot(
                [100 * result.ratio for result in mine],
                [getattr(result, measure) for result in mine],
                marker="o",
                markersize=3,
                linewidth=3 if method == "rewatch" else 1.2,
                color="black" if method == "rewatch" else f"C{number % 10}",
                linestyle="-" if number < 10 else "--",
                label=method,
            )
        axes.set_xscale("log")
        axes.set_xticks([100 * ratio for ratio in comparison.plan["ratios"]])
        axes.set_xticklabels([f"{ratio:.0%}" for ratio in comparison.plan["ratios"]])
        axes.minorticks_off()
        axes.set_title(title)
        axes.set_xlabel("tokens kept")
    figure.axes[0].legend(fontsize=8, ncols=2)
    figure.savefig(path, dpi=80)
