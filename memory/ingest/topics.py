"""Where topics may change, and how much speaks for it at each place.

Owns cutting a video into units that belong to one topic (a slide with what is said to it, a stretch of
speech, a silence) and weighing the signs of a new topic at each unit's start. Choosing chapters from it is
the work of `partition`, cue phrases that of `transitions`.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from rewatch.memory.ingest.furniture import squashed
from rewatch.memory.ingest.shots import distances
from rewatch.memory.ingest.slides import Slide
from rewatch.memory.ingest.transitions import closes_topic, opens_topic
from rewatch.memory.types import FrameSample, Sentence, Span

Floats = NDArray[np.float32]

SILENCE_SECONDS = 45.0
"""Nobody speaks for so long: a break, a film, an experiment."""
_LONG_UNIT_SECONDS = 100.0
_USUAL_UNIT_SECONDS = 45.0
_SLIDE_WEIGHT = 0.75
"""Weight of a slide's words against all that is said to it. Measured on three scripted talks: how well the
drop of likeness tells chapter starts from other slide changes (area under the ROC curve) rises from .70 to
.77."""
_LEFT_SECONDS = 20.0
"""A slide is left when the speaker is seen for longer; scenes are told apart when they are longer."""
_CARRIED_SHARE = 0.3
"""Slides carry a video when they are on for this share of it; otherwise the picture counts, too."""
_OPENING_SECONDS, _CLOSING_SECONDS = 15.0, 12.0

_WEIGHTS = {
    "likeness": 0.6,
    "heading": 3.0,
    "opening": 0.8,
    "closing": 0.6,
    "pause": 0.3,
    "picture": 0.6,
    "silence": 1.5,
    "agenda": 1.5,
}


@dataclass(frozen=True, slots=True)
class Unit:
    """A stretch of one topic."""

    span: Span
    slide: Slide | None
    sentences: tuple[int, ...]
    """Numbers of the spoken sentences in it."""
    vector: Floats
    """What it is about; unit length, or zero where nothing is said or shown."""
    evidence: float
    """What speaks for a new topic at its start: about 0 at an ordinary place, above 1 at a likely one."""


def find_units(
    duration_seconds: float,
    slides: Sequence[Slide],
    spoken: Sequence[Sentence],
    vectors: Floats,
    slide_vectors: Floats,
    *,
    scenes: Sequence[Span] = (),
    samples: Sequence[FrameSample] = (),
) -> list[Unit]:
    """Cut a video into units and weigh the signs of a new topic at each.

    Args:
        duration_seconds: End of the video.
        slides: Its slides by start time.
        spoken: Spoken sentences by start time; sounds in brackets included.
        vectors: Their embeddings, float32 `[len(spoken), D]`.
        slide_vectors: Embeddings of the slides' texts, float32 `[len(slides), D]`.
        scenes: Scenes by time; a topic may change at them where slides do not carry the video.
        samples: Measured frames by time; likewise.

    Returns:
        Units that tile the video.
    """
    pictured = sum(slide.span.duration_seconds for slide in slides) < _CARRIED_SHARE * duration_seconds
    borders = _borders(duration_seconds, slides, spoken, scenes if pictured else ())
    spans = [Span(start, end) for start, end in pairwise([*borders, duration_seconds])]
    inside = _sentences_inside(spans, spoken)
    shown = _slide_shown(spans, slides)
    topics = _centred(
        np.array(
            [
                _mean(vectors, spoken, members) + (_SLIDE_WEIGHT * slide_vectors[n] if n is not None else 0)
                for members, n in zip(inside, shown, strict=True)
            ]
        )
    )
    announced = _announced(slides)
    opened = [
        n if n is not None and slides[n].span.start_seconds == span.start_seconds else None
        for n, span in zip(shown, spans, strict=True)
    ]
    signs = {
        "likeness": -_standardised(_likeness(topics)),
        "pause": _standardised(np.array([_pause(span.start_seconds, spoken) for span in spans])),
        "heading": np.array([float(n is not None and slides[n].heading) for n in opened]),
        "opening": np.array(
            [_opening(span, spoken, members) for span, members in zip(spans, inside, strict=True)]
        ),
        "closing": np.array([_closing(span, spoken) for span in spans]),
        "silence": np.array([_silence(span.start_seconds, spoken, duration_seconds) for span in spans]),
        "agenda": np.array([float(n in announced) for n in opened]),
    }
    if pictured:
        signs["picture"] = _standardised(_picture_changes(borders, samples))
    evidence = sum(_WEIGHTS[name] * values for name, values in signs.items())
    return [
        Unit(span, slides[n] if n is not None else None, tuple(members), topic, float(value))
        for span, n, members, topic, value in zip(
            spans, shown, inside, topics, np.asarray(evidence), strict=True
        )
    ]


def _borders(
    duration: float, slides: Sequence[Slide], spoken: Sequence[Sentence], scenes: Sequence[Span]
) -> list[float]:
    """Places where a topic may change: slide changes, ends of silences, and sentences in long stretches."""
    borders = {0.0, *(slide.span.start_seconds for slide in slides)}
    for slide, following in pairwise([*slides, None]):
        until = following.span.start_seconds if following else duration
        if slide and until - slide.span.end_seconds > _LEFT_SECONDS:
            borders.add(slide.span.end_seconds)
    for scene in scenes:
        if all(abs(scene.start_seconds - border) >= _LEFT_SECONDS for border in borders):
            borders.add(scene.start_seconds)
    for before, after in _silences(spoken, duration):
        for moment in (before, after):
            if 1 < moment < duration - 1 and all(abs(moment - border) > 8 for border in borders):
                borders.add(moment)
    starts = [sentence.span.start_seconds for sentence in spoken]
    for start, end in pairwise(sorted({*borders, duration})):
        if end - start > _LONG_UNIT_SECONDS:
            borders.update(_divided(start, end, spoken, starts))
    return sorted(border for border in borders if border < duration)


def _divided(start: float, end: float, spoken: Sequence[Sentence], starts: Sequence[float]) -> list[float]:
    """Cut a long stretch at sentences that begin something or follow a pause."""
    cuts: list[float] = []
    while end - start > 1.5 * _USUAL_UNIT_SECONDS:
        first = bisect_left(starts, start + 0.6 * _USUAL_UNIT_SECONDS)
        last = bisect_left(starts, min(start + 1.6 * _USUAL_UNIT_SECONDS, end - 0.5 * _USUAL_UNIT_SECONDS))
        if first >= last:
            if first >= len(starts) or starts[first] >= end - 0.5 * _USUAL_UNIT_SECONDS:
                break
            last = first + 1
        best = max(
            range(max(first, 1), max(last, 2)),
            key=lambda i: 3 * opens_topic(spoken[i].text) + min(_gap(spoken, i), 5),
        )
        start = starts[best]
        cuts.append(start)
    return cuts


def _gap(spoken: Sequence[Sentence], index: int) -> float:
    return spoken[index].span.start_seconds - spoken[index - 1].span.end_seconds


def _silences(spoken: Sequence[Sentence], duration: float) -> list[tuple[float, float]]:
    """Stretches in which nobody speaks; sounds in brackets are no speech."""
    words = [sentence.span for sentence in spoken if not sentence.text.lstrip().startswith(("[", "("))]
    found, latest = [], 0.0
    for span in [*words, Span(duration, duration)]:
        if span.start_seconds - latest >= SILENCE_SECONDS and words:
            found.append((latest, span.start_seconds))
        latest = max(latest, span.end_seconds)
    return found


def _sentences_inside(spans: Sequence[Span], spoken: Sequence[Sentence]) -> list[list[int]]:
    middles = [sentence.span.middle_seconds for sentence in spoken]
    order = sorted(range(len(spoken)), key=middles.__getitem__)
    ranked = [middles[i] for i in order]
    return [
        sorted(order[bisect_left(ranked, span.start_seconds) : bisect_left(ranked, span.end_seconds)])
        for span in spans
    ]


def _slide_shown(spans: Sequence[Span], slides: Sequence[Slide]) -> list[int | None]:
    """Number of the slide that is on during each span's first instant."""
    starts = [slide.span.start_seconds for slide in slides]
    shown: list[int | None] = []
    for span in spans:
        number = bisect_left(starts, span.start_seconds + 1e-6) - 1
        shown.append(number if number >= 0 and slides[number].span.contains(span.start_seconds) else None)
    return shown


