"""Rows of timed text: lines as they stand in the video, and the sentences that search compares.

Owns the tables `text_lines` and `sentences`, and how a search is restricted to videos, a span and kinds.
Ranking by words is `word_search`'s work, the sentences' vectors are that of `vector_rows`.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from rewatch.memory.connection import Connection, Value, storable
from rewatch.memory.types import Sentence, Span, TextKind, TextLine

SENTENCE_COLUMNS = (
    "sentences.id, sentences.video_id, sentences.kind, "
    "sentences.start_seconds, sentences.end_seconds, sentences.text, sentences.boxes"
)


class TextRows(Connection):
    """Reads and writes timed text. All methods raise StorageError."""

    def add_text_lines(self, video_id: str, lines: Iterable[TextLine]) -> None:
        """Store text lines."""
        self.insert(
            "text_lines",
            (
                {
                    "video_id": video_id,
                    "kind": line.kind,
                    "start_seconds": float(line.span.start_seconds),
                    "end_seconds": float(line.span.end_seconds),
                    "text": storable(line.text),
                    "source": storable(line.source),
                    "box": json.dumps(_numbers(line.box)) if line.box else None,
                    "confidence": float(line.confidence),
                }
                for line in lines
            ),
        )

    def text_lines(
        self, video_id: str, span: Span | None = None, kinds: Collection[TextKind] | None = None
    ) -> list[TextLine]:
        """Text lines of a video that overlap the span, of the given kinds, by start."""
        where, values = scope("text_lines", [video_id], span, kinds)
        found = self.rows(
            f"SELECT kind, start_seconds, end_seconds, text, source, box, confidence FROM text_lines "
            f"WHERE {where} ORDER BY start_seconds, id",
            values,
        )
        return [
            TextLine(
                kind, Span(start, end), text, source, tuple(json.loads(box)) if box else None, confidence
            )
            for kind, start, end, text, source, box, confidence in found
        ]

    def delete_text_lines(self, video_id: str, kind: TextKind) -> None:
        """Remove the text lines of one kind."""
        self.change("DELETE FROM text_lines WHERE video_id = ? AND kind = ?", (video_id, kind))

    def add_sentences(self, video_id: str, sentences: Sequence[Sentence]) -> list[int]:
        """Store sentences; the ids and video ids that they carry are not read.

        Returns:
            Their row ids, in the same order. An id is never used twice.
        """
        with self.transaction():
            last = self.rows("SELECT seq FROM sqlite_sequence WHERE name = 'sentences'")
            first = 1 + (last[0][0] if last else 0)
            ids = list(range(first, first + len(sentences)))
            rows = (
                _sentence_row(video_id, row_id, item) for row_id, item in zip(ids, sentences, strict=True)
            )
            self.insert("sentences", rows)
        return ids

    def sentences(
        self,
        video_ids: str | Collection[str] | None = None,
        span: Span | None = None,
        kinds: Collection[TextKind] | None = None,
    ) -> list[Sentence]:
        """Sentences of one, several or all videos that overlap the span, by video and start."""
        where, values = scope("sentences", video_ids, span, kinds)
        found = self.rows(
            f"SELECT {SENTENCE_COLUMNS} FROM sentences WHERE {where} ORDER BY video_id, start_seconds, id",
            values,
        )
        return [sentence(row) for row in found]

    def sentence_ids(
        self,
        video_ids: str | Collection[str] | None = None,
        span: Span | None = None,
        kinds: Collection[TextKind] | None = None,
    ) -> list[int]:
        """Row ids of the sentences that `sentences` would give, in ascending order."""
        where, values = scope("sentences", video_ids, span, kinds)
        return [
            row_id for (row_id,) in self.rows(f"SELECT id FROM sentences WHERE {where} ORDER BY id", values)
        ]

    def sentences_by_id(self, ids: Sequence[int]) -> list[Sentence]:
        """The sentences of these row ids, in their order; ids that are gone are left out."""
        found = self.rows(
            f"SELECT {SENTENCE_COLUMNS} FROM sentences WHERE id IN (SELECT value FROM json_each(?))",
            (json.dumps([int(row_id) for row_id in ids]),),
        )
        by_id = {row[0]: sentence(row) for row in found}
        return [by_id[row_id] for row_id in ids if row_id in by_id]

    def delete_sentences(self, video_id: str, kind: TextKind | None = None) -> None:
        """Remove the sentences of a video, of one kind or all, and their vectors."""
        self.change(
            "DELETE FROM sentences WHERE video_id = :id AND (:kind IS NULL OR kind = :kind)",
            {"id": video_id, "kind": kind},
        )


def scope(
    table: str, video_ids: str | Collection[str] | None, span: Span | None, kinds: Collection[TextKind] | None
) -> tuple[str, dict[str, Value]]:
    """SQL condition, with its values, that restricts timed rows; None leaves that side open."""
    clauses, values = ["TRUE"], dict[str, Value]()
    if video_ids is not None:
        # One JSON text: SQLite bounds the number of values a statement may have.
        clauses.append(f"{table}.video_id IN (SELECT value FROM json_each(:videos))")
        values["videos"] = json.dumps([video_ids] if isinstance(video_ids, str) else sorted(video_ids))
    if span is not None:
        # A row that lasts no time counts where it starts.
        clauses.append(
            f"{table}.start_seconds < :end "
            f"AND ({table}.end_seconds > :start OR {table}.start_seconds >= :start)"
        )
        values |= {"start": float(span.start_seconds), "end": float(span.end_seconds)}
    if kinds is not None:
        clauses.append(f"{table}.kind IN (SELECT value FROM json_each(:kinds))")
        values["kinds"] = json.dumps(sorted(kinds))
    return " AND ".join(clauses), values


def sentence(row: Sequence[Any]) -> Sentence:
    """A sentence from the values of SENTENCE_COLUMNS."""
    row_id, video_id, kind, start, end, text, boxes = row
    return Sentence(row_id, video_id, kind, Span(start, end), text, tuple(map(tuple, json.loads(boxes))))


def squashed(text: str) -> str:
    """The text's letters and digits only, case folded: equal for texts that differ in their spaces."""
    return "".join(character for character in text.casefold() if character.isalnum())


def _sentence_row(video_id: str, row_id: int, item: Sentence) -> dict[str, Any]:
    return {
        "id": row_id,
        "video_id": video_id,
        "kind": item.kind,
        "start_seconds": float(item.span.start_seconds),
        "end_seconds": float(item.span.end_seconds),
        "text": storable(item.text),
        "boxes": json.dumps([_numbers(box) for box in item.boxes]),
        "squashed": squashed(storable(item.text)) if item.kind == "screen" else "",
    }


def _numbers(values: Iterable[float]) -> list[float]:
    return [float(value) for value in values]
