"""Writing an answer in the video's own words: claims with citations, then the whole answer.

Every claim quotes what was said or shown; nothing is added from elsewhere. Which claims hold is decided by
`verification`; here the ones that hold become the text.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rewatch.agent import wording
from rewatch.agent.answer import Answer, AnswerSpan, Claim, CoverageReport, Evidence, Stopped
from rewatch.agent.context import RunContext
from rewatch.agent.counting import counted
from rewatch.agent.looking import UNTOLD_PROBABILITY
from rewatch.agent.options import for_absence, for_number, lead, letter_of
from rewatch.agent.planners import Done
from rewatch.agent.planners.rules import POSSIBLE, SUFFICIENT, first_calls
from rewatch.agent.question import Question
from rewatch.agent.seeking import verdicts
from rewatch.agent.state import State
from rewatch.memory.ingest.container import show_path
from rewatch.memory.ingest.encoder import SentenceEncoder
from rewatch.memory.timecode import format_seconds
from rewatch.memory.types import Observation, Span, VideoInfo
from rewatch.tools.kinds import DURATION
from rewatch.tools.likeness import is_picture
from rewatch.tools.numbers import Number
from rewatch.tools.words import holds

BESIDE = 2
"""How many more passages an answer of one place may cite beside the best: the second or third may be the right one."""
_VERBS = {"overview": "chapter", "pauses": "silence after"}
"""How the text of a tool's observation relates to the video; that of the others is said or stands on the screen."""
_TOLD = 8
"""Passages that a summary of one subject may cite."""
_LISTED = 12
"""Lines that a question for all that is written quotes, and mentions that a count quotes."""
_NEARLY = 0.88
"""Share of the best score from which another passage is cited beside it."""
_SAME_MOMENT_SECONDS = 8.0


def compose(
    encoder: SentenceEncoder, question: Question, done: Sequence[Done], videos: Sequence[VideoInfo] = ()
) -> list[Claim]:
    """Write the claims of an answer, best first; none when nothing was seen.

    Args:
        encoder: Compares meanings.
        question: The question as understood.
        done: The calls made.
        videos: What is asked about; of several, a count names each.
    """
    ranked = rank(question, done)
    if question.type == "summary":
        outline = [seen for item in done if item.call.tool == "overview" for seen in item.observations]
        return [quote(seen) for seen in outline or _told(ranked)]
    if question.type == "count" and question.counts_mentions:
        return _mentions(question, ranked, _names(videos) if len(videos) > 1 else {})
    cited = _cited(question, ranked, done)
    silent = [item.best for item in done if item.call.purpose == "pause" and item.best]
    if silent and (silent[0].probability or 0.0) >= SUFFICIENT:
        return [_lasts(silent[0])]
    if question.lasts_here and cited and not DURATION.search(cited[0].text):
        return [_lasts(cited[0]), *(quote(seen) for seen in cited[1:])]
    if question.type == "count" and cited:
        number = counted(encoder, question.text, cited[0].text)
        if number is not None:
            chosen = lead(question.options, for_number(question.options, number.value))
            return [quote(cited[0], chosen or f"{_digits(cited[0].text, number)}: "), *map(quote, cited[1:])]
    return [quote(seen) for seen in cited]


def finish(question: Question, state: State, done: Sequence[Done], run: RunContext) -> Answer:
    """Make the answer of the checked claims."""
    claims = tuple(Claim(c["text"], c["verdict"], tuple(c["evidence_ids"])) for c in state["claims"])
    held = [claim for claim in claims if claim.verdict == "supported"]
    store = run.tools.library.store
    cited = store.observations([name for claim in held for name in claim.evidence_ids])
    doubted = store.observations([n for c in claims if c not in held for n in c.evidence_ids])
    found = bool(held)
    stopped: Stopped = "sufficient" if found and state["stopped"] != "limit" else _stopped(state, found)
    coverage = _coverage(question, done, run)
    absent = None if found or not _has_searched(done) else _absent(question, stopped, coverage)
    searched = 1.0 if found else _searched_share(question, done, coverage)
    told = f"{lead(question.options, absent)}{_not_found(question, run, done)}"
    return Answer(
        question=state["question"],
        text=run.writer.text(question, held) if found else told,
        found=found,
        confidence=_confidence(state, cited, [s for item in done for s in item.observations], searched),
        stopped=stopped,
        run_id=state["run_id"],
        choice=letter_of(held) if question.options and found else absent,
        claims=claims,
        evidence=tuple(_evidence(seen) for seen in unique([*cited, *doubted])),
        spans=tuple(
            AnswerSpan(seen.video_id, seen.span.start_seconds, seen.span.end_seconds)
            for seen in unique(cited)
        ),
        frame_seconds=tuple(_unique_seconds(cited)),
        coverage=coverage,
        cost=run.tools.meter.cost,
        missing="" if found else _missing(question, run, state, done),
    )


