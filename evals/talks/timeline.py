"""When everything in a talk happens: the truth that answers are judged by.

Owns the placing of a script's slides, reveals, sentences and pauses on the video's clock, snapped to its
frames, so that what is drawn, what is subtitled and what is known agree to the frame.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from rewatch.evals.talks.script import Cue, Pause, Slide, Spoken, Talk
from rewatch.memory.errors import InputError
from rewatch.memory.types import Span

FRAMES_PER_SECOND = 25
"""Frames a second of the rendered video; every time of a timeline is a multiple of 1/25 s."""

_CHARACTERS_PER_WORD = 5.7
"""English words with the space after them; turns words a minute into characters a second."""
_SENTENCE_GAP, _PARAGRAPH_GAP, _SLIDE_GAP = 0.3, 0.8, 1.6
"""Pauses in seconds before they stretch: after a sentence, a paragraph, and around a slide change."""
_LONGEST_STRETCH = 12.0
_CUT_AFTER_SECONDS, _CUT_SENTENCES = 40.0, 2
"""Automatic cuts: a slide that stood for 40 s gives way to the speaker for two sentences."""


@dataclass(frozen=True, slots=True)
class TimedSentence:
    text: str
    slide_key: str
    span: Span


@dataclass(frozen=True, slots=True)
class TimedPause:
    """A while in which nobody speaks."""

    sound: str
    """What subtitles call it, or ""."""
    slide_key: str
    span: Span


@dataclass(frozen=True, slots=True)
class TimedSlide:
    slide: Slide
    span: Span
    """From its first to its last instant, views of the speaker in between included."""
    shown: tuple[Span, ...]
    """The parts during which the slide itself is on the screen."""
    reveals: tuple[float, ...]
    """When each hidden bullet appears."""


@dataclass(frozen=True, slots=True)
class TimedChapter:
    title: str
    span: Span


@dataclass(frozen=True, slots=True)
class Shot:
    """What the picture is between two changes, in frames `[first, last)`."""

    first: int
    last: int
    slide_index: int
    revealed: int
    """How many bullets of the slide are visible."""
    view: str
    """"slide" or "speaker"."""


@dataclass(frozen=True, slots=True)
class Timeline:
    talk: Talk
    duration_seconds: float
    chapters: tuple[TimedChapter, ...]
    slides: tuple[TimedSlide, ...]
    sentences: tuple[TimedSentence, ...]
    pauses: tuple[TimedPause, ...]
    shots: tuple[Shot, ...]

    @property
    def num_frames(self) -> int:
        return round(self.duration_seconds * FRAMES_PER_SECOND)


def build_timeline(talk: Talk) -> Timeline:
    """Place a talk on the clock.

    Raises:
        InputError: The speech and the marked pauses do not fit the talk's minutes, or fill too few of them.
    """
    fixed, gaps = _length(talk, 0.0), _length(talk, 1.0) - _length(talk, 0.0)
    stretch = (talk.minutes * 60 - fixed) / gaps
    if not 0.5 <= stretch <= _LONGEST_STRETCH:
        raise InputError(
            f"talk {talk.name}: speech and pauses last {fixed / 60:.1f} minutes, which does not fill "
            f"{talk.minutes:g}; set minutes between {(fixed + gaps / 2) / 60:.1f} "
            f"and {(fixed + gaps * _LONGEST_STRETCH) / 60:.1f}, or change the script"
        )
    return _Placement(talk, stretch).timeline()


def speech_seconds(text: str, words_per_minute: float) -> float:
    """How long a sentence takes to say."""
    return max(0.6, len(text) * 60 / (words_per_minute * _CHARACTERS_PER_WORD))


def _length(talk: Talk, stretch: float) -> float:
    return _Placement(talk, stretch).clock


def _snap(seconds: float) -> float:
    return round(seconds * FRAMES_PER_SECOND) / FRAMES_PER_SECOND


@dataclass
class _Placement:
    """Walks through a talk once and notes what happens when."""

    talk: Talk
    stretch: float
    clock: float = 0.0
    sentences: list[TimedSentence] = field(default_factory=list)
    pauses: list[TimedPause] = field(default_factory=list)
    starts: list[float] = field(default_factory=list)
    marks: list[list[tuple[float, str]]] = field(default_factory=list)
    """For each slide the changes of its picture: (seconds, action)."""

    def __post_init__(self) -> None:
        for slide in self.talk.slides:
            self.starts.append(_snap(self.clock))
            self.marks.append([])
            self.clock += _SLIDE_GAP / 2 * self.stretch
            for index, step in enumerate(slide.steps):
                self._place(slide, index, step)
            self.clock += _SLIDE_GAP / 2 * self.stretch

    def _place(self, slide: Slide, index: int, step: Pause | Cue | Spoken) -> None:
        if isinstance(step, Cue):
            self.marks[-1].append((_snap(self.clock), step.action))
            return
        if isinstance(step, Spoken):
            previous = slide.steps[index - 1] if index else None
            if isinstance(previous, Spoken | Cue):
                self.clock += (_PARAGRAPH_GAP if step.opens_paragraph else _SENTENCE_GAP) * self.stretch
            seconds = speech_seconds(step.text, self.talk.words_per_minute)
            span = self._advance(seconds)
            self.sentences.append(TimedSentence(step.text, slide.key, span))
            return
        span = self._advance(step.seconds)
        self.pauses.append(TimedPause(step.sound, slide.key, span))

    def _advance(self, seconds: float) -> Span:
        start = self.clock
        self.clock += seconds
        return Span(_snap(start), _snap(self.clock))

    def timeline(self) -> Timeline:
        end = _snap(self.clock)
        spans = [Span(a, b) for a, b in pairwise([*self.starts, end])]
        if self.talk.cuts == "auto":
            for index, slide in enumerate(self.talk.slides):
                self._cut(slide, spans[index], self.marks[index])
        shots = tuple(shot for index, span in enumerate(spans) for shot in self._shots(index, span))
        slides = tuple(self._timed_slide(index, span, shots) for index, span in enumerate(spans))
        return Timeline(
            self.talk,
            end,
            tuple(self._chapters(spans)),
            slides,
            tuple(self.sentences),
            tuple(self.pauses),
            shots,
        )

    def _cut(self, slide: Slide, span: Span, marks: list[tuple[float, str]]) -> None:
        """Show the speaker for some sentences whenever the slide has stood still for long."""
        if slide.layout in ("break", "speaker") or any(action != "reveal" for _, action in marks):
            return
        inside = [sentence.span for sentence in self.sentences if sentence.slide_key == slide.key]
        still_since, index = span.start_seconds, 0
        while index + _CUT_SENTENCES < len(inside):
            first, last = inside[index], inside[index + _CUT_SENTENCES - 1]
            if any(first.start_seconds - 2 < at <= last.end_seconds for at, _ in marks):
                still_since = last.end_seconds
            elif first.start_seconds - still_since > _CUT_AFTER_SECONDS:
                marks += [(first.start_seconds, "speaker"), (last.end_seconds, "slide")]
                still_since, index = last.end_seconds, index + _CUT_SENTENCES
            index += 1
        marks.sort()

    def _shots(self, index: int, span: Span) -> Iterator[Shot]:
        slide = self.talk.slides[index]
        revealed = len(slide.bullets) - slide.hidden
        view = "speaker" if slide.layout == "speaker" else "slide"
        first = round(span.start_seconds * FRAMES_PER_SECOND)
        for seconds, action in [*self.marks[index], (span.end_seconds, "")]:
            last = round(seconds * FRAMES_PER_SECOND)
            if last > first:
                yield Shot(first, last, index, revealed, view)
            first = last
            revealed, view = (revealed + 1, view) if action == "reveal" else (revealed, action)

    def _timed_slide(self, index: int, span: Span, shots: tuple[Shot, ...]) -> TimedSlide:
        seen = [
            Span(shot.first / FRAMES_PER_SECOND, shot.last / FRAMES_PER_SECOND)
            for shot in shots
            if shot.slide_index == index and shot.view == "slide"
        ]
        joined: list[Span] = []
        for part in seen:
            touches = joined and joined[-1].end_seconds == part.start_seconds
            joined[-1:] = [joined[-1].union(part)] if touches else [*joined[-1:], part]
        reveals = tuple(seconds for seconds, action in self.marks[index] if action == "reveal")
        return TimedSlide(self.talk.slides[index], span, tuple(joined), reveals)

    def _chapters(self, spans: list[Span]) -> Iterator[TimedChapter]:
        index = 0
        for chapter in self.talk.chapters:
            last = index + len(chapter.slides)
            yield TimedChapter(chapter.title, spans[index].union(spans[last - 1]))
            index = last
