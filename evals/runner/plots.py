"""Plots of a report, drawn by matplotlib (the extra `evals`) into SVG that stands inside an HTML page."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rewatch.evals.runner.scoring import Mean, Scores
from rewatch.memory.errors import SettingError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_INK = "#1f4e79"


def new_figure(width: float, height: float) -> "Figure":
    """A figure of so many inches that is drawn without a display.

    Raises:
        SettingError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise SettingError("plots need matplotlib; pip install 'rewatch[evals]'") from error
    return Figure(figsize=(width, height), layout="constrained")


def as_svg(figure: "Figure") -> str:
    """The figure as an `<svg>` element, the same for the same data."""
    from matplotlib import rc_context

    text = io.StringIO()
    with rc_context({"svg.hashsalt": "rewatch", "svg.fonttype": "none"}):
        figure.savefig(text, format="svg", metadata={"Date": None})
    content = text.getvalue()
    return content[content.index("<svg") :]


def means_plot(means: Sequence[Mean]) -> str:
    """Means that are shares, with their intervals."""
    shares = [mean for mean in means if not max(mean.interval.value, mean.interval.high) > 1.0]
    figure = new_figure(7, 0.6 + 0.35 * len(shares))
    axes = figure.subplots()
    for at, mean in enumerate(reversed(shares)):
        axes.plot([mean.interval.low, mean.interval.high], [at, at], color=_INK, linewidth=2)
        axes.plot([mean.interval.value], [at], "o", color=_INK)
    axes.set_yticks(range(len(shares)), [mean.name for mean in reversed(shares)])
    axes.set_xlim(-0.02, 1.02)
    axes.set_xlabel("mean, 95 % interval over videos")
    axes.grid(axis="x", alpha=0.3)
    return as_svg(figure)


def category_plot(scores: Scores, measure: str) -> str:
    """One measure by category."""
    rows = [(name, row[measure]) for name, row in scores.categories.items() if measure in row]
    figure = new_figure(7, 0.6 + 0.28 * len(rows))
    axes = figure.subplots()
    names = [f"{name} ({int(scores.categories[name]['samples'])})" for name, _ in reversed(rows)]
    axes.barh(names, [value for _, value in reversed(rows)], color=_INK)
    if max((value for _, value in rows), default=0.0) <= 1:
        axes.set_xlim(0, 1.02)
    axes.set_xlabel(f"{measure}, samples in brackets")
    axes.grid(axis="x", alpha=0.3)
    return as_svg(figure)


def latency_plot(seconds: Sequence[float]) -> str:
    """Seconds a sample."""
    figure = new_figure(7, 2.2)
    axes = figure.subplots()
    axes.hist(seconds, bins=min(30, max(len(seconds) // 3, 5)), color=_INK)
    axes.set_xlabel("seconds a sample")
    axes.set_ylabel("samples")
    return as_svg(figure)
