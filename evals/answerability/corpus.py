"""Transcripts with questions as a library of videos that have text only.

Owns the corpus' format. Each file holds `title`, `sentences` (spoken, in order), `screens` (lines shown from one
sentence to another) and `questions` (with the indices of the sentences, or the screen, that answer them, the
best first; near misses are marked `answerable: false`).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

from rewatch.memory.library import Library
from rewatch.memory.types import Sentence, Span, VideoInfo

WORDS_A_SECOND = 2.4
"""Speed of speech: about 145 words a minute."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question on one transcript."""

    video: VideoInfo
    text: str
    type: str
    options: dict[str, str]
    expected: str
    answerable: bool
    spans: tuple[Span, ...]
    """Where the answer is, the best first."""
    foreign: bool = False
    """Whether it was written for another transcript."""


def read_corpus(library: Library, names: tuple[str, ...] = ()) -> Iterator[list[Asked]]:
    """Put each transcript into the library and yield its questions.

    Args:
        library: An empty library.
        names: Which transcripts; all by default.
    """
    folder = files(__package__).joinpath("transcripts")
    for file in sorted(folder.iterdir(), key=lambda item: item.name):
        name = file.name.removesuffix(".json")
        if not names or name in names:
            yield _add(library, name, json.loads(file.read_text(encoding="utf-8")))


def _add(library: Library, name: str, script: dict[str, Any]) -> list[Asked]:
    starts = [0.0]
    for text in script["sentences"]:
        starts.append(starts[-1] + max(len(text.split()) / WORDS_A_SECOND, 1.5))
    spoken = [Span(*pair) for pair in pairwise(starts)]
    shown = [Span(starts[s["from"]], starts[max(s["to"], s["from"] + 1)]) for s in script["screens"]]
    video = VideoInfo(
        name, Path(f"{name}.mp4"), starts[-1], 640, 360, 25.0, "h264", "mov", 0, 0.0, has_audio=True
    )
    sentences = [
        Sentence(0, name, "subtitle", span, text)
        for span, text in zip(spoken, script["sentences"], strict=True)
    ]
    for span, screen in zip(shown, script["screens"], strict=True):
        sentences += [Sentence(0, name, "screen", span, line) for line in screen["lines"]]
        if len(screen["lines"]) > 1:
            sentences.append(Sentence(0, name, "screen", span, "\n".join(screen["lines"])))
    with library.store.transaction():
        library.store.put_video(video)
        ids = library.store.add_sentences(name, sentences)
        vectors = library.encoder.encode_texts([sentence.text for sentence in sentences])
        library.store.add_vectors(library.encoder.space_id, ids, vectors)
    return [_asked(video, question, spoken, shown) for question in script["questions"]]


def _asked(video: VideoInfo, question: dict[str, Any], spoken: list[Span], shown: list[Span]) -> Asked:
    spans = [spoken[index] for index in question.get("sentences") or ()]
    if question.get("screen") is not None:
        spans.append(shown[question["screen"]])
    return Asked(
        video,
        question["question"],
        question["type"],
        dict(question.get("options") or {}),
        str(question.get("answer") or ""),
        bool(question["answerable"]),
        tuple(spans),
    )
