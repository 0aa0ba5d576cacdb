"""From what a model writes to a validated reply: reading its JSON, one repair, and how sure it was.

Owns the reading only; how the model is asked is its backend's work.
"""

import json
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel, ValidationError

from rewatch.memory.errors import ModelOutputError
from rewatch.memory.types import Cost, PictureCompression
from rewatch.prompts import render
from rewatch.tools.vision import Prices, Reply, Seen

MAX_NEW_TOKENS = 512
"""A reply is cut off after so many tokens."""

REPAIR_TOKENS = 400
"""What the request for a repair takes at most, besides the reply that it speaks of."""

_SHOWN_CHARACTERS = 120
_SHOWN_FAULTS = 400


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of what a model wrote."""

    text: str
    logprob: float
    """Natural logarithm of its probability."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a model wrote in one attempt."""

    text: str
    cost: Cost
    tokens: tuple[Token, ...] = ()
    """Where the model tells log-probabilities; their texts make up `text`, or nearly."""
    compression: PictureCompression | None = None
    """Of the pictures, where there was any."""


@dataclass(frozen=True, slots=True)
class Repair:
    """What follows the first attempt in the conversation of the second."""

    reply: str
    """What the model wrote first."""
    request: str
    """What is wrong with it."""


def validated(write: Callable[[Repair | None], Written], schema: type[Reply]) -> Seen[Reply]:
    """Ask, validate, and ask once more when the reply does not fit.

    Args:
        write: Asks the model: with None the first time, then with what was wrong.
        schema: What the reply must be.

    Raises:
        ModelOutputError: The repair did not fit either.
    """
    first = write(None)
    try:
        return _seen(first, schema, first.cost)
    except ModelOutputError as error:
        request = render("repair", problem=str(error), form=form_of(schema))
        second = write(Repair(first.text, request))
    return replace(_seen(second, schema, first.cost + second.cost), compression=first.compression)


def at_most(visual_tokens: int, text_tokens: int, prices: Prices) -> Cost:
    """What an answer and its repair cost at most.

    Args:
        visual_tokens: Of the frames, in one attempt.
        text_tokens: Of the rest of the first request.
        prices: What a token costs.
    """
    put_in = 2 * text_tokens + MAX_NEW_TOKENS + REPAIR_TOKENS
    put_out = 2 * MAX_NEW_TOKENS
    dollars = prices.of(2 * visual_tokens + put_in, put_out)
    return Cost(visual_tokens=2 * visual_tokens, llm_tokens=put_in + put_out, dollars=dollars)


def form_of(schema: type[BaseModel]) -> str:
    """The schema as a model is told of it: JSON Schema on one line."""
    return json.dumps(schema.model_json_schema())


def yes_probability(likely: Sequence[Token]) -> float | None:
    """How probable "yes" is against "no" as the first word.

    Args:
        likely: The likeliest first tokens.

    Returns:
        None when neither word is among them.
    """
    mass = {"yes": 0.0, "no": 0.0}
    for token in likely:
        word = token.text.strip().lower()
        if word in mass:
            mass[word] += math.exp(token.logprob)
    total = mass["yes"] + mass["no"]
    return mass["yes"] / total if total else None


def _seen(written: Written, schema: type[Reply], cost: Cost) -> Seen[Reply]:
    try:
        reply = schema.model_validate(_first_object(written.text))
    except ValidationError as error:
        faults = (f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        told = "; ".join(faults)[:_SHOWN_FAULTS]
        raise ModelOutputError(f"it does not fit the form: {told}") from error
    return Seen(reply, cost, _probability(written.tokens, reply), written.compression)


def _first_object(text: str) -> Any:
    """The first JSON object in a text, whatever stands around it."""
    decoder = json.JSONDecoder()
    start = text.find("{")
    while start >= 0:
        try:
            return decoder.raw_decode(text, start)[0]
        except json.JSONDecodeError:
            start = text.find("{", start + 1)
    shown = text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…"
    raise ModelOutputError(f"there is no JSON object in it, only {shown!r}")


def _probability(tokens: Sequence[Token], reply: BaseModel) -> float | None:
    """Geometric mean of the probabilities of the tokens that carry the first field's value."""
    name = next(iter(type(reply).model_fields))
    text = "".join(token.text for token in tokens)
    key = re.search(rf'"{name}"\s*:\s*', text)
    if key is None:
        return None
    try:
        _, end = json.JSONDecoder().raw_decode(text, key.end())
    except json.JSONDecodeError:  # a character that spans tokens is not whole in any of them
        return None
    value = getattr(reply, name)
    carrying = _between(tokens, key.end(), end)
    likely = math.exp(sum(token.logprob for token in carrying) / len(carrying))
    return 1 - likely if value is False else likely


def _between(tokens: Sequence[Token], start: int, end: int) -> list[Token]:
    found, at = [], 0
    for token in tokens:
        if at < end and at + len(token.text) > start:
            found.append(token)
        at += len(token.text)
    return found