def quote(seen: Observation, lead: str = "") -> Claim:
    verb = _VERBS.get(seen.tool, "on screen" if seen.channel == "screen" else "said")
    start, end = format_seconds(seen.span.start_seconds), format_seconds(seen.span.end_seconds)
    if is_picture(seen):
        return Claim(f"{lead}{start}–{end}, by likeness: {seen.text}", "unverified", (seen.id,))
    return Claim(
        f"{lead}{start}–{end}, {verb}: “{' / '.join(seen.text.splitlines())}”", "unverified", (seen.id,)
    )


def _lasts(seen: Observation) -> Claim:
    """How long a pause is, or something stands on the screen or is spoken of, where nobody says how long it lasts."""
    minutes, seconds = divmod(round(seen.span.duration_seconds), 60)
    length = f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
    return quote(seen, f"{length}: ")


def rank(question: Question, done: Sequence[Done]) -> list[Observation]:
    """What was seen for the question itself, most likely first.

    What was seen from an anchor wins; where a mention is sought, what names the subject in all of its words does.
    """
    read = [seen for item in done if item.call.tool == "read" for seen in item.observations]
    if read:
        return sorted(read, key=lambda seen: (seen.video_id, seen.span.start_seconds))
    anchored = [
        item for item in done if item.call.purpose == "question" and item.call.span and question.anchor
    ]
    chosen = [
        item
        for item in anchored
        if question.lists_mentions or (item.best and (item.best.probability or 0.0) >= SUFFICIENT)
    ]
    items = chosen or [item for item in done if item.call.purpose in ("question", "rival")]
    best: dict[str, Observation] = {}
    for seen in (seen for item in items for seen in item.observations):
        key = f"{seen.video_id} {seen.channel} {seen.span}"
        if key not in best or (seen.probability or 0.0) > (best[key].probability or 0.0):
            best[key] = seen

    def names(seen: Observation) -> bool:
        return question.seeks_mention and holds(seen.text, question.query)

    return sorted(best.values(), key=lambda seen: (not names(seen), -(seen.probability or 0.0), -seen.score))


def _cited(question: Question, ranked: Sequence[Observation], done: Sequence[Done]) -> list[Observation]:
    """The passages to cite: the best and those nearly as good; for an n-th time, the n-th of the good ones."""
    if not ranked:
        return []
    if ranked[0].tool == "read":
        return list(ranked[: _LISTED if question.type == "written" else 1 + BESIDE])
    if question.rank is not None:
        return _nth(question, ranked)
    closer = [seen for item in done if item.call.purpose == "closer" for seen in item.observations[:1]]
    # Scores of words and of pictures do not compare; the next best likeness is no second reading of the first.
    beside = [] if is_picture(ranked[0]) else [seen for seen in ranked[1:] if not is_picture(seen)]
    return unique([*ranked[:1], *closer, *beside[:BESIDE]])


def _told(ranked: Sequence[Observation]) -> list[Observation]:
    """What is told of a subject, by time: the passages that may speak of it, where one is likely to.

    A slide that is shown again is cited once.
    """
    distinct = list({seen.text: seen for seen in reversed(ranked)}.values())[::-1]
    told = [seen for seen in distinct[:_TOLD] if (seen.probability or 0.0) >= POSSIBLE]
    if not any((seen.probability or 0.0) >= SUFFICIENT for seen in told):
        return []
    return sorted(told, key=lambda seen: (seen.video_id, seen.span.start_seconds))


def _digits(text: str, number: Number) -> str:
    """A number as it stands in a text, or in digits where words say it."""
    said = text[number.start : number.end]
    return said if said[0].isdecimal() else f"{number.value:.10g}"


