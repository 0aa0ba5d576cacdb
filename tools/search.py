"""`search`: the passages and pictures of videos that answer a query best.

Two ways bring passages: the full-text index (words) and the FAISS index (meaning). `relevance` then compares
each candidate with the query, so that one score ranks them all. Near-duplicates are removed; a text that is
both spoken and shown stays once for each channel. With an encoder, `likeness` brings pictures as well; passages
and pictures are then ranked together by how far each stands out in its video (`standing`).
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rewatch.memory.types import (
    CHANNEL_OF_KIND,
    Channel,
    Cost,
    Observation,
    Sentence,
    Span,
    TextKind,
    VideoInfo,
)
from rewatch.tools.context import ToolContext
from rewatch.tools.kinds import Kind
from rewatch.tools.likeness import moments_like, observe_moments, searches_pictures
from rewatch.tools.passages import Passages, load
from rewatch.tools.relevance import MEASURES, Query, Relevance, compare, embed_query, promise
from rewatch.tools.standing import Usual
from rewatch.tools.words import content_words, holds, stems

_BY_MEANING = 40
_BY_WORDS = 30
"""Candidates from each way."""
_READ, _COMPARED = 24, 40
"""How many of them are read, the dearest part of a question, or only compared, where a mention is sought."""
Seek = Literal["mention", "answer", "either"]
_MODES: dict[Seek, tuple[bool, ...]] = {"mention": (True,), "answer": (False,), "either": (True, False)}
_REPEATED, _NAMED = MEASURES.index("repeated"), 0.99
"""The measure that tells whether a passage names all of a query's words, and from where on it does."""
_QUOTED = 600
"""Characters of a screen that an observation quotes."""
_SAME_TEXT = 0.8
"""Share of common stems from which two overlapping or repeated passages count as one."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found, with everything that its rank rests on."""

    video: VideoInfo
    sentence: Sentence
    passages: Passages
    relevance: Relevance
    query: Query


def search(
    context: ToolContext,
    query: str,
    *,
    core: str = "",
    span: Span | None = None,
    channels: Sequence[Channel] | None = None,
    limit: int = 10,
) -> list[Observation]:
    """Find the passages and pictures of the context's videos that answer a query best.

    Args:
        context: The library, the videos, and the encoder where pictures are to be searched.
        query: A question, or words.
        core: The part of the query that names what is looked for; "" for all of it.
        span: Restrict to passages that overlap it and pictures in it, in each video.
        channels: Restrict to channels; None searches all of them.
        limit: Return at most so many.

    Returns:
        Observations, best first; each tells its channel, `text` quotes the video or says how similar a picture
        is, `score` compares within this call.

    Raises:
        LimitReached: The run may not make another tool call.
    """
    hits = find(context, query, core=core, span=span, channels=channels, limit=limit)
    passages = [observe(hit, query) for hit in hits]
    if not searches_pictures(context, channels):
        return passages
    pictures = find_pictures(context, core or query, span=span, limit=limit)
    standings = sorted((_standing(hit) for hit in hits), reverse=True)
    # Passages keep their order, which rests on more than the cosine that standings are taken from.
    passages = [
        replace(seen, score=round(standing, 4)) for seen, standing in zip(passages, standings, strict=True)
    ]
    return sorted([*passages, *pictures], key=lambda seen: -seen.score)[:limit]


def search_image(
    context: ToolContext, image: NDArray[np.uint8], *, span: Span | None = None, limit: int = 10
) -> list[Observation]:
    """Find the pictures of the context's videos that are most like an example.

    Args:
        context: The library, the videos and the encoder.
        image: uint8 `[height, width, 3]`, RGB.
        span: Restrict to frames in it, in each video.
        limit: Return at most so many.

    Returns:
        Observations of the visual channel, best first.

    Raises:
        LimitReached: The run may not make another tool call.
        ToolError: No encoder is set.
    """
    encoder = context.models.encoder
    context.meter.charge(Cost(tool_calls=1))
    moments = moments_like(context, encoder.encode_images([image])[0], span=span, limit=limit)
    name = f"image {hashlib.sha256(image.tobytes()).hexdigest()[:12]}"
    return observe_moments(context, moments, name, "search_image")


