"""The steps of a run, each a function from the state to what it changes.

    ground -> plan -> act -> reflect -> answer -> verify -> (plan | done)

Routing is data: a node that chooses returns a `Command` naming the next one. Observations go into the memory,
their ids into the state; `composition` writes the answer's claims, `verification` checks them.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from typing import Any, Literal

from langgraph.runtime import Runtime
from langgraph.types import Command

from rewatch.agent.answer import Claim
from rewatch.agent.calls import ToolCall
from rewatch.agent.composition import finish
from rewatch.agent.context import RunContext
from rewatch.agent.events import Called, Finished, Grounded, Planned, Reflected, Verified
from rewatch.agent.evidence_model import probability
from rewatch.agent.follow_up import complete
from rewatch.agent.planners import Done
from rewatch.agent.question import Question, ground
from rewatch.agent.state import Plain, State
from rewatch.agent.verification import weighed
from rewatch.memory.errors import LimitReached, ModelOutputError, ReplayError, RewatchError, ToolError
from rewatch.memory.types import Observation
from rewatch.tools.likeness import searches_pictures
from rewatch.tools.pauses import find_pauses, observe_pause
from rewatch.tools.registry import tool
from rewatch.tools.search import Hit, Seek, find, find_pictures

FAILURES = (LimitReached, ModelOutputError, ToolError)
"""What ends a run with an honest answer; a mistake of the caller's is raised instead."""
CALLED_A_BREAK = 0.8
"""Probability that a long pause that is called a break is the break that an asker means; judged, not fitted."""
_FOUND = 12
"""Passages that one search returns to the planner."""


def grounded(state: State, run: RunContext) -> Question:
    """The question as understood, with what earlier turns of the thread add; the same at every step."""
    lengths = {video.video_id: video.duration_seconds for video in run.tools.videos}
    question = ground(state["question"], max(lengths.values(), default=0.0), state["options"])
    question = complete(question, state.get("turns") or [], lengths)
    return question if question.span or question.anchor else replace(question, span=run.tools.span)


def seen(state: State, run: RunContext) -> list[Done]:
    """The tool calls made so far with their observations, read back from the memory."""
    store = run.tools.library.store
    return [
        Done(
            ToolCall.from_plain(item["call"]),
            tuple(store.observations(item["observation_ids"])),
            item["error"],
        )
        for item in state.get("done") or []
    ]


def ground_question(state: State, runtime: Runtime[RunContext]) -> dict[str, Any]:
    """Understand the question."""
    runtime.stream_writer(Grounded(grounded(state, runtime.context)))
    return {"round": 0, "stopped": "", "missing": "", "claims": [], "planned": []}


def plan(state: State, runtime: Runtime[RunContext]) -> Command[Literal["act", "compose_answer"]]:
    """Choose the next tool calls; none left, or too many rounds, leads to the answer."""
    run = runtime.context
    if state["round"] >= run.settings.max_rounds:
        return Command(goto="compose_answer", update={"stopped": "exhausted"})
    try:
        calls = run.planner.plan(grounded(state, run), seen(state, run), state["missing"])
    except FAILURES as error:
        return Command(goto="compose_answer", update=_stopped_by(run, error))
    if not calls:
        return Command(goto="compose_answer", update={"stopped": "exhausted", "spent": _spent(run)})
    runtime.stream_writer(Planned(calls))
    planned = [call.to_plain() for call in calls]
    return Command(goto="act", update={"planned": planned, "round": state["round"] + 1, "spent": _spent(run)})


def act(state: State, runtime: Runtime[RunContext]) -> dict[str, Any]:
    """Make the planned calls, independent ones side by side; a failed call is a result that says so."""
    run, question = runtime.context, grounded(state, runtime.context)
    calls = [ToolCall.from_plain(values) for values in state["planned"]]
    with ThreadPoolExecutor(max_workers=max(min(len(calls), 4), 1)) as pool:
        results = list(pool.map(lambda call: _call(run, question, call), calls))
    for result, _ in results:
        ids = tuple(item.id for item in result.observations)
        compressed = (item.compression for item in result.observations if item.compression)
        runtime.stream_writer(Called(result.call, ids, result.error, next(compressed, None)))
    stopped = "limit" if any(limited for _, limited in results) else ""
    done = [_stored(run, result) for result, _ in results]
    return {"done": done, "planned": [], "stopped": stopped, "spent": _spent(run)}


def reflect(state: State, runtime: Runtime[RunContext]) -> Command[Literal["plan", "compose_answer"]]:
    """Judge whether what was seen suffices, and say what is missing."""
    run = runtime.context
    try:
        judged = run.planner.reflect(grounded(state, run), seen(state, run))
    except FAILURES as error:
        return Command(goto="compose_answer", update=_stopped_by(run, error))
    runtime.stream_writer(Reflected(judged.sufficient, judged.confidence, judged.missing))
    update = {"missing": judged.missing, "spent": _spent(run)}
    if state["stopped"] == "limit":
        return Command(goto="compose_answer", update=update)
    if judged.sufficient:
        return Command(goto="compose_answer", update={**update, "stopped": "sufficient"})
    return Command(goto="plan", update=update)


def compose_answer(state: State, runtime: Runtime[RunContext]) -> dict[str, Any]:
    """Write the claims of the answer, each citing observations."""
    run = runtime.context
    try:
        draft = run.writer.compose(grounded(state, run), seen(state, run))
    except FAILURES as error:
        return {"claims": [], **_stopped_by(run, error)}
    claims = [asdict(claim) for claim in draft.claims]
    return {"claims": claims, "confidence": draft.confidence, "spent": _spent(run)}