def _mean(vectors: Floats, spoken: Sequence[Sentence], members: Sequence[int]) -> Floats:
    """Mean of sentence vectors; a sentence of one word counts little."""
    if not members:
        return np.zeros(vectors.shape[1] if vectors.ndim == 2 else 0, np.float32)
    weights = np.array([min(len(spoken[i].text.split()), 25) for i in members], np.float32)
    return np.asarray(weights @ vectors[list(members)] / weights.sum(), np.float32)


def _centred(topics: Floats) -> Floats:
    """Take away what the whole video is about, and scale to unit length; empty units stay zero."""
    filled = np.linalg.norm(topics, axis=1) > 1e-6
    if filled.sum() > 1:
        topics = np.where(filled[:, None], topics - topics[filled].mean(axis=0), 0)
    return np.asarray(topics / np.maximum(np.linalg.norm(topics, axis=1, keepdims=True), 1e-6), np.float32)


def _likeness(topics: Floats) -> Floats:
    """Mean likeness of the one, two and three units before each start with those behind it."""
    values = np.zeros(len(topics), np.float32)
    for reach in (1, 2, 3):
        for k in range(1, len(topics)):
            before, after = topics[max(0, k - reach) : k].sum(axis=0), topics[k : k + reach].sum(axis=0)
            length = np.linalg.norm(before) * np.linalg.norm(after)
            values[k] += float(before @ after) / max(float(length), 1e-6) / 3
    return values


