"""A small library without video files: text on known times, for tests of what happens after reading."""

from collections.abc import Sequence
from pathlib import Path

from rewatch.memory.library import Library
from rewatch.memory.types import Segment, Sentence, Span, TextKind, TextLine, VideoInfo

Told = tuple[float, float, str]
"""Start seconds, end seconds, text."""


def video_info(video_id: str, seconds: float, folder: Path = Path("/nowhere")) -> VideoInfo:
    """A video that exists as rows only."""
    return VideoInfo(
        video_id, folder / f"{video_id}.mp4", seconds, 640, 360, 25.0, "h264", "mov", 0, 0.0, True
    )


def put_talk(
    library: Library,
    video_id: str,
    seconds: float,
    said: Sequence[Told],
    shown: Sequence[Told] = (),
    chapters: Sequence[Told] = (),
) -> VideoInfo:
    """Store a talk: its lines, its sentences (one a line) with real vectors, its chapters."""
    info = video_info(video_id, seconds)
    told: list[tuple[TextKind, Told]] = [("subtitle", item) for item in said]
    told += [("screen", item) for item in shown]
    told.sort(key=lambda item: item[1][0])
    store = library.store
    with store.transaction():
        store.put_video(info)
        store.add_text_lines(
            video_id, [TextLine(kind, Span(a, b), text, "test") for kind, (a, b, text) in told]
        )
        ids = store.add_sentences(
            video_id, [Sentence(0, video_id, kind, Span(a, b), text) for kind, (a, b, text) in told]
        )
        vectors = library.encoder.encode_texts([text for _, (_, _, text) in told])
        store.add_vectors(library.encoder.space_id, ids, vectors)
        store.replace_segments(
            video_id, "chapter", [Segment("chapter", Span(a, b), title) for a, b, title in chapters]
        )
    return info
