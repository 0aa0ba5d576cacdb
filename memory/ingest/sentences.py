"""Stage "sentences": the passages that search compares with a query, and their embeddings.

Owns the order in which they are stored, in parts that survive a kill. How lines become sentences is told in
`joining` and `screens`, how sentences become vectors in `encoder`.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rewatch.memory.ingest.encoder import SentenceEncoder
from rewatch.memory.ingest.joining import MAX_SECONDS, MAX_WORDS, join_spoken
from rewatch.memory.ingest.screens import BETWEEN_CELLS, join_screens
from rewatch.memory.ingest.settings import IngestSettings
from rewatch.memory.ingest.stage import Parameters, Part, StageContext, StageOutcome
from rewatch.memory.types import Sentence, TextLine, VideoInfo

if TYPE_CHECKING:
    from rewatch.memory.store import Store

PART_SENTENCES = 256
"""Sentences in one part: about a second of work, which is what a kill can lose."""


def build_sentences(lines: Sequence[TextLine], video_id: str) -> list[Sentence]:
    """Join text lines of all kinds to sentences.

    Args:
        lines: Lines by start time.
        video_id: The video they belong to.

    Returns:
        Sentences by start time, in the same order for the same lines.
    """
    sentences = join_screens([line for line in lines if line.kind == "screen"], video_id)
    for kind in ("subtitle", "speech"):
        sentences += join_spoken([line for line in lines if line.kind == kind], video_id)
    sentences += [
        Sentence(0, video_id, "caption", line.span, line.text) for line in lines if line.kind == "caption"
    ]
    return sorted(sentences, key=lambda sentence: (sentence.span, sentence.kind))


class SentenceStage:
    """Stores sentences of all kinds and their vectors."""

    name = "sentences"
    needs: tuple[str, ...] = ("subtitles", "speech", "screen")

    def parameters(self, video: VideoInfo, settings: IngestSettings, store: "Store") -> Parameters:
        return {
            "space_id": SentenceEncoder.space_id,
            "max_words": MAX_WORDS,
            "max_seconds": MAX_SECONDS,
            "between_cells": BETWEEN_CELLS,
            "part_sentences": PART_SENTENCES,
        }

    def clear(self, store: "Store", video_id: str) -> None:
        store.delete_sentences(video_id)

    def run(self, context: StageContext) -> Iterator[Part]:
        video_id = context.video.video_id
        sentences = build_sentences(context.store.text_lines(video_id), video_id)
        encoder: SentenceEncoder | None = None
        for first in range(0, len(sentences), PART_SENTENCES):
            batch = sentences[first : first + PART_SENTENCES]
            if str(first) in context.finished:
                continue
            encoder = encoder or SentenceEncoder()
            vectors = encoder.encode_texts([sentence.text for sentence in batch])
            write = partial(_write, video_id=video_id, sentences=batch, vectors=vectors)
            yield Part(str(first), write, batch[-1].span.end_seconds)

    def outcome(self, context: StageContext) -> StageOutcome:
        if context.store.sentences(context.video.video_id):
            return StageOutcome("read")
        return StageOutcome("absent", "no text was read in this video")


def _write(
    store: "Store", video_id: str, sentences: Sequence[Sentence], vectors: NDArray[np.float32]
) -> None:
    ids = store.add_sentences(video_id, sentences)
    store.add_vectors(SentenceEncoder.space_id, ids, vectors)
