"""A run so far in the words of a chat model: what was called, what was seen, all of it quoted.

Owns the short names (O1, O2, ...) by which a model cites observations, and the quotation of whatever comes out of
a video. The same run gives the same messages, so that a resumed run needs no stored conversation.
"""

from collections.abc import Iterable, Mapping, Sequence

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from rewatch.agent.planners import Done
from rewatch.agent.question import Question
from rewatch.memory.types import Observation, VideoInfo
from rewatch.prompts import quoted

_LINES = 40
"""Most observations of one call that are told."""
_CHARACTERS = 600
"""Most characters of one observation that are told."""


def names(done: Sequence[Done]) -> dict[str, Observation]:
    """Every observation of a run by its short name, in the order in which it was first seen."""
    seen = {item.id: item for entry in done for item in entry.observations}
    return {f"O{number}": item for number, item in enumerate(seen.values(), 1)}


def told(observations: Mapping[str, Observation]) -> str:
    """Observations, one a line, as a quotation."""
    if not observations:
        return "Nothing was seen."
    return quoted("\n".join(_line(name, seen) for name, seen in observations.items()), "observations")


def transcript(done: Sequence[Done]) -> list[BaseMessage]:
    """The calls that were made, each followed by what it saw."""
    by_id = {seen.id: name for name, seen in names(done).items()}
    messages: list[BaseMessage] = []
    for number, item in enumerate(done, 1):
        call = {"name": item.call.tool, "args": dict(item.call.arguments), "id": f"call_{number}"}
        messages.append(AIMessage("", tool_calls=[call]))
        messages.append(ToolMessage(_output(item, by_id), tool_call_id=f"call_{number}"))
    return messages


def choices(question: Question) -> str:
    """The options of a multiple choice, or that there are none."""
    if not question.options:
        return "None; answer in your own words."
    return "\n".join(f"{letter}) {text}" for letter, text in question.options.items())


def listed(videos: Iterable[VideoInfo]) -> str:
    """The videos of a run, with their file names quoted."""
    lines = (f"{video.video_id}: {video.duration_seconds:.1f} seconds, {video.path.name}" for video in videos)
    return quoted("\n".join(lines), "videos")


def _output(item: Done, by_id: Mapping[str, str]) -> str:
    if item.error:
        return quoted(item.error, "failure")
    shown = {by_id[seen.id]: seen for seen in item.observations[:_LINES]}
    left = len(item.observations) - _LINES
    return told(shown) + (f"\n{left} more are left out; ask for a shorter span." if left > 0 else "")


def _line(name: str, seen: Observation) -> str:
    where = f"{seen.span.start_seconds:.1f}-{seen.span.end_seconds:.1f} s"
    likely = f" | answers with probability {seen.probability:.2f}" if seen.probability is not None else ""
    text = " / ".join((seen.error or seen.text).splitlines())
    shown = text if len(text) <= _CHARACTERS else f"{text[:_CHARACTERS]}…"
    return f"{name} | video {seen.video_id} | {where} | {seen.channel}{likely} | {shown}"