def _nth(question: Question, ranked: Sequence[Observation]) -> list[Observation]:
    near = [seen for seen in ranked if seen.score >= _NEARLY * ranked[0].score]
    good = _mentioned(question, ranked if question.lists_mentions else near)
    moments = _moments(good or ranked[:1])
    rank = question.rank or 1
    if rank > len(moments):
        return []
    return [moments[rank - 1 if rank > 0 else -1]]


def _moments(seen: Sequence[Observation]) -> list[Observation]:
    """Observations by time, one of those that are about the same moment."""
    kept: list[Observation] = []
    for item in sorted(seen, key=lambda item: (item.video_id, item.span.start_seconds)):
        same = kept and kept[-1].video_id == item.video_id
        if not same or kept[-1].span.gap_seconds(item.span) > _SAME_MOMENT_SECONDS:
            kept.append(item)
    return kept


def _mentioned(question: Question, seen: Sequence[Observation]) -> list[Observation]:
    """What names the subject: where it is said, or shown if the question speaks of that; if it is not, anywhere."""
    naming = [item for item in seen if holds(item.text, question.query)]
    channels = ("screen", "visual") if wording.SHOWN.search(question.text) else ("speech",)
    return [item for item in naming if item.channel in (question.channels or channels)] or naming


def _mentions(question: Question, ranked: Sequence[Observation], names: Mapping[str, str]) -> list[Claim]:
    """The count and its first quotations; of several videos, which have names here, by video."""
    found = _moments(_mentioned(question, ranked))
    if not found:
        return []
    if names:
        found.sort(key=lambda seen: list(names).index(seen.video_id))
        by_video = [(name, [seen for seen in found if seen.video_id == key]) for key, name in names.items()]
        places = ", ".join(f"{len(seen)} in {name} ({_times(seen)})" for name, seen in by_video if seen)
    else:
        places = _times(found)
    plural = "s" if len(found) != 1 else ""
    chosen = lead(question.options, for_number(question.options, len(found)))
    claim = Claim(
        f"{chosen}{len(found)} time{plural}: {places}", "unverified", tuple(seen.id for seen in found)
    )
    return [claim, *(quote(seen, f"{names.get(seen.video_id, '')} ".lstrip()) for seen in found[:_LISTED])]


def _times(seen: Sequence[Observation]) -> str:
    return ", ".join(format_seconds(item.span.start_seconds) for item in seen)


def _names(videos: Sequence[VideoInfo]) -> dict[str, str]:
    """What each video's file is called, by id in the order asked; with its folder where two are called the same."""
    files = [Path(video.path.name) for video in videos]
    if len(set(files)) < len(files):
        files = [video.path for video in videos]
    return {video.video_id: show_path(file) for video, file in zip(videos, files, strict=True)}


def worded(question: Question, held: Sequence[Claim]) -> str:
    """The answer in the words of the claims that hold."""
    first = held[0].text
    if question.type == "yes_no" and not question.options:
        spoken = next((claim.text for claim in held if ", said: " in claim.text), first)
        first = f"{'No' if _denies(spoken, question) else 'Yes'}. {first}"
    if question.type == "when" and not question.options:
        first = f"At {first}"
    if question.type == "summary":
        return "\n".join(claim.text for claim in held)
    return "\n".join([first, *(claim.text for claim in held[1:])])


def _denies(quoted: str, question: Question) -> bool:
    """Whether a passage says the contrary of what a question supposes: one of the two is negated, not both."""
    if wording.OF_MENTION.search(question.text):
        return False
    return bool(wording.NEGATION.search(quoted)) != bool(wording.NEGATION.search(question.text))


def _not_found(question: Question, run: RunContext, done: Sequence[Done]) -> str:
    many = len(run.tools.videos) > 1
    subject = question.query or question.text
    if _names_nothing(question, done):
        return "Not found: the question names nothing to look for."
    if verdicts(done):
        return f"Not found: looking through {'these videos' if many else 'this video'} did not answer “{subject}”."
    if question.needs_eyes:
        said = "no video says it" if many else "the video does not say it"
        model = (
            "a visual model" if not run.tools.models.has("encoder") else "a model that looks at the pictures"
        )
        return f"Not found: {said}, and this needs {model}."
    return f"Not found: nothing in {'these videos' if many else 'this video'} answers “{subject}”."