def _picture_changes(borders: Sequence[float], samples: Sequence[FrameSample]) -> Floats:
    """Mean difference of the pictures in the minute before each border from those in the minute after."""
    times = [sample.seconds for sample in samples]
    changes = np.zeros(len(borders), np.float32)
    for number, border in enumerate(borders):
        places = [bisect_left(times, border + offset) for offset in (-50, -30, -10, 10, 30, 50)]
        around = [samples[place] for place in places if 0 < place < len(samples)]
        pairs = [(a, b) for a in around for b in around if a.seconds < border <= b.seconds]
        if pairs:
            changes[number] = distances([sample for pair in pairs for sample in pair])[::2].mean()
    return changes


def _standardised(values: Floats) -> Floats:
    """Distance from the mean in standard deviations, bounded to 2; the first unit has no start to judge."""
    if len(values) < 3:
        return np.zeros_like(values)
    rest = values[1:]
    scaled = (values - rest.mean()) / max(float(rest.std()), 1e-6)
    return np.asarray(np.clip(scaled, -2, 2), np.float32)


def _pause(seconds: float, spoken: Sequence[Sentence]) -> float:
    """Seconds without speech around an instant, bounded."""
    before = max(
        (s.span.end_seconds for s in spoken if s.span.start_seconds < seconds - 0.5), default=seconds
    )
    after = min(
        (s.span.start_seconds for s in spoken if s.span.start_seconds >= seconds - 0.5), default=seconds
    )
    return min(max(after - before, 0.0), 6.0)


def _opening(span: Span, spoken: Sequence[Sentence], members: Sequence[int]) -> float:
    """The clearest announcement in the first two sentences; the second one counts half."""
    early = [i for i in members if spoken[i].span.start_seconds < span.start_seconds + _OPENING_SECONDS][:2]
    return max((opens_topic(spoken[i].text) / (rank + 1) for rank, i in enumerate(early)), default=0.0)


def _closing(span: Span, spoken: Sequence[Sentence]) -> float:
    """The clearest rounding-off in the last two sentences before."""
    before = [
        sentence.text
        for sentence in spoken
        if span.start_seconds - _CLOSING_SECONDS <= sentence.span.middle_seconds < span.start_seconds
    ]
    return max(map(closes_topic, before[-2:]), default=0.0)


def _silence(seconds: float, spoken: Sequence[Sentence], duration: float) -> float:
    """Whether a long silence begins or ends here."""
    return float(any(min(abs(seconds - a), abs(seconds - b)) < 8 for a, b in _silences(spoken, duration)))


def _announced(slides: Sequence[Slide]) -> set[int]:
    """Slides whose title stood as a line on an earlier one of at least three lines: an agenda's entries."""
    found: set[int] = set()
    for number, slide in enumerate(slides):
        title = squashed(slide.title)
        for earlier in slides[:number]:
            lines = [squashed(line) for line in earlier.lines if line != earlier.title]
            if (
                len(lines) >= 3
                and len(title) >= 5
                and any(title == line or (len(title) >= 8 and title in line) for line in lines)
            ):
                found.add(number)
    return found
