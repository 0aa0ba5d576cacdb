"""Finding sentences by their words: SQLite's full-text index, and a second way for words that OCR has joined.

Owns how words become an FTS5 query and how hits are scored. Meaning is compared by `index`.
"""

import json
import math
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from rewatch.memory.connection import Connection, Value
from rewatch.memory.text_rows import SENTENCE_COLUMNS, scope, sentence, squashed
from rewatch.memory.types import Sentence, Span, TextKind

_SHORTEST_JOINED = 4
"""Shorter words stand inside too many others to be looked for without their spaces."""

_WORDS_AT_A_TIME = 100
"""FTS5 refuses expressions that are 256 deep."""

_SCREEN: tuple[TextKind, ...] = ("screen",)


class Place(NamedTuple):
    """Where to search; None leaves that side open."""

    video_ids: str | Collection[str] | None
    span: Span | None
    kinds: Collection[TextKind] | None


def search_words(
    store: Connection, words: Sequence[str], place: Place, limit: int
) -> list[tuple[Sentence, float]]:
    """Rank the sentences in a place that hold any of the words; see `Store.search_words`."""
    wanted = list(dict.fromkeys(word.replace("\0", "").strip() for word in words))
    wanted = [word for word in wanted if squashed(word)]
    found: dict[int, Sentence] = {}
    scores: defaultdict[int, float] = defaultdict(float)
    for start in range(0, len(wanted), _WORDS_AT_A_TIME):
        some = wanted[start : start + _WORDS_AT_A_TIME]
        for item, score in [*_by_token(store, some, place), *_by_squashed(store, some, place)]:
            found[item.id] = item
            scores[item.id] += score
    ranked = sorted(found.values(), key=lambda item: (-scores[item.id], item.video_id, item.span, item.id))
    return [(item, scores[item.id]) for item in ranked[:limit]]


def _by_token(store: Connection, words: Sequence[str], place: Place) -> list[tuple[Sentence, float]]:
    """Sentences in which a word stands as a token, stemmed, by BM25 (SQLite's own is negated)."""
    where, values = scope("sentences", *place)
    rows = store.rows(
        f"SELECT {SENTENCE_COLUMNS}, -bm25(sentences_fts) FROM sentences_fts "
        f"JOIN sentences ON sentences.id = sentences_fts.rowid WHERE sentences_fts MATCH :match AND {where}",
        {**values, "match": " OR ".join(map(_quoted, words))},
    )
    return [(sentence(row[:-1]), row[-1]) for row in rows]


def _by_squashed(store: Connection, words: Sequence[str], place: Place) -> list[tuple[Sentence, float]]:
    """Screen sentences that hold a word when spaces are ignored, for words that none holds as a token."""
    if place.kinds is not None and "screen" not in place.kinds:
        return []
    where, values = scope("sentences", place.video_ids, place.span, _SCREEN)
    joined = {squashed(word) for word in words if not _stands_alone(store, word, where, values)}
    joined = {letters for letters in joined if len(letters) >= _SHORTEST_JOINED}
    if not joined:
        return []
    rows = store.rows(
        f"SELECT {SENTENCE_COLUMNS}, squashed FROM sentences WHERE {where} AND EXISTS "
        "(SELECT 1 FROM json_each(:joined) WHERE instr(sentences.squashed, value))",
        {**values, "joined": json.dumps(sorted(joined))},
    )
    hits = Counter(letters for row in rows for letters in joined if letters in row[-1])
    weights = _rarities(store, hits) if hits else {}
    return [
        (sentence(row[:-1]), sum(weight for letters, weight in weights.items() if letters in row[-1]))
        for row in rows
    ]


def _stands_alone(store: Connection, word: str, where: str, values: Mapping[str, Value]) -> bool:
    rows = store.rows(
        "SELECT 1 FROM sentences_fts JOIN sentences ON sentences.id = sentences_fts.rowid "
        f"WHERE sentences_fts MATCH :match AND {where} LIMIT 1",
        {**values, "match": _quoted(word)},
    )
    return bool(rows)


def _rarities(store: Connection, hits: Mapping[str, int]) -> dict[str, float]:
    """BM25 of words that stand once in a sentence of average length: their inverse document frequencies.

    FTS5's own formula (https://www.sqlite.org/fts5.html#the_bm25_function), with its floor for common words.
    """
    total = store.rows("SELECT count(*) FROM sentences")[0][0]
    return {word: max(math.log((total - count + 0.5) / (count + 0.5)), 1e-6) for word, count in hits.items()}


def _quoted(word: str) -> str:
    return '"' + word.replace('"', '""') + '"'
