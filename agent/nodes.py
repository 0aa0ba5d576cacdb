"""The steps of a run, each a function from the state to what it changes.

    ground -> plan -> act -> reflect -> answer -> verify -> (plan | done)

Routing is data: a node that chooses returns a `Command` naming the next one. Observations go into the memory,
their ids into the state; `composition` writes the answer's claims, `verification` checks them.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from typing import Any, Literal

from langgraph.runtime import Runtime
from langgraph.types import Command

from rewatch.agent.answer import Claim
from rewatch.agent.calls import ToolCall
from rewatch.agent.composition import compose, finish
from rewatch.agent.context import RunContext
from rewatch.agent.events import Called, Finished, Grounded, Planned, Reflected, Verified
from rewatch.agent.evidence_model import probability
from rewatch.agent.follow_up import complete
from rewatch.agent.planners import Done
from rewatch.agent.question import Question, ground
from rewatch.agent.state import Plain, State
from rewatch.agent.verification import check, rival, weighed
from rewatch.memory.errors import LimitReached, RewatchError
from rewatch.memory.types import Observation
from rewatch.tools.registry import tool
from rewatch.tools.search import find

_FOUND = 12
"""Passages that one search returns to the planner."""


def grounded(state: State, run: RunContext) -> Question:
    """The question as understood, with what earlier turns of the thread add; the same at every step."""
    longest = max((video.duration_seconds for video in run.tools.videos), default=0.0)
    question = ground(state["question"], longest, state["options"])
    return complete(question, state.get("turns") or [], longest)


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
    calls = run.planner.plan(grounded(state, run), seen(state, run))
    if not calls or state["round"] >= run.settings.max_rounds:
        return Command(goto="compose_answer", update={"stopped": "exhausted", "planned": []})
    runtime.stream_writer(Planned(calls))
    planned = [call.to_plain() for call in calls]
    return Command(goto="act", update={"planned": planned, "round": state["round"] + 1})


def act(state: State, runtime: Runtime[RunContext]) -> dict[str, Any]:
    """Make the planned calls, independent ones side by side; a failed call is a result that says so."""
    run, question = runtime.context, grounded(state, runtime.context)
    calls = [ToolCall.from_plain(values) for values in state["planned"]]
    with ThreadPoolExecutor(max_workers=max(min(len(calls), 4), 1)) as pool:
        results = list(pool.map(lambda call: _call(run, question, call), calls))
    done: list[Plain] = []
    stopped = ""
    for call, (observations, error, limited) in zip(calls, results, strict=True):
        with run.tools.library.store.transaction():
            for observation in observations:
                run.tools.library.store.put_observation(observation, call.query)
        ids = tuple(observation.id for observation in observations)
        runtime.stream_writer(Called(call, ids, error))
        done.append({"call": call.to_plain(), "observation_ids": list(ids), "error": error})
        stopped = "limit" if limited else stopped
    return {"done": done, "planned": [], "stopped": stopped, "spent": asdict(run.tools.meter.cost)}


def reflect(state: State, runtime: Runtime[RunContext]) -> Command[Literal["plan", "compose_answer"]]:
    """Judge whether what was seen suffices, and say what is missing."""
    run, question = runtime.context, grounded(state, runtime.context)
    done = seen(state, run)
    sufficient = run.planner.sufficient(question, done)
    best = max((item.best.probability or 0.0 for item in done if item.best), default=0.0)
    missing = "" if sufficient else f"nothing seen so far answers: {question.query or question.text}"
    runtime.stream_writer(Reflected(sufficient, best, missing))
    if state["stopped"] == "limit":
        return Command(goto="compose_answer", update={"missing": missing})
    if sufficient:
        return Command(goto="compose_answer", update={"stopped": "sufficient", "missing": ""})
    return Command(goto="plan", update={"missing": missing})


def compose_answer(state: State, runtime: Runtime[RunContext]) -> dict[str, Any]:
    """Write the claims of the answer, each citing observations."""
    run = runtime.context
    claims = compose(grounded(state, run), seen(state, run))
    return {"claims": [asdict(claim) for claim in claims]}


def verify(state: State, runtime: Runtime[RunContext]) -> Command[Literal["compose_answer", "conclude"]]:
    """Check every claim; a better rival sends the answer back to be written again, once."""
    run, question = runtime.context, grounded(state, runtime.context)
    claims = [Claim(c["text"], c["verdict"], tuple(c["evidence_ids"])) for c in state["claims"]]
    better = _better_rival(state, run, question, claims)
    if better is not None:
        run.tools.library.store.put_observation(better, question.text)
        call = ToolCall.of(
            "search",
            "rival",
            query=question.query,
            video_id=better.video_id,
            span=question.span,
            channels=question.channels,
        )
        runtime.stream_writer(Called(call, (better.id,)))
        found = {"call": call.to_plain(), "observation_ids": [better.id], "error": ""}
        return Command(goto="compose_answer", update={"done": [found]})
    checked = [_checked(run, claim) for claim in claims]
    for claim, reason in checked:
        runtime.stream_writer(Verified(claim.text, claim.verdict, reason))
    return Command(goto="conclude", update={"claims": [asdict(claim) for claim, _ in checked]})


def conclude(state: State, runtime: Runtime[RunContext]) -> dict[str, Any]:
    """Make the answer of what the checks left, store it and tell it."""
    run, question = runtime.context, grounded(state, runtime.context)
    answer = finish(question, state, seen(state, run), run)
    run.tools.library.store.put_run(answer.to_dict(), video_ids=state["video_ids"])
    runtime.stream_writer(Finished(answer))
    spans = [asdict(span) for span in answer.spans]
    turn = {"question": question.text, "query": question.query, "found": answer.found, "spans": spans}
    return {"answer": answer.to_dict(), "turns": [turn]}


def _call(run: RunContext, question: Question, call: ToolCall) -> tuple[list[Observation], str, bool]:
    """Make one call; returns what it saw, why it failed, and whether a limit stopped it."""
    try:
        run.tools.meter.check()
        return _observations(run, question, call), "", False
    except LimitReached as error:
        return [], str(error), True
    except RewatchError as error:
        return [], str(error), False


def _observations(run: RunContext, question: Question, call: ToolCall) -> list[Observation]:
    entry = tool(call.tool)
    if call.tool == "search":
        return _search(run, question, call.query, call.purpose, entry.validate(call.arguments))
    return entry.call(run.tools, call.arguments)


def _search(
    run: RunContext, question: Question, query: str, purpose: str, arguments: dict[str, Any]
) -> list[Observation]:
    """Search, and weigh each hit by how likely it answers what this call asks."""
    asked = question if purpose in ("question", "rival") else ground(query, 0.0)
    core = asked.query if query == question.text or asked is not question else query
    context = run.tools.only(arguments.pop("video_id", ""))
    return [
        weighed(hit, question, query, probability(asked, hit.query, hit.passages, hit.relevance))
        for hit in find(context, **arguments, core=core, limit=_FOUND)
    ]


def _better_rival(
    state: State, run: RunContext, question: Question, claims: Sequence[Claim]
) -> Observation | None:
    """A passage elsewhere that beats the best evidence; looked for once, for questions of one place."""
    looked = any(item["call"]["purpose"] == "rival" for item in state.get("done") or [])
    if (
        looked
        or not claims
        or question.type in ("summary", "order", "count")
        or question.options
        or question.anchor
    ):
        return None
    cited = run.tools.library.store.observations(list(claims[0].evidence_ids))
    with suppress(LimitReached):
        return rival(run, question, cited[0], question.span) if cited else None
    return None


def _checked(run: RunContext, claim: Claim) -> tuple[Claim, str]:
    """A claim with its verdict: supported when all of its evidence is."""
    observations = run.tools.library.store.observations(list(claim.evidence_ids))
    try:
        checks = [check(run, observation) for observation in observations if observation.tool == "search"]
    except LimitReached as error:
        return Claim(claim.text, "unverified", claim.evidence_ids), str(error)
    worst = next((item for item in checks if item.verdict != "supported"), None)
    if worst is not None:
        return Claim(claim.text, worst.verdict, claim.evidence_ids), worst.reason
    if not observations:
        return Claim(claim.text, "unverified", claim.evidence_ids), "it cites no evidence"
    reason = checks[0].reason if checks else "the cited lines were read as they stand in the memory"
    return Claim(claim.text, "supported", claim.evidence_ids), reason