def find_pictures(
    context: ToolContext, query: str, *, span: Span | None = None, limit: int = 10
) -> list[Observation]:
    """The visual half of `search`; it charges nothing of its own, and wants an encoder in the context."""
    moments = moments_like(context, context.models.encoder.encode_texts([query])[0], span=span, limit=limit)
    return observe_moments(context, moments, query)


def find(
    context: ToolContext,
    query: str,
    *,
    core: str = "",
    span: Span | None = None,
    channels: Sequence[Channel] | None = None,
    limit: int = 10,
    kinds: tuple[Kind, ...] = (),
    seek: Seek = "mention",
    every: bool = False,
) -> list[Hit]:
    """The passages of `search`, with the comparison behind each.

    Args:
        kinds: What an answer must hold.
        every: Return all passages that name what is looked for, however many, where there are any.
        seek: What speaks of the query, what answers it as a question, or, for "either", what speaks of it where a
            passage names it in all of its words, else what answers it.
    """
    context.meter.charge(Cost(tool_calls=1))
    if every and (naming := _naming(context, query, core, span, kinds_of(channels))):
        return naming
    hits: list[Hit] = []
    for mention in _MODES[seek]:
        embedded = embed_query(query, core, kinds, mention=mention)
        hits = [
            hit
            for video in context.videos
            for hit in _in_video(context, video, embedded, span, kinds_of(channels))
        ]
        if any(hit.relevance.measures[_REPEATED] >= _NAMED for hit in hits):
            break
    hits.sort(key=lambda hit: -hit.relevance.score)
    return _distinct(hits, limit)


def _naming(
    context: ToolContext, query: str, core: str, span: Span | None, kinds: tuple[TextKind, ...] | None
) -> list[Hit]:
    """All passages that hold the words of what is looked for; none where it has no words of its own."""
    wanted, hits = core or query, list[Hit]()
    if not content_words(wanted):
        return []
    embedded = embed_query(query, core, mention=True)
    for video in context.videos:
        allowed, passages = context.allowed(video, span), load(context.library, video.video_id)
        positions = [
            position
            for position, sentence in enumerate(passages.sentences)
            if allowed is not None
            and sentence.span.overlaps(allowed)
            and (kinds is None or sentence.kind in kinds)
            and holds(sentence.text, wanted)
        ]
        compared = compare(embedded, passages, positions)
        hits += [Hit(video, passages.sentences[item.position], passages, item, embedded) for item in compared]
    return hits


def kinds_of(channels: Sequence[Channel] | None) -> tuple[TextKind, ...] | None:
    """The kinds of text that some channels hold; None for all."""
    if channels is None:
        return None
    return tuple(kind for kind, channel in CHANNEL_OF_KIND.items() if channel in channels)


def observe(hit: Hit, query: str, *, whole: bool = False) -> Observation:
    """The hit as an observation; the same query on the same passage has the same id.

    Of a long screen, such as a roll of credits, the lines around the one that is meant are quoted.

    Args:
        hit: The passage found.
        query: What was searched for.
        whole: Quote the passage with what completes it: a line with its whole screen, a sentence with the next.
    """
    sentence = hit.passages.completed(hit.relevance.position) if whole else hit.sentence
    if len(sentence.text) > _QUOTED:
        sentence = replace(sentence, text=_part(hit, sentence.text.splitlines()))
    params = hashlib.sha256(json.dumps(["search", query]).encode()).hexdigest()[:16]
    key = json.dumps([hit.video.video_id, sentence.kind, sentence.span.start_seconds, sentence.text])
    return Observation(
        id=f"search-{hashlib.sha256((params + key).encode()).hexdigest()[:16]}",
        video_id=hit.video.video_id,
        tool="search",
        channel=CHANNEL_OF_KIND[sentence.kind],
        span=sentence.span,
        text=sentence.text,
        boxes=sentence.boxes,
        score=round(hit.relevance.score, 4),
        model=hit.passages.space_id,
        params_hash=params,
    )


