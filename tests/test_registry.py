"""The table of tools: a schema from each signature and docstring, and calls with plain arguments."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from talks import put_talk

from rewatch.agent.calls import ToolCall
from rewatch.memory.errors import ModelOutputError, ToolError
from rewatch.memory.library import Library
from rewatch.memory.types import Observation, Span
from rewatch.tools.context import ToolContext
from rewatch.tools.registry import TOOLS, Tool, offered, tool


@dataclass(frozen=True)
class Watched:
    """A result that holds its observations."""

    observations: tuple[Observation, ...]


def watch(context: ToolContext, video_id: str, span: Span, question: str, *, looks: int = 3) -> Watched:
    """Watch a moment.

    Args:
        context: The library and the videos.
        video_id: The video.
        span: The moment, at most
            a minute long.
        question: What to look for.
        looks: Nothing that a planner sees.

    Returns:
        One observation.
    """
    seen = Observation(f"watch-{video_id}", video_id, "watch", "visual", span, f"{question} ({looks})")
    return Watched((seen,))


WATCH = Tool(watch, internal=frozenset({"looks"}), offered=lambda context: context.models.has("vlm"))


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ToolContext]:
    with Library.open(tmp_path_factory.mktemp("library")) as library:
        heat = put_talk(library, "heat", 300, [(10.0, 15.0, "Watt added a separate condenser.")])
        cake = put_talk(library, "cake", 100, [(5.0, 9.0, "Beat the eggs until they are pale.")])
        yield ToolContext(library, (heat, cake))


def test_a_schema_tells_types_units_and_what_each_argument_means() -> None:
    assert (WATCH.name, WATCH.description) == ("watch", "Watch a moment.\nReturns One observation.")
    properties = WATCH.schema["properties"]
    assert set(properties) == {"span", "question", "video_id"}
    assert set(WATCH.schema["required"]) == {"span", "question"}
    assert properties["question"]["description"] == "What to look for."
    assert properties["span"]["description"] == "The moment, at most a minute long."
    assert set(WATCH.schema["$defs"]["Span"]["properties"]) == {"start_seconds", "end_seconds"}


@pytest.mark.parametrize("entry", TOOLS, ids=lambda entry: entry.name)
def test_every_tool_tells_a_model_what_it_does_and_what_each_argument_is(entry: Tool) -> None:
    assert entry.description.startswith(entry.description.capitalize()[0])
    assert all(field.description for field in entry.arguments.model_fields.values())
    json.dumps(entry.schema)


def test_a_call_goes_through_all_videos_unless_one_is_named(context: ToolContext) -> None:
    arguments = {"span": {"start_seconds": 0, "end_seconds": "20"}, "question": "who?"}
    assert [seen.video_id for seen in WATCH.call(context, arguments)] == ["heat", "cake"]
    only = WATCH.call(context, {**arguments, "video_id": "cake"})
    assert [(seen.video_id, seen.span, seen.text) for seen in only] == [("cake", Span(0, 20), "who? (3)")]


def test_a_search_can_be_kept_to_one_video(context: ToolContext) -> None:
    found = tool("search").call(context, {"query": "condenser", "video_id": "cake"})
    assert {seen.video_id for seen in found} == {"cake"}


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ({"question": "who?"}, "span: Field required"),
        ({"span": {"start_seconds": 9, "end_seconds": 1}, "question": "who?"}, "span: .*not a span"),
        ({"span": {"start_seconds": 0, "end_seconds": 1}, "question": "who?", "looks": 9}, "looks: Extra"),
        ({"span": "soon", "question": 4}, "span: .*question: "),
    ],
)
def test_arguments_that_do_not_fit_are_told_one_by_one(
    context: ToolContext, arguments: dict[str, object], fault: str
) -> None:
    with pytest.raises(ModelOutputError, match=f"watch: {fault}"):
        WATCH.call(context, arguments)


def test_unknown_tools_and_videos_are_refused_with_what_there_is(context: ToolContext) -> None:
    with pytest.raises(ModelOutputError, match="no tool 'teleport'; choose among overview, search, read"):
        tool("teleport")
    with pytest.raises(ToolError, match="'bread' is none of this run's videos: heat, cake"):
        tool("read").call(context, {"video_id": "bread"})


def test_a_tool_whose_model_is_not_set_is_not_offered(
    context: ToolContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rewatch.tools.registry.TOOLS", (*TOOLS, WATCH))
    assert "watch" not in [entry.name for entry in offered(context)]
    with pytest.raises(ToolError, match="no vlm is set; name one with --vlm"):
        _ = context.models.vlm


def test_a_call_survives_a_checkpoint_and_stays_equal() -> None:
    call = ToolCall.of("search", "anchor", query="heat", span=Span(1, 2), channels=("screen",), video_id="")
    again = ToolCall.from_plain(json.loads(json.dumps(call.to_plain())))
    assert again == call
    assert (again.query, again.span, again.channels) == ("heat", Span(1, 2), ("screen",))
    assert "video_id" not in again.arguments
