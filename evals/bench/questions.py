"""How many questions about talks with known truth are answered right, by kind, and how fast.

`rewatch bench questions entropy maps` renders and indexes what is missing, asks every question and prints a
table and each failure. Judging is `rewatch.evals.questions`'s work.
"""

import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from rewatch.agent import VideoAgent
from rewatch.agent.answer import Answer
from rewatch.agent.cli.options import JsonOption
from rewatch.agent.cli.printing import make_console, print_json
from rewatch.agent.cli.progress import show_progress
from rewatch.agent.settings import Settings
from rewatch.evals.questions import Judgement, judge
from rewatch.evals.talks.questions import Question, find_truth, load_questions, shares_words
from rewatch.evals.talks.render import render_talk
from rewatch.evals.talks.script import bundled_talks, load_talk
from rewatch.evals.talks.timeline import build_timeline
from rewatch.memory.library import Library


@dataclass(frozen=True, slots=True)
class Result:
    """One question, its answer and what the judge said."""

    talk: str
    question: Question
    overlap: bool
    """Whether question and answering words share a content word."""
    answer: Answer
    judgement: Judgement
    seconds: float


def questions(
    talks: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TALK", help="Bundled talks, or .md files with a .toml beside them.  [default: all]"
        ),
    ] = None,
    folder: Annotated[
        Path, typer.Option("--folder", metavar="DIR", help="Where talks and their memory are kept.")
    ] = Path("demo"),
    as_json: JsonOption = False,
) -> None:
    """Ask talks with known truth their questions; count what is right, by kind, and tell each failure."""
    settings = Settings(library=folder / "library")
    results: list[Result] = []
    for name in talks or bundled_talks():
        asked = str(Path(name).with_suffix(".toml")) if name.endswith(".md") else name
        results += ask_all(name, asked, folder, settings)
    tell_results(results, as_json=as_json)


def ask_all(talk_name: str, questions_name: str, folder: Path, settings: Settings) -> list[Result]:
    """Ask every question of a talk.

    Args:
        talk_name: Name of a bundled script, or a `.md` file.
        questions_name: Name of a bundled question file, or a `.toml` file.
        folder: Where the talk is rendered to, unless it is there.
        settings: Settings of the agent; its library takes the index.
    """
    talk = load_talk(talk_name)
    timeline = build_timeline(talk)
    video = render_talk(talk, folder)
    with Library.open(settings.library) as library, show_progress(video) as report:
        library.add(video, settings.ingest, report)
    results = []
    with VideoAgent(settings) as agent:
        agent.ask(video, "What is this about?")  # loads what every question needs
        for question in load_questions(questions_name):
            truth = find_truth(question, timeline)
            started = time.perf_counter()
            answer = agent.ask(video, question.ask, options=question.options or None)
            seconds = time.perf_counter() - started
            judgement = judge(question, truth, answer)
            results.append(
                Result(talk.name, question, shares_words(question, truth), answer, judgement, seconds)
            )
    return results


def tell_results(results: Sequence[Result], *, as_json: bool) -> None:
    """Print every result as JSON, or a table and what is wrong with each failure."""
    if as_json:
        print_json([_as_dict(result) for result in results])
    else:
        _print_results(results, make_console())


def _print_results(results: Sequence[Result], console: Console) -> None:
    table = Table("questions", "right", "of", "share", "best span right", "median s", "longest s")
    for name, chosen in _groups(results):
        if chosen:
            table.add_row(name, *_row(chosen))
    console.print(table)
    for result in results:
        if not result.judgement.right:
            asked = result.question
            console.print(f"\n{result.talk}/{asked.id} ({asked.type}): {asked.ask}", soft_wrap=True)
            console.print(f"  {result.judgement.reason}", soft_wrap=True)


def _groups(results: Sequence[Result]) -> Iterable[tuple[str, list[Result]]]:
    answerable = [result for result in results if not result.question.near_miss]
    for kind in sorted({result.question.type for result in answerable}):
        yield kind, [result for result in answerable if result.question.type == kind]
    picks: list[tuple[str, Callable[[Result], bool]]] = [
        ("answerable", lambda result: not result.question.near_miss),
        ("  no shared word", lambda result: not result.question.near_miss and not result.overlap),
        ("near misses", lambda result: result.question.near_miss),
        *((f"talk {name}", lambda result, name=name: result.talk == name) for name in _talks(results)),
        ("all", lambda result: True),
    ]
    for name, pick in picks:
        yield name, [result for result in results if pick(result)]


def _talks(results: Sequence[Result]) -> list[str]:
    return sorted({result.talk for result in results})


def _row(results: Sequence[Result]) -> list[str]:
    right = sum(result.judgement.right for result in results)
    best = sum(result.judgement.best_span_right for result in results)
    seconds = [result.seconds for result in results]
    values = (right, len(results), f"{right / len(results):.0%}", best)
    return [*map(str, values), f"{statistics.median(seconds):.3f}", f"{max(seconds):.3f}"]


def _as_dict(result: Result) -> dict[str, object]:
    judgement = result.judgement
    return {
        "talk": result.talk,
        "id": result.question.id,
        "type": result.question.type,
        "near_miss": result.question.near_miss,
        "overlap": result.overlap,
        "right": judgement.right,
        "reason": judgement.reason,
        "seconds": round(result.seconds, 4),
        "text": result.answer.text,
    }
