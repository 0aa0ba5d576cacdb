"""Transcripts with questions as a library of videos that have text only.

Owns the corpus' format. Each file holds `title`, `sentences` (spoken, in order), `screens` (lines shown from one
sentence to another) and `questions` (with the indices of the sentences, or the screen, that answer them, the
best first; near misses are marked `answerable: false`).
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

from rewatch.evals.questions import SPARE_SECONDS, TOLERANCE_SECONDS
from rewatch.evals.talks.questions import find_truth, load_questions
from rewatch.evals.talks.script import bundled_talks, load_talk
from rewatch.evals.talks.timeline import build_timeline
from rewatch.memory.library import Library
from rewatch.memory.types import Sentence, Span, VideoInfo

WORDS_A_SECOND = 2.4
"""Speed of speech: about 145 words a minute."""
JUDGED = frozenset(
    """bells canals entropy maps reefs sourdough c1 c2 c3 c4 f4 f8 g3 g7 g11 g15 h15 h24 h44 h63 h82 s21 s32
    j112 j212 j312 j412 j512 j612 j712 j812 s603 s608""".split()
)
"""What the judgement is fitted on; the reader learns from the other transcripts (`rewatch.evals.training`)."""
UNSEEN = frozenset(("glass", "kitchens", "lantern", "pigeons", "timetable", "wigs"))
"""Talks that nothing is fitted on, so that they can tell how well all of it does."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question on one transcript."""

    video: VideoInfo
    text: str
    options: dict[str, str]
    answerable: bool
    spans: tuple[Span, ...]
    """Where the answer is, the best first."""
    foreign: bool = False
    """Whether it was written for another transcript."""
    balancing: bool = False
    """Whether it was written so that the words that it shares with a passage tell nothing of the answer."""
    texts: frozenset[str] = frozenset()
    """What of the texts that stand there answers; empty where that is not known."""
    answer: str = ""
    """In short, the right option where there are some; "" where it is not known."""
    kind: str = ""
    """What sort of answer it is: `who`, `how long`; "" where that is not known."""

    def is_answered_by(self, sentence: Sentence) -> bool:
        """Whether a passage is one that answers: where the answer is, and not only what is said or shown meanwhile."""
        return is_right(sentence.span, self.spans) and (not self.texts or sentence.text in self.texts)

    def is_answered_within(self, sentence: Sentence) -> bool:
        """Whether a passage answers and stands there itself, not only within the tolerance of a few seconds."""
        return self.is_answered_by(sentence) and any(sentence.span.overlaps(span) for span in self.spans)


def read_corpus(library: Library, *, judged: bool) -> Iterator[list[Asked]]:
    """Put transcripts and bundled talks into the library and yield the questions on each.

    Args:
        library: An empty library.
        judged: Those that the judgement is fitted on, or those that the reader learns from.
    """
    folder = files(__package__).joinpath("transcripts")
    for file in sorted(folder.iterdir(), key=lambda item: item.name):
        name = file.name.removesuffix(".json")
        if _is_wanted(name, judged=judged):
            yield _add_transcript(library, name, json.loads(file.read_text("utf-8")))
    for name in bundled_talks():
        if _is_wanted(name, judged=judged):
            yield _add_talk(library, name)


def _is_wanted(name: str, *, judged: bool) -> bool:
    return (name in JUDGED) is judged and name not in UNSEEN


def foreign(asked: Sequence[Sequence[Asked]], number: int) -> list[Asked]:
    """Questions on the other transcripts, put to one of them, which does not answer them."""
    video = asked[number][0].video
    others = [questions[number % len(questions) :: 12] for i, questions in enumerate(asked) if i != number]
    return [
        replace(question, video=video, answerable=False, foreign=True, spans=(), texts=frozenset())
        for questions in others
        for question in questions
        if question.answerable
    ]