def _part(hit: Hit, lines: Sequence[str]) -> str:
    """The lines of a long screen around the one that was found, or else the one with most of the query's words."""
    asked = {word.stem for word in hit.query.words}
    own = hit.sentence.text
    meant = lines.index(own) if own in lines else int(np.argmax([len(asked & stems(line)) for line in lines]))
    part = lines[meant]
    for reach in range(1, len(lines)):
        wider = "\n".join(lines[max(meant - reach, 0) : meant + reach + 1])
        if len(wider) > _QUOTED:
            break
        part = wider
    return part


def _standing(hit: Hit) -> float:
    """How far a passage's meaning stands out among all passages of its video."""
    usual = Usual.of(hit.passages.vectors @ hit.query.vector, len(hit.passages.sentences))
    return usual.standing(hit.relevance.measures[MEASURES.index("sentence")])


def _in_video(
    context: ToolContext,
    video: VideoInfo,
    query: Query,
    span: Span | None,
    kinds: tuple[TextKind, ...] | None,
) -> list[Hit]:
    allowed = context.allowed(video, span)
    if allowed is None or allowed.duration_seconds <= 0:
        return []
    passages = load(context.library, video.video_id)
    positions = candidates(context, video, query, allowed, kinds, passages)
    compared = compare(query, passages, positions)
    return [Hit(video, passages.sentences[item.position], passages, item, query) for item in compared]


def candidates(
    context: ToolContext,
    video: VideoInfo,
    query: Query,
    span: Span,
    kinds: tuple[TextKind, ...] | None,
    passages: Passages,
) -> list[int]:
    """Find the most promising passages of a video: by meaning, by words, and beside those; the best by a cheap score.

    Args:
        context: The library.
        video: Where to search.
        query: The embedded query.
        span: The part to search.
        kinds: Kinds of text; None for all.
        passages: The video's passages.

    Returns:
        Their positions among the passages, best first.
    """
    by_meaning = context.library.index().search(
        query.vector, _BY_MEANING, video_ids=video.video_id, span=span, kinds=kinds
    )
    by_words = context.library.store.search_words(
        [word.text for word in query.words], video.video_id, span, kinds, _BY_WORDS
    )
    ids = [*(row_id for row_id, _ in by_meaning), *(sentence.id for sentence, _ in by_words)]
    found = {passages.rows[row_id] for row_id in ids if row_id in passages.rows}
    beside = {other for position in found for other in passages.neighbours(position)} - found

    def may_be_read(position: int) -> bool:
        sentence = passages.sentences[position]
        return (kinds is None or sentence.kind in kinds) and sentence.span.overlaps(span)

    positions = sorted(found | {position for position in beside if may_be_read(position)})
    best_first = np.argsort(-promise(query, passages, positions), kind="stable")
    return [positions[place] for place in best_first[: _COMPARED if query.mention else _READ]]


def _distinct(hits: Sequence[Hit], limit: int) -> list[Hit]:
    kept: list[Hit] = []
    for hit in hits:
        if len(kept) == limit:
            break
        if not any(_repeats(hit, other) for other in kept):
            kept.append(hit)
    return kept


def _repeats(hit: Hit, other: Hit) -> bool:
    """Whether a hit says what a better one of the same channel and moment says already."""
    if hit.video.video_id != other.video.video_id or hit.sentence.kind != other.sentence.kind:
        return False
    if not hit.sentence.span.overlaps(other.sentence.span):
        return False
    mine, theirs = stems(hit.sentence.text), stems(other.sentence.text)
    return (
        len(mine & theirs) >= _SAME_TEXT * min(len(mine), len(theirs)) if mine and theirs else mine == theirs
    )
