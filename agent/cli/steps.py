"""The steps of a run, one line each, for `--stream`."""

import sys
from dataclasses import asdict

from rewatch.agent.calls import ToolCall
from rewatch.agent.cli.printing import compression_line, format_span, one_line, print_json
from rewatch.agent.events import Called, Event, Grounded, Planned, Reflected, Verified


def print_step(event: Event, *, as_json: bool) -> None:
    """Print a step: as JSON among the answers, or as a line for a person on standard error."""
    if as_json:
        print_json({"event": type(event).__name__.lower(), **asdict(event)}, lines=True)
    else:
        print(f"  {type(event).__name__.lower():<10}{describe(event)}", file=sys.stderr, flush=True)


def describe(event: Event) -> str:
    """What happened in a step, as one printable line."""
    match event:
        case Grounded(question):
            return f"{question.type}: {one_line(question.text)}"
        case Planned(calls):
            return "; ".join(_call(call) for call in calls)
        case Called(call, observation_ids, error, compression):
            told = one_line(error) if error else f"{len(observation_ids)} observations"
            return f"{_call(call)}: {told}" + (f"; {compression_line(compression)}" if compression else "")
        case Reflected(sufficient, confidence, missing):
            verdict = "the evidence suffices" if sufficient else f"not yet: {one_line(missing)}"
            return f"{verdict} (confidence {confidence:.2f})"
        case Verified(claim, verdict, reason):
            return f"{verdict}: {one_line(claim)} ({one_line(reason)})"
        case _:
            return ""


def _call(call: ToolCall) -> str:
    where = f" {format_span(call.span.start_seconds, call.span.end_seconds)}" if call.span else ""
    channels = f" in {', '.join(call.channels)}" if call.channels else ""
    query = f" {one_line(call.query)!r}" if call.query else ""
    return f"{call.tool}{query}{where}{channels}"