def is_right(cited: Span, spans: Sequence[Span]) -> bool:
    """Whether a passage is where the answer is; one that is much longer, such as a whole slide, is not."""
    return any(
        (cited.overlaps(span) or abs(span.start_seconds - cited.start_seconds) <= TOLERANCE_SECONDS)
        and cited.duration_seconds <= span.duration_seconds + SPARE_SECONDS
        for span in spans
    )


def _add_transcript(library: Library, name: str, script: dict[str, Any]) -> list[Asked]:
    starts = [0.0]
    for text in script["sentences"]:
        starts.append(starts[-1] + max(len(text.split()) / WORDS_A_SECOND, 1.5))
    spoken = [Span(*pair) for pair in pairwise(starts)]
    shown = [Span(starts[s["from"]], starts[max(s["to"], s["from"] + 1)]) for s in script["screens"]]
    said = list(zip(spoken, script["sentences"], strict=True))
    screens = [(span, screen["lines"]) for span, screen in zip(shown, script["screens"], strict=True)]
    video = _put(library, name, starts[-1], said, screens)
    return [_asked(video, question, script, spoken, shown) for question in script["questions"]]


def _add_talk(library: Library, name: str) -> list[Asked]:
    timeline = build_timeline(load_talk(name))
    said = [(sentence.span, sentence.text) for sentence in timeline.sentences]
    screens = [(span, [t.slide.title, *t.slide.bullets]) for t in timeline.slides for span in t.shown]
    video = _put(library, name, timeline.duration_seconds, said, screens)
    return [
        Asked(
            video,
            question.ask,
            dict(question.options),
            not question.near_miss,
            tuple(span for spans in find_truth(question, timeline).spans for span in spans),
        )
        for question in load_questions(name)
    ]


def _put(
    library: Library,
    name: str,
    seconds: float,
    said: Sequence[tuple[Span, str]],
    screens: Sequence[tuple[Span, list[str]]],
) -> VideoInfo:
    video = VideoInfo(
        name, Path(f"{name}.mp4"), seconds, 640, 360, 25.0, "h264", "mov", 0, 0.0, has_audio=True
    )
    sentences = [Sentence(0, name, "subtitle", span, text) for span, text in said]
    for span, lines in screens:
        sentences += [Sentence(0, name, "screen", span, line) for line in lines]
        if len(lines) > 1:
            sentences.append(Sentence(0, name, "screen", span, "\n".join(lines)))
    with library.store.transaction():
        library.store.put_video(video)
        ids = library.store.add_sentences(name, sentences)
        vectors = library.encoder.encode_texts([sentence.text for sentence in sentences])
        library.store.add_vectors(library.encoder.space_id, ids, vectors)
    return video


def _asked(
    video: VideoInfo, question: dict[str, Any], script: dict[str, Any], spoken: list[Span], shown: list[Span]
) -> Asked:
    numbers, screen = question.get("sentences") or [], question.get("screen")
    spans, texts = [spoken[number] for number in numbers], {script["sentences"][number] for number in numbers}
    if screen is not None:
        spans.append(shown[screen])
        texts |= _answering(script["screens"][screen]["lines"], question)
    options, answer = dict(question.get("options") or {}), str(question.get("answer") or "")
    return Asked(
        video,
        question["question"],
        options,
        bool(question["answerable"]),
        tuple(spans),
        balancing="wording" in question,
        texts=frozenset(texts),
        answer=options.get(answer, answer),
        kind=question.get("type") or "",
    )


def _answering(lines: list[str], question: dict[str, Any]) -> set[str]:
    """The whole screen, and the line that holds most of the answer, or else of the question."""
    words = [_words(line) for line in lines]
    for sought in (_words(str(question.get("answer", ""))), _words(question["question"])):
        shared = [len(own & sought) for own in words]
        if max(shared):
            return {"\n".join(lines), lines[shared.index(max(shared))]}
    return {"\n".join(lines)}


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))
