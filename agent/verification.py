"""Checking an answer before it is given: each claim against its own evidence, and against its rivals.

Ranking found the evidence; verification takes another road. It reads the stored lines of the cited span again
(a claim whose quote is not there is refuted), and looks by words alone, outside the cited spans, for a passage
that answers better (a rival). With `recheck` it reads cited screens from the video's pixels. A picture
that was found by likeness is watched again. What does not hold is kept in the answer, marked, and never
supports "found".
"""

import re
from dataclasses import dataclass, replace

from rewatch.agent.answer import Verdict
from rewatch.agent.evidence_model import probability
from rewatch.agent.planners.rules import SUFFICIENT
from rewatch.agent.question import Question
from rewatch.memory.errors import VideoError
from rewatch.memory.types import Observation, Span
from rewatch.tools.context import ToolContext
from rewatch.tools.likeness import is_picture
from rewatch.tools.passages import load
from rewatch.tools.relevance import compare, embed_query
from rewatch.tools.search import Hit, kinds_of, observe
from rewatch.tools.words import stems

_MARGIN_SECONDS = 2.0
_QUOTED = 0.8
"""Share of the quote's words that must stand in the lines read again; OCR readings of one screen may differ."""
_RIVALS = 6


@dataclass(frozen=True, slots=True)
class Check:
    """What the check of one piece of evidence said."""

    verdict: Verdict
    reason: str


def check(context: ToolContext, observation: Observation, needed: float, *, recheck: bool) -> Check:
    """Read the cited span again and compare it with the quote.

    Args:
        context: The library and the videos.
        observation: The evidence.
        needed: Probability from which it counts as an answer.
        recheck: Read a cited screen again from the video's pixels too.

    Returns:
        For words: "supported" when they stand there and are likely enough to answer; "refuted" when they do not
        stand there; "unverified" when they do and are not.
    """
    if is_picture(observation):
        return _check_picture(context, observation)
    span = observation.span
    wide = Span(max(span.start_seconds - _MARGIN_SECONDS, 0.0), span.end_seconds + _MARGIN_SECONDS)
    # Not what the asker allows alone, as a passage may reach beyond it; and no tool call that a limit counts.
    kinds = kinds_of((observation.channel,))
    lines = context.library.store.text_lines(observation.video_id, wide, kinds)
    if not stands(observation.text, " ".join(line.text for line in lines)):
        return Check("refuted", "the quoted words are not among the lines stored for this span")
    if recheck and observation.channel == "screen":
        from rewatch.agent.recheck import read_pixels

        try:
            pixels = read_pixels(context, observation)
        except VideoError as error:
            return Check("unverified", f"the frame cannot be read again: {error}")
        if not stands(observation.text, pixels):
            return Check("refuted", "the frame, read again, does not show these words")
    chance = observation.probability or 0.0
    if chance < needed:
        return Check(
            "unverified", f"the words stand there, but answer the question with probability {chance:.2f} only"
        )
    return Check("supported", f"the words stand there and answer the question with probability {chance:.2f}")


def _check_picture(context: ToolContext, observation: Observation) -> Check:
    """Watch the cited frame again: it must be the one whose vector was found."""
    from rewatch.agent.recheck import shows_same_picture

    try:
        if not shows_same_picture(context, observation):
            return Check("refuted", "the frame, watched again, is not the picture that was found")
    except VideoError as error:
        return Check("unverified", f"the frame cannot be watched again: {error}")
    chance = observation.probability or 0.0
    if chance < SUFFICIENT:
        return Check("unverified", f"the picture stands out with probability {chance:.2f} only")
    return Check("supported", f"the picture was watched again; it stands out with probability {chance:.2f}")


def stands(quote: str, text: str) -> bool:
    """Whether (nearly) all words of a quote stand in a text; spaces do not matter, as OCR joins words."""
    wanted, squashed = stems(quote), _squash(text)
    there = stems(text)
    found = sum(1 for word in wanted if word in there or _squash(word) in squashed)
    return bool(wanted) and found >= _QUOTED * len(wanted)


def rival(
    context: ToolContext, question: Question, cited: Observation, span: Span | None
) -> Observation | None:
    """Find a passage elsewhere that answers better than the cited one, by words alone.

    Args:
        context: The library and the videos.
        question: The grounded question.
        cited: The evidence to beat.
        span: Where the search was allowed.

    Returns:
        The rival, or None.
    """
    query = embed_query(question.text, question.query, question.expected)
    video = context.video(cited.video_id)
    allowed = context.allowed(video, span)
    if allowed is None or not query.words:
        return None
    passages = load(context.library, video.video_id)
    by_words = context.library.store.search_words(
        [word.text for word in query.words], video.video_id, allowed, kinds_of(question.channels), _RIVALS
    )
    positions = [
        passages.rows[sentence.id]
        for sentence, _ in by_words
        if sentence.id in passages.rows and not sentence.span.overlaps(cited.span)
    ]
    for relevance in compare(query, passages, positions)[:1]:
        chance = probability(question, query, passages, relevance)
        hit = Hit(video, passages.sentences[relevance.position], passages, relevance, query)
        if chance > (cited.probability or 0.0) and relevance.score > cited.score:
            return weighed(hit, question, question.text, chance)
    return None


def weighed(hit: Hit, question: Question, query: str, chance: float) -> Observation:
    """The hit as an observation that carries its probability.

    For a moment, and for yes or no, the passage itself is quoted; for everything else with what completes it.
    """
    whole = (
        question.type not in ("when", "order", "yes_no")
        and not question.counts_mentions
        and question.rank is None
    )
    return replace(observe(hit, query, whole=whole), probability=round(chance, 4))


def _squash(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.casefold())