def verify(
    state: State, runtime: Runtime[RunContext]
) -> Command[Literal["plan", "compose_answer", "conclude"]]:
    """Check every claim.

    A better rival sends the answer back to be written again; what the check finds missing leads back to the plan.
    """
    run = runtime.context
    claims = [Claim(c["text"], c["verdict"], tuple(c["evidence_ids"])) for c in state["claims"]]
    try:
        checked = run.writer.check(grounded(state, run), claims, seen(state, run))
    except FAILURES as error:
        return Command(goto="conclude", update=_stopped_by(run, error))
    if checked.rival is not None:
        done = _stored(run, checked.rival)
        runtime.stream_writer(Called(checked.rival.call, tuple(done["observation_ids"])))
        return Command(goto="compose_answer", update={"done": [done]})
    for claim, reason in checked.claims:
        runtime.stream_writer(Verified(claim.text, claim.verdict, reason))
    update: Plain = {"claims": [asdict(claim) for claim, _ in checked.claims], "spent": _spent(run)}
    if checked.missing and state["round"] < run.settings.max_rounds and state["stopped"] == "sufficient":
        again = {"round": state["round"] + 1, "missing": checked.missing, "stopped": ""}
        return Command(goto="plan", update={**update, **again})
    if checked.confidence is not None:
        update["confidence"] = checked.confidence
    refused = run.tools.meter.refused
    if refused and not any(claim.verdict == "supported" for claim, _ in checked.claims):
        update |= {"stopped": "limit", "missing": refused}  # what was not checked is not refuted
    return Command(goto="conclude", update=update)


def conclude(state: State, runtime: Runtime[RunContext]) -> dict[str, Any]:
    """Make the answer of what the checks left, store it and tell it."""
    run, question = runtime.context, grounded(state, runtime.context)
    answer = finish(question, state, seen(state, run), run)
    thread = state.get("thread", "")  # a checkpoint of an earlier version names none
    run.tools.library.store.put_run(answer.to_dict(), video_ids=state["video_ids"], thread=thread)
    runtime.stream_writer(Finished(answer))
    spans = [asdict(span) for span in answer.spans]
    turn = {"question": question.text, "query": question.query, "found": answer.found, "spans": spans}
    return {"answer": answer.to_dict(), "turns": [turn]}


def _call(run: RunContext, question: Question, call: ToolCall) -> tuple[Done, bool]:
    """Make one call; returns what it saw or why it failed, and whether a limit stopped it."""
    try:
        run.tools.meter.check()
        return Done(call, tuple(_observations(run, question, call))), False
    except ReplayError:  # the run is not the one that was recorded; going on would tell another story
        raise
    except RewatchError as error:
        return Done(call, (), str(error)), isinstance(error, LimitReached)


def _observations(run: RunContext, question: Question, call: ToolCall) -> list[Observation]:
    entry = tool(call.tool)
    if call.tool == "search":
        return _search(run, question, call.query, call.purpose, entry.validate(call.arguments))
    if call.tool == "pauses":
        return _pauses(run, call.query, entry.validate(call.arguments))
    return entry.call(run.tools, call.arguments)


def _search(
    run: RunContext, question: Question, query: str, purpose: str, arguments: dict[str, Any]
) -> list[Observation]:
    """Search, and weigh each hit by how likely it answers what this call asks."""
    asked = question if purpose in ("question", "closer", "rival") else ground(query, 0.0)
    core = asked.query if query == question.text or asked is not question else query
    is_thing = asked.counts_mentions or asked is not question  # what is no question itself is a thing
    seek: Seek = "mention" if is_thing else "either" if asked.seeks_mention else "answer"
    if purpose.startswith("target"):
        # A thing of an order that the video calls otherwise is found as the answer to when they speak of it.
        core, seek, arguments["query"] = query, "either", f"When do they speak of {query}?"
    context = run.tools.only(arguments.pop("video_id", ""))
    every = purpose == "question" and question.lists_mentions
    found = find(context, **arguments, core=core, limit=_FOUND, kinds=asked.expected, seek=seek, every=every)
    passages = [
        weighed(hit, question, query, probability(asked, hit.query, hit.passages, hit.relevance))
        for hit in found
    ]
    if not searches_pictures(context, arguments.get("channels")):
        return passages
    pictures = find_pictures(context, core or query, span=arguments.get("span"), limit=_FOUND)
    if asked.type != "when":  # likeness tells where something is seen, and answers nothing else by itself
        pictures = [replace(seen, probability=0.0) for seen in pictures]
    return [*passages, *pictures]


def _pauses(run: RunContext, query: str, arguments: dict[str, Any]) -> list[Observation]:
    """Find pauses, and weigh each by how likely the passage beside it speaks of what this call asks."""
    asked = ground(query, 0.0)

    def chance(hit: Hit | None) -> float:
        return probability(asked, hit.query, hit.passages, hit.relevance) if hit else CALLED_A_BREAK

    found = find_pauses(run.tools.only(arguments.pop("video_id", "")), **arguments)
    return [replace(observe_pause(pause), probability=round(chance(pause.hit), 4)) for pause in found]


def _stored(run: RunContext, done: Done) -> Plain:
    """Keep what a call saw in the memory; returns what the state keeps of it."""
    with run.tools.library.store.transaction():
        for observation in done.observations:
            run.tools.library.store.put_observation(observation, done.call.query)
    ids = [observation.id for observation in done.observations]
    return {"call": done.call.to_plain(), "observation_ids": ids, "error": done.error}


def _stopped_by(run: RunContext, error: RewatchError) -> Plain:
    """The state's change when a planner or a writer cannot go on."""
    stopped = "limit" if isinstance(error, LimitReached) else "error"
    return {"stopped": stopped, "missing": str(error), "spent": _spent(run)}


def _spent(run: RunContext) -> Plain:
    return asdict(run.tools.meter.cost)
