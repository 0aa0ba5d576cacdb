"""The agent as a Python object: ask a question about videos, get an answer or a stream of events.

Owns opening the library, indexing what is missing, and which checkpoint a run goes on from. What happens in a
run is told by `graph`.
"""

import asyncio
import json
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypedDict, Unpack

from rewatch.agent.answer import Answer
from rewatch.agent.backends import Backends
from rewatch.agent.checkpoints import Checkpoints
from rewatch.agent.context import RunContext
from rewatch.agent.events import Event, Finished
from rewatch.agent.graph import build_graph
from rewatch.agent.planners.rules import RulesPlanner
from rewatch.agent.planners.seeing import SeeingPlanner
from rewatch.agent.settings import Settings
from rewatch.agent.state import Ask
from rewatch.agent.writers.quoting import QuotingWriter
from rewatch.agent.writers.seeing import SeeingWriter
from rewatch.agent.written import require_question, require_text
from rewatch.memory.errors import InputError, LimitReached
from rewatch.memory.ingest.pipeline import Progress
from rewatch.memory.ingest.settings import IngestSettings
from rewatch.memory.library import Library
from rewatch.memory.types import Cost, Limits, Span, VideoInfo
from rewatch.tools.context import ToolContext
from rewatch.tools.meter import Meter

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from rewatch.tools.vision import Vlm

Videos = str | Path | Sequence[str | Path]
"""One video, or several: files, or names or ids of videos that the library holds."""


class Asking(TypedDict, total=False):
    """What may be said beside a question."""

    options: Mapping[str, str] | None
    """Letters and texts of a multiple choice."""
    span: Span | None
    """Restrict to a part of each video."""
    thread: str | None
    """Name of a conversation; a later question under the same name may refer to this one."""
    watch: Meter | None
    """A clock that the limit of seconds goes by, where it began before the question."""


