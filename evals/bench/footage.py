"""How many questions about real footage are answered right: what its screens say, and when.

`rewatch bench footage FOLDER` indexes the videos that `rewatch.evals.footage`'s `questions.toml` names, asks every
question and prints a table and each failure. The videos are given, never fetched. Judging is
`rewatch.evals.questions`'s work.
"""

import re
import tempfile
import time
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Annotated

import typer
from pydantic import BaseModel, ConfigDict, Field

from rewatch.agent import VideoAgent
from rewatch.agent.cli.options import JsonOption
from rewatch.agent.cli.progress import show_progress
from rewatch.agent.settings import Settings
from rewatch.evals.bench.questions import Result, tell_results
from rewatch.evals.questions import judge
from rewatch.evals.talks.questions import Question, Truth
from rewatch.memory.errors import InputError
from rewatch.memory.library import Library
from rewatch.memory.types import Span

_SPAN = re.compile(r"(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)")


def footage(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the videos are.")],
    library: Annotated[
        Path | None,
        typer.Option("--library", metavar="DIR", help="Keep the memory here.  [default: a temporary folder]"),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Ask real videos what their screens say, and when; count what is right and tell each failure."""
    with tempfile.TemporaryDirectory() as temporary:
        results = list(ask_footage(folder, library or Path(temporary)))
    tell_results(results, as_json=as_json)


class FootageQuestion(Question):
    """One question with its truth: spans such as "490-494", seconds on the video's clock, one right is enough."""

    video: Annotated[str, Field(min_length=1)]
    """Name of the file in the folder of videos."""

    @property
    def looked_up(self) -> Truth:
        """The truth as the judge takes it."""
        found = [_SPAN.fullmatch(reference) for reference in self.truth]
        spans = [Span(float(match[1]), float(match[2])) for match in found if match]
        return Truth(tuple((span,) for span in spans), "")


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    question: list[FootageQuestion]


def load_footage_questions() -> list[FootageQuestion]:
    """The questions that come with the package, ordered by video."""
    text = files("rewatch.evals.footage").joinpath("questions.toml").read_text(encoding="utf-8")
    return sorted(_File.model_validate(tomllib.loads(text)).question, key=attrgetter("video"))


def ask_footage(folder: Path, library: Path) -> Iterator[Result]:
    """Index the videos in a folder and ask what is known about them.

    Args:
        folder: Holds every video that the questions name.
        library: Folder of the memory; what it holds already is not indexed again.

    Raises:
        InputError: A video is not in the folder.
    """
    settings = Settings(library=library)
    for name, questions in groupby(load_footage_questions(), key=attrgetter("video")):
        video = folder / name
        if not video.is_file():
            raise InputError(f"{name} is not in {folder}; the questions are about that file")
        with Library.open(library) as memory, show_progress(video) as report:
            memory.add(video, settings.ingest, report)
        with VideoAgent(settings) as agent:
            agent.ask(video, "What is this about?")  # loads what every question needs
            for question in questions:
                started = time.perf_counter()
                answer = agent.ask(video, question.ask)
                seconds = time.perf_counter() - started
                judgement = judge(question, question.looked_up, answer)
                yield Result(video.stem, question, True, answer, judgement, seconds)
