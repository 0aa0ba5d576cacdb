"""`rewatch ask`: a question about one or several videos, answered once or step by step."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rewatch.agent.cli.ctrl_c import stop_if_pressed
from rewatch.agent.cli.models import LOOKING, Given, takes_models
from rewatch.agent.cli.options import (
    FromOption,
    JsonOption,
    LibraryOption,
    ToOption,
    clamp,
    library_folder,
    parse_choices,
    parse_span,
    parse_video,
)
from rewatch.agent.cli.progress import show_progress
from rewatch.agent.cli.startup import load_beside, models_compiled_at_first_use
from rewatch.agent.cli.status import FAILED, NOT_FOUND
from rewatch.agent.written import require_question, require_text

if TYPE_CHECKING:
    from rewatch.agent.answer import Answer
    from rewatch.agent.events import Event
    from rewatch.agent.video_agent import Asking, VideoAgent
    from rewatch.memory.types import VideoInfo
    from rewatch.tools.meter import Meter


@takes_models("max_llm_tokens", "max_dollars", "planner", *LOOKING, "encoder", "detector")
def ask(
    videos: Annotated[
        list[Path],
        typer.Argument(
            metavar="VIDEO", parser=parse_video, help="Video files, or ids that `rewatch list` shows."
        ),
    ],
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="The question, in quotes.")],
    *,
    option: Annotated[
        list[str] | None,
        typer.Option("--option", metavar="A=TEXT", help="A choice to pick from; give one for each."),
    ] = None,
    from_: FromOption = None,
    to: ToOption = None,
    max_seconds: Annotated[
        float | None, typer.Option("--max-seconds", metavar="S", help="Stop looking after this long.")
    ] = None,
    thread: Annotated[
        str | None, typer.Option("--thread", metavar="NAME", help="Remember under this name, for follow-ups.")
    ] = None,
    recheck: Annotated[
        bool | None,
        typer.Option("--recheck", help="Read cited screens again from the pixels before they count."),
    ] = None,
    given: Given,
    stream: Annotated[bool, typer.Option("--stream", help="Show each step as it happens.")] = False,
    library: LibraryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Answer a question about videos, with timestamps to check.

    What is not yet indexed is indexed first. Exit status: 0 answered, 3 not found or a limit was reached
    first. With --json --stream, each step is one line of JSON and the last one is the answer.
    """
    require_question(question)
    require_text(thread or "", "--thread")
    choices, wished = parse_choices(option or []), parse_span(from_, to)

    chosen = given.settings(max_seconds=max_seconds, recheck=recheck)
    settings = replace(chosen, library=library_folder(library))

    load_beside(reader=settings.planner == "rules")
    with models_compiled_at_first_use():
        from rewatch.agent.video_agent import VideoAgent, unread
    from rewatch.memory.errors import LimitReached

    with VideoAgent(settings) as agent:
        infos: list[VideoInfo] = []
        watch = agent.watch()
        try:
            infos += [_prepare(agent, video, watch) for video in videos]
            span = clamp(wished, max(infos, key=lambda info: info.duration_seconds)) if wished else None
            names = [info.video_id for info in infos]
            how: Asking = {"options": choices or None, "span": span, "thread": thread, "watch": watch}
            events = agent.stream(names, question, **how)
            answer = _follow(events, stream=stream, as_json=as_json)
        except LimitReached as error:
            answer = unread(question, error)
    _print(answer, {info.video_id: info.path.name for info in infos}, as_json=as_json, stream=stream)
    if not answer.found:
        raise typer.Exit(FAILED if answer.stopped == "error" else NOT_FOUND)


def _prepare(agent: "VideoAgent", video: Path, watch: "Meter") -> "VideoInfo":
    with show_progress(video) as report:
        return agent.prepare(video, report, watch)


def _follow(events: "Iterator[Event]", *, stream: bool, as_json: bool) -> "Answer":
    from rewatch.agent.cli.steps import print_step
    from rewatch.agent.events import Finished

    answer = None
    for event in events:
        stop_if_pressed()
        if isinstance(event, Finished):
            answer = event.answer
        elif stream:
            print_step(event, as_json=as_json)
    assert answer is not None, "the last event carries the answer"
    return answer


def _print(answer: "Answer", names: dict[str, str], *, as_json: bool, stream: bool) -> None:
    from rewatch.agent.cli.printing import make_console, print_answer, print_json

    if as_json:
        print_json(answer.to_dict(), lines=stream)
    else:
        print_answer(answer, make_console(), names)