class VideoAgent:
    """Answers questions about videos. One agent serves one thread at a time; its memory outlives it."""

    def __init__(
        self,
        settings: Settings | None = None,
        progress: Progress | None = None,
        chat_model: "BaseChatModel | None" = None,
        vlm: "Vlm | None" = None,
    ) -> None:
        """Open the library.

        Args:
            settings: Everything the agent can be told; None takes the defaults.
            progress: Called while a video is indexed, with the stage, seconds done and the video's length.
            chat_model: A LangChain chat model that is open already, to stand for the one that
                `settings.planner` names.
            vlm: A vision-language model that is open already, to stand for the one that `settings.vlm` names.

        Raises:
            StorageError: The library folder cannot be used.
            InputError: A recording cannot be written or read.
        """
        self.settings = settings or Settings()
        self._progress = progress
        folder = self.settings.library
        with ExitStack() as opened:
            self._backends = opened.enter_context(Backends(self.settings, chat_model, vlm))
            self.library = opened.enter_context(Library.open(folder, encoders=self._backends.encoders))
            self._checkpoints = opened.enter_context(closing(Checkpoints(folder)))
            self._opened = opened.pop_all()
        self._graph = build_graph(self._checkpoints.saver)

    def close(self) -> None:
        """Close the library; what is stored stays."""
        self._opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.__exit__(kind, error, trace)

    def ask(self, video: Videos, question: str, **how: Unpack[Asking]) -> Answer:
        """Answer a question; a video that is not yet indexed is indexed first.

        Args:
            video: A video file, or the name or id of a video that the library holds; or several.
            question: The question, in English.
            how: As told in `Asking`: options of a multiple choice, a span, a thread.

        Returns:
            The answer. A run that was killed goes on where it was when the same question is asked again.

        Raises:
            InputError: The question is empty or too long, or a file is no video.
            StorageError: The library cannot be written.
        """
        *_, last = self.stream(video, question, **how)
        assert isinstance(last, Finished), "a run ends with its answer"
        return last.answer

    def stream(self, video: Videos, question: str, **how: Unpack[Asking]) -> Iterator[Event]:
        """Like `ask`, telling each step as it happens; the last event carries the answer."""
        require_question(question)
        if unknown := how.keys() - Asking.__annotations__.keys():
            raise TypeError(f"{', '.join(sorted(unknown))} cannot be said beside a question")
        options, span, thread = how.get("options"), how.get("span"), how.get("thread")
        for written in (*(options or {}).values(), thread or ""):
            require_text(written, "an option or the thread")
        watch = how.get("watch") or self.watch()
        try:
            videos = self._index(video, watch)
        except LimitReached as error:
            yield Finished(unread(question, error))
            return
        asked = _ask(videos, question, dict(options or {}), span, thread or "")
        own = self._checkpoints
        with own.of_thread(thread) if thread else own.of_question(_key(asked)) as name, own.edge():
            yield from self._run_graph(name, asked, videos, span, watch)

    def _run_graph(
        self, name: str, asked: Ask, videos: tuple[VideoInfo, ...], span: Span | None, watch: Meter
    ) -> Iterator[Event]:
        """Run the graph from where an earlier run of the same question was killed, or from the start."""
        config: Any = {"configurable": {"thread_id": name}, "recursion_limit": 100}
        left = self._left_over(config, asked)
        spent = Cost(**left["spent"]) if left and left.get("spent") else Cost()
        meter = Meter(self.settings.limits, spent + watch.cost)
        models = self._backends.models(self._encoder_of(videos))
        run = self._run(ToolContext(self.library, videos, span, meter, models))
        start: Any = None if left else asked
        # "sync": a step's checkpoint is on the disk before the next step begins, so that a kill loses one step at most.
        events: Iterator[Any] = self._graph.stream(
            start, config, context=run, stream_mode="custom", durability="sync"
        )
        yield from events

    async def aask(self, video: Videos, question: str, **how: Unpack[Asking]) -> Answer:
        """`ask` for async callers: the work runs in a thread, the event loop stays free."""
        return await asyncio.to_thread(self.ask, video, question, **how)

    async def astream(self, video: Videos, question: str, **how: Unpack[Asking]) -> AsyncIterator[Event]:
        """`stream` for async callers."""
        events = self.stream(video, question, **how)
        while (event := await asyncio.to_thread(next, events, None)) is not None:
            yield event

    def watch(self) -> Meter:
        """A clock that begins now and stops at the settings' limit of seconds."""
        return Meter(Limits(seconds=self.settings.limits.seconds))

    def prepare(
        self, video: str | Path, progress: Progress | None = None, watch: Meter | None = None
    ) -> VideoInfo:
        """Index what is missing of a video, within the settings' limit of seconds.

        Args:
            video: A video file, or what names one of the library.
            progress: Called with the stage, seconds done and the video's length.
            watch: A clock that has begun already; None begins one.

        Raises:
            LimitReached: The time is over; what was read is kept.
            VideoError: The file is no video.
            StorageError: The library cannot be written.
        """
        clock = watch or self.watch()
        clock.check()

        def report(stage: str, done_seconds: float, total_seconds: float) -> None:
            clock.check()
            if progress is not None:
                progress(stage, done_seconds, total_seconds)

        return self.library.prepare(video, self._ingest_settings(video), report)

    def _ingest_settings(self, video: str | Path) -> IngestSettings | None:
        """How a video is indexed; None goes on with what it was indexed with."""
        settings = self.settings.ingest
        if not self.settings.encoder:
            return settings
        if settings is None:
            settings = self.library.settings_of(self.library.meant(video).video_id)
        return replace(settings, encoder=self.settings.encoder)

    def _encoder_of(self, videos: Sequence[VideoInfo]) -> str:
        """The encoder that pictures are searched with: the one set, else the commonest that the videos have."""
        if self.settings.encoder:
            return self.settings.encoder
        names = Counter(self.library.settings_of(video.video_id).encoder for video in videos)
        return max(names, key=lambda name: names[name] if name else 0, default="")

    def _run(self, tools: ToolContext) -> RunContext:
        """The live objects of one run, with the planner and the writer that the settings name."""
        if self.settings.planner == "rules":
            planner = RulesPlanner(has_eyes=tools.models.has("encoder"))
            writer = SeeingWriter(QuotingWriter(tools, self.settings.recheck), tools)
            return RunContext(self.settings, tools, SeeingPlanner(planner, tools), writer)
        from rewatch.agent.planners.llm import LlmPlanner
        from rewatch.agent.writers.llm import LlmWriter

        chat = self._backends.chat(tools.meter)
        return RunContext(self.settings, tools, LlmPlanner(chat, tools), LlmWriter(chat, tools))

    def forget(self, video: str | Path) -> VideoInfo:
        """Remove a video with everything that was read from it and asked about it; the file stays.

        Raises:
            InputError: No video, or more than one, is meant.
            StorageError: The library cannot be written.
        """
        info = self.library.find(video)
        self._checkpoints.forget(info.video_id)
        self.library.forget(info.video_id)
        return info

    def _index(self, video: Videos, watch: Meter) -> tuple[VideoInfo, ...]:
        names = [video] if isinstance(video, str | Path) else list(video)
        if not names:
            raise InputError("no video is named")
        infos = [self.prepare(name, self._progress, watch) for name in names]
        return tuple({info.video_id: info for info in infos}.values())

    def _left_over(self, config: Any, asked: Ask) -> dict[str, Any] | None:
        """The state of the same question when an earlier run of it was killed, else None."""
        left: dict[str, Any] = dict(self._graph.get_state(config).values)
        same = ("question", "options", "video_ids", "span")
        # Not by the next step: it is unknown when the kill came between a step's last write and its checkpoint.
        is_over = not left or left.get("answer", {}).get("run_id") == left["run_id"]
        if is_over or any(_plain(left[key]) != _plain(asked[key]) for key in same):  # type: ignore[literal-required]
            return None
        seen = {name for item in left.get("done") or [] for name in item["observation_ids"]}
        is_whole = len(self.library.store.observations(list(seen))) == len(seen)
        return left if is_whole else None  # what it saw went with a video that was forgotten


def unread(question: str, error: LimitReached) -> Answer:
    """The answer when a limit was reached while the video was still being read."""
    return Answer(
        question=question.strip(),
        text="Not found: the video is not fully indexed yet.",
        found=False,
        confidence=0.0,
        stopped="limit",
        run_id=uuid.uuid4().hex[:16],
        missing=f"{error}; what was read is kept, and the next question goes on from there",
    )


def _ask(
    videos: Sequence[VideoInfo], question: str, options: dict[str, str], span: Span | None, thread: str
) -> Ask:
    return Ask(
        run_id=uuid.uuid4().hex[:16],
        question=question.strip(),
        options=options,
        video_ids=[video.video_id for video in videos],
        span=(span.start_seconds, span.end_seconds) if span else None,
        thread=thread,
        done=None,
        round=0,
        claims=[],
        confidence=None,
        missing="",
        stopped="",
    )


def _key(asked: Ask) -> str:
    """What makes two questions the same."""
    return json.dumps([asked["question"], asked["options"], asked["video_ids"], asked["span"]])


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
