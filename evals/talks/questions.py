"""What a viewer asks about a talk, and where in it the answer is.

Owns the question file's format (described in README.md beside this module) and the look-up of its references
in a timeline, so that no time is ever typed by hand. Judging answers is `rewatch.evals.questions`'s work.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from rewatch.evals.talks.timeline import TimedSlide, Timeline
from rewatch.memory.errors import InputError
from rewatch.memory.types import Span
from rewatch.tools.words import content_words

QuestionType = Literal[
    "when", "said", "written", "count", "order", "how_long", "where", "yes_no", "summary", "choice"
]


class Question(BaseModel):
    """One question with its truth."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, Field(min_length=1)]
    ask: Annotated[str, Field(min_length=1)]
    type: QuestionType
    truth: tuple[str, ...] = ()
    """References into the script, such as "say: a drop of blue ink". Alternatives: one right span is enough.
    For a summary each of them must be met."""
    expect: tuple[str, ...] = ()
    """Strings of which the answer must hold one; for a multiple choice the letter."""
    rivals: tuple[str, ...] = ()
    """For "which came first": what the answer must not name before the expected string."""
    options: dict[str, str] = {}
    near_miss: bool = False
    """The talk does not answer it, though it nearly seems to; right is "not found"."""

    @model_validator(mode="after")
    def _check(self) -> "Question":
        if self.near_miss and (self.truth or self.expect):
            raise ValueError("a near miss has neither truth nor expect")
        if not self.near_miss and not self.truth:
            raise ValueError("an answerable question needs truth")
        needs_text = self.type in ("said", "written", "count", "order", "yes_no", "choice")
        if needs_text and not self.near_miss and not self.expect:
            raise ValueError(f"type {self.type} needs expect")
        if (self.type == "choice") != bool(self.options):
            raise ValueError("options belong to type choice, and only there")
        if self.options and not set(self.expect) <= set(self.options):
            raise ValueError(f"expect must be one of the letters {', '.join(self.options)}")
        return self


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    question: list[Question]


@dataclass(frozen=True, slots=True)
class Truth:
    """A question's references, looked up in a timeline."""

    spans: tuple[tuple[Span, ...], ...]
    """One entry a reference; each holds the spans during which it is seen or heard."""
    words: str
    """The words said or shown there."""


def load_questions(name_or_path: str | Path) -> list[Question]:
    """Read the questions of a bundled talk, or a `.toml` file.

    Raises:
        InputError: There is no such file, or it breaks the format.
    """
    path = Path(name_or_path)
    entry = path if path.suffix == ".toml" else files("rewatch.evals.talks") / "data" / f"{path}.toml"
    try:
        questions = _File.model_validate(tomllib.loads(entry.read_text(encoding="utf-8"))).question
    except (OSError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise InputError(f"questions {name_or_path}: {' '.join(str(error).split())}") from error
    ids = [question.id for question in questions]
    twice = {key for key in ids if ids.count(key) > 1}
    if twice:
        raise InputError(f"questions {name_or_path}: ids must differ; see {', '.join(sorted(twice))}")
    return questions


def find_truth(question: Question, timeline: Timeline) -> Truth:
    """Look up when the answer to a question is seen or heard.

    Raises:
        InputError: A reference matches nothing, or more than one place.
    """
    found = [_resolve(reference, timeline) for reference in question.truth]
    return Truth(tuple(spans for spans, _ in found), " ".join(words for _, words in found))


def shares_words(question: Question, truth: Truth) -> bool:
    """Whether the question and the words that answer it have a content word in common."""
    asked, answering = ({word.stem for word in content_words(text)} for text in (question.ask, truth.words))
    return not asked.isdisjoint(answering)


def _resolve(reference: str, timeline: Timeline) -> tuple[tuple[Span, ...], str]:
    kind, _, value = (part.strip() for part in reference.partition(":"))
    lookups = {
        "say": _sentences,
        "slide": _slides,
        "line": _lines,
        "chapter": _chapters,
        "pause": _pauses,
    }
    if kind not in lookups:
        raise InputError(f"reference {reference!r} is unknown; write one of {', '.join(lookups)}: ...")
    matches = list(lookups[kind](value, timeline))
    if len(matches) != 1:
        raise InputError(
            f"reference {reference!r} matches {len(matches)} places of the talk {timeline.talk.name}"
        )
    return matches[0]


_Matches = Iterator[tuple[tuple[Span, ...], str]]


def _sentences(part: str, timeline: Timeline) -> _Matches:
    for sentence in timeline.sentences:
        if part.lower() in sentence.text.lower():
            yield (sentence.span,), sentence.text


def _slides(key: str, timeline: Timeline) -> _Matches:
    for timed in timeline.slides:
        if timed.slide.key == key:
            yield timed.shown or (timed.span,), _slide_words(timed)


def _lines(value: str, timeline: Timeline) -> _Matches:
    key, _, number = value.partition("/")
    for timed in timeline.slides:
        if timed.slide.key == key and number.isdigit() and 0 < int(number) <= len(timed.slide.bullets):
            index = int(number) - 1
            hidden = index - (len(timed.slide.bullets) - timed.slide.hidden)
            since = timed.reveals[hidden] if hidden >= 0 else timed.span.start_seconds
            visible = Span(since, timed.span.end_seconds)
            yield tuple(filter(None, map(visible.intersection, timed.shown))), timed.slide.bullets[index]


def _chapters(title: str, timeline: Timeline) -> _Matches:
    for chapter in timeline.chapters:
        if chapter.title.lower() == title.lower():
            inside = [timed for timed in timeline.slides if chapter.span.contains(timed.span.start_seconds)]
            spoken = [s.text for s in timeline.sentences if chapter.span.contains(s.span.start_seconds)]
            yield (chapter.span,), " ".join([*map(_slide_words, inside), *spoken])


def _pauses(key: str, timeline: Timeline) -> _Matches:
    for pause in timeline.pauses:
        if pause.slide_key == key:
            yield (pause.span,), pause.sound


def _slide_words(timed: TimedSlide) -> str:
    return " ".join((timed.slide.title, *timed.slide.bullets))
