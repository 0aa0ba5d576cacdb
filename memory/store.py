"""The rows of a library: the one truth of what was read from its videos.

Gathers the row modules into one object: `video_rows`, `stage_rows`, `text_rows`, `vector_rows` and `agent_rows` own
the tables, `word_search` the ranking by words, `connection` the file and its transactions. Vectors are only kept
here; comparing them is `index`'s work. Nothing here opens a video.
"""

from collections.abc import Collection, Sequence

from rewatch.memory.agent_rows import AgentRows
from rewatch.memory.stage_rows import StageRecord, StageRows
from rewatch.memory.text_rows import TextRows
from rewatch.memory.types import Sentence, Span, TextKind
from rewatch.memory.vector_rows import VectorRows, VectorState
from rewatch.memory.video_rows import VideoRows
from rewatch.memory.word_search import Place, search_words

__all__ = ["StageRecord", "Store", "VectorState"]


class Store(VideoRows, StageRows, TextRows, VectorRows, AgentRows):
    """A library's rows. May be shared between threads; each process opens its own."""

    def search_words(
        self,
        words: Sequence[str],
        video_ids: str | Collection[str] | None = None,
        span: Span | None = None,
        kinds: Collection[TextKind] | None = None,
        limit: int = 50,
    ) -> list[tuple[Sentence, float]]:
        """Rank the sentences that hold any of the words.

        Words match by their stem (Porter), whatever their case and accents. A word of four letters or more
        that no on-screen sentence in scope holds as a word is also looked for in them with all spaces
        ignored, because OCR joins words.

        Args:
            words: Words as a person wrote them; a text with spaces or punctuation inside matches as a phrase.
            video_ids: Restrict to one or several videos.
            span: Restrict to sentences that overlap it.
            kinds: Restrict to kinds of text.
            limit: Return at most so many.

        Returns:
            Sentences with their BM25 score, higher is better, best first.

        Raises:
            StorageError: The library cannot be read.
        """
        return search_words(self, words, Place(video_ids, span, kinds), limit)