def _names_nothing(question: Question, done: Sequence[Done]) -> bool:
    """Whether a question gives no plan anything to look for, and not only that none could be made or paid."""
    return not done and not first_calls(question)


def _absent(question: Question, stopped: Stopped, coverage: Sequence[CoverageReport]) -> str | None:
    """The option that says so, when nothing was found though words were searched to the end and words can tell."""
    searched = any(part.status == "read" for part in coverage)
    if stopped != "exhausted" or question.needs_eyes or not searched:
        return None
    none = for_number(question.options, 0) if question.counts_mentions else None
    return none or for_absence(question.options)


def _missing(question: Question, run: RunContext, state: State, done: Sequence[Done]) -> str:
    notes = [state["missing"]] if state["missing"] else []
    if _names_nothing(question, done):
        notes.append("name a subject, or say where to look: “in the last ten minutes”, --from, --to")
    sought = verdicts(done)
    notes += [seen.text for seen in sought]
    if state["stopped"] == "limit":
        notes.append("a limit was reached before everything was searched")
    if question.needs_eyes and not sought and not run.tools.models.has("vlm"):
        notes.append(
            "what is seen in the picture was not searched: no visual model is set"
            if not run.tools.models.has("encoder")
            else "pictures were searched by likeness, which finds a moment and does not say what it shows"
        )
    for video in run.tools.videos:
        for part in run.tools.library.coverage(video.video_id):
            if part.status == "unavailable" and part.note and part.channel != "visual":
                notes.append(part.note)
    return "; ".join(dict.fromkeys(notes))


def _stopped(state: State, found: bool) -> Stopped:
    if state["stopped"] == "limit":
        return "limit"
    if state["stopped"] == "error" and not found:
        return "error"
    return "sufficient" if found else "exhausted"


def _confidence(
    state: State, cited: Sequence[Observation], seen: Sequence[Observation], searched: float
) -> float:
    """Of an answer that cites something; else of its absence, which is only as sure as the search was whole."""
    written = state.get("confidence")
    if written is not None:
        return round(written, 4)
    told = [item.probability for item in (cited or seen) if item.probability is not None]
    if cited:
        return round(max(told, default=UNTOLD_PROBABILITY), 4)
    return round((1 - max(told, default=0.0)) * searched, 4)


def _searched_share(question: Question, done: Sequence[Done], coverage: Sequence[CoverageReport]) -> float:
    """Share of the channels that could tell it, and exist, which were searched; likeness alone tells nothing seen."""
    if any(item.call.tool in ("look", "seek") and item.observations for item in done):
        return 1.0
    if question.needs_eyes or not _has_searched(done):
        return 0.0
    words = [part.status for part in coverage if part.channel != "visual" and part.status != "absent"]
    return words.count("read") / len(words) if words else 1.0


def _has_searched(done: Sequence[Done]) -> bool:
    """Whether any call came to its end."""
    return any(not item.error for item in done)


def _evidence(seen: Observation) -> Evidence:
    middle = (round(seen.span.middle_seconds, 3),) if seen.channel == "screen" else ()
    return Evidence(
        seen.id,
        seen.video_id,
        seen.span.start_seconds,
        seen.span.end_seconds,
        seen.channel,
        seen.text,
        seen.boxes,
        seen.frame_seconds or middle,
        seen.score,
    )


def unique(observations: Sequence[Observation]) -> list[Observation]:
    return list({seen.id: seen for seen in observations}.values())


def _unique_seconds(observations: Sequence[Observation]) -> list[float]:
    seconds = [
        s
        for seen in unique(observations)
        for s in (seen.frame_seconds or (round(seen.span.middle_seconds, 3),))
    ]
    return list(dict.fromkeys(seconds))


def _coverage(question: Question, done: Sequence[Done], run: RunContext) -> tuple[CoverageReport, ...]:
    """What was searched: the asked part of each video, by each channel."""
    reports = []
    for video in run.tools.videos:
        allowed = run.tools.allowed(video, question.span) if _has_searched(done) else None
        for part in run.tools.library.coverage(video.video_id, allowed or Span(0.0, 0.0)):
            reports.append(
                CoverageReport(
                    video.video_id,
                    part.channel,
                    part.status,
                    tuple((span.start_seconds, span.end_seconds) for span in part.spans),
                    part.spacing_seconds,
                    part.note,
                )
            )
    return tuple(reports)
