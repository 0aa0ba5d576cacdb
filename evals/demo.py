"""The demonstration: an hour-long talk is rendered, indexed and asked about, on nothing but a CPU.

`python -m rewatch.evals.demo` does what `make demo` shows. Owns the choice of questions and the telling;
all it uses is the public interface of the package.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from rewatch.agent import VideoAgent
from rewatch.agent.cli.ctrl_c import listening
from rewatch.agent.cli.printing import make_console, print_answer
from rewatch.agent.cli.progress import show_progress
from rewatch.agent.settings import Settings
from rewatch.evals.questions import judge
from rewatch.evals.talks.questions import Question, find_truth, load_questions
from rewatch.evals.talks.render import is_rendered, render_talk
from rewatch.evals.talks.script import Talk, load_talk
from rewatch.evals.talks.timeline import build_timeline
from rewatch.memory.errors import RewatchError
from rewatch.memory.library import Library

_TALK = "entropy"
_ASKED = (
    "introduces-entropy",
    "honeymoon",
    "homework-due",
    "engine-times",
    "joule-or-mayer",
    "break-length",
    "doorkeeper-price",
    "demon-name-choice",
    "fusion",
    "topics",
)
"""Ids of the questions that are asked, one of each kind; the video does not answer "fusion"."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demonstration; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m rewatch.evals.demo", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--folder", type=Path, default=Path("demo"), help="where the talk and its memory are kept"
    )
    folder: Path = parser.parse_args(arguments).folder
    console = make_console()
    try:
        with listening():
            _demonstrate(folder, console)
    except RewatchError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("demo: interrupted; the next run goes on from the last finished step", file=sys.stderr)
        return 130
    return 0


def _demonstrate(folder: Path, console: Console) -> None:
    talk = load_talk(_TALK)
    video = _render(talk, folder, console)
    settings = Settings(library=folder / "library")
    _index(video, settings, console)
    timeline = build_timeline(talk)
    asked = {question.id: question for question in load_questions(_TALK)}
    right = 0
    with VideoAgent(settings) as agent:
        for number, key in enumerate(_ASKED, start=1):
            question = asked[key]
            _print_question(number, question, console)
            answer = agent.ask(video, question.ask, options=question.options or None)
            print_answer(answer, console)
            judgement = judge(question, find_truth(question, timeline), answer)
            right += judgement.right
            console.print(f"  checked   {'right, by the script' if judgement.right else judgement.reason}")
    console.print(f"\n{right} of {len(_ASKED)} answers agree with the script of the talk.", style="bold")
    console.print(
        f'Ask your own: rewatch ask --library {settings.library} {video} "Who was a brewer?"', soft_wrap=True
    )


def _render(talk: Talk, folder: Path, console: Console) -> Path:
    if is_rendered(talk, folder):
        console.print(f"Talk: {folder / talk.name}.mp4 is there already.", style="bold")
        return render_talk(talk, folder)
    console.print(f'Rendering "{talk.title}", {talk.minutes:g} minutes, into {folder} ...', style="bold")
    started = time.monotonic()
    columns = TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn(elapsed_when_finished=True)
    with Progress(*columns, console=Console(stderr=True)) as bars:
        task = bars.add_task(f"{talk.name}.mp4  render", total=talk.minutes * 60)
        video = render_talk(talk, folder, progress=lambda seconds: bars.update(task, completed=seconds))
    console.print(f"  rendered in {time.monotonic() - started:.0f} s")
    return video


def _index(video: Path, settings: Settings, console: Console) -> None:
    started = time.monotonic()
    stages: set[str] = set()
    with Library.open(settings.library) as library, show_progress(video) as report:

        def note(stage: str, done_seconds: float, total_seconds: float) -> None:
            stages.add(stage)
            report(stage, done_seconds, total_seconds)

        library.add(video, settings.ingest, note)
    if stages:
        console.print(
            f"Indexed in {time.monotonic() - started:.0f} s; the memory is {settings.library}.", style="bold"
        )
    else:
        console.print(
            f"The memory in {settings.library} holds this talk: nothing is read again.", style="bold"
        )


def _print_question(number: int, question: Question, console: Console) -> None:
    console.print(f"\n{number}. {question.ask}", style="bold cyan")
    for letter, text in question.options.items():
        console.print(f"   {letter}. {text}")


if __name__ == "__main__":
    sys.exit(main())
