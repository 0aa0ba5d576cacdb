"""Stage "segments": shots, scenes and chapters, each level made of whole ones of the level below.

Owns bringing together what the other modules find: `shots` the cuts, `scenes` the grouping of shots, `slides`
and `topics` the places where a topic may change, `partition` the choice among them, `titles` the names.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rewatch.memory.ingest.decode import open_reader
from rewatch.memory.ingest.encoder import SentenceEncoder
from rewatch.memory.ingest.partition import choose_starts
from rewatch.memory.ingest.scenes import find_scenes, snap, split, tile
from rewatch.memory.ingest.settings import IngestSettings
from rewatch.memory.ingest.shots import find_cuts, refine, shots
from rewatch.memory.ingest.slides import Slide, find_slides
from rewatch.memory.ingest.stage import Parameters, Part, StageContext, StageOutcome
from rewatch.memory.ingest.stored_samples import StoredSamples
from rewatch.memory.ingest.titles import chapter_titles
from rewatch.memory.ingest.topics import Unit, find_units
from rewatch.memory.types import FrameSample, Segment, SegmentLevel, Sentence, Span, TextLine, VideoInfo

if TYPE_CHECKING:
    from rewatch.memory.store import Store

_VERSION = 1
"""Raised when the method changes, so that older outlines are made again."""
_SNAP_SECONDS = 2.0
"""Text is read once a second: a slide change lies at the cut next to it."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Material:
    """What segments are made from."""

    duration_seconds: float
    shots: Sequence[Span]
    """They tile the video."""
    samples: Sequence[FrameSample]
    screen: Sequence[TextLine]
    spoken: Sequence[Sentence]
    vectors: Floats
    """Embeddings of the spoken sentences, float32 `[len(spoken), D]`."""


def build_segments(material: Material, encoder: SentenceEncoder | None = None) -> list[Segment]:
    """Make shots, scenes and chapters.

    Args:
        material: The shots and all text.
        encoder: Embeds the slides' texts; None loads it when there are slides.

    Returns:
        Segments of all levels by level and time; those of each level tile the video, and every boundary of a
        level is one of the level below. There is at least one of each.
    """
    end = material.duration_seconds
    slides = find_slides(material.screen)
    cuts = [shot.start_seconds for shot in material.shots]
    slide_starts = snap([slide.span.start_seconds for slide in slides], cuts, _SNAP_SECONDS)
    scenes = find_scenes(material.shots, material.samples, material.spoken, slide_starts)
    units = find_units(
        end,
        slides,
        material.spoken,
        material.vectors,
        _slide_vectors(slides, material.vectors.shape[1], encoder),
        scenes=scenes,
        samples=material.samples,
    )
    starts = [unit.span.start_seconds for unit in units]
    chosen = choose_starts(starts, [unit.evidence for unit in units], end)
    groups = [units[a:b] for a, b in zip(chosen, [*chosen[1:], len(units)], strict=True)]
    return _nested(material, slide_starts, groups)


def _nested(
    material: Material, slide_starts: Sequence[float], groups: Sequence[Sequence[Unit]]
) -> list[Segment]:
    """Snap chapter starts to shot boundaries, add those that are missing, and name the chapters."""
    end = material.duration_seconds
    cuts = [shot.start_seconds for shot in material.shots]
    titles = chapter_titles(groups, material.spoken)
    named: dict[float, str] = {}
    for group, title in zip(groups, titles, strict=True):
        moment = snap([group[0].span.start_seconds], cuts, _SNAP_SECONDS)[0]
        named.setdefault(moment if moment < end else cuts[-1], title)
    spans = split(material.shots, list(named))
    scenes = find_scenes(spans, material.samples, material.spoken, [*slide_starts, *named])
    chapters = tile(list(named), end)
    return [
        *(Segment("shot", span) for span in spans),
        *(Segment("scene", span) for span in scenes),
        *(Segment("chapter", span, named.get(span.start_seconds, "")) for span in chapters),
    ]


def _slide_vectors(slides: Sequence[Slide], width: int, encoder: SentenceEncoder | None) -> Floats:
    if not slides:
        return np.zeros((0, width), np.float32)
    return (encoder or SentenceEncoder()).encode_texts(["\n".join(slide.lines) for slide in slides])


class SegmentStage:
    """Stores the segments of all levels."""

    name = "segments"
    needs: tuple[str, ...] = ("scan", "sentences")

    def parameters(self, video: VideoInfo, settings: IngestSettings, store: "Store") -> Parameters:
        return {"version": _VERSION, "space_id": SentenceEncoder.space_id}

    def clear(self, store: "Store", video_id: str) -> None:
        for level in _LEVELS:
            store.replace_segments(video_id, level, [])

    def run(self, context: StageContext) -> Iterator[Part]:
        """Yield one part: all of it takes seconds."""
        if "all" in context.finished:
            return
        segments = build_segments(_material(context))
        write = partial(_write, video_id=context.video.video_id, segments=segments)
        yield Part("all", write, context.video.duration_seconds)

    def outcome(self, context: StageContext) -> StageOutcome:
        return StageOutcome("read")


_LEVELS: tuple[SegmentLevel, ...] = ("shot", "scene", "chapter")


def _material(context: StageContext) -> Material:
    video, store = context.video, context.store
    samples = StoredSamples(store, video.video_id)
    spoken = store.sentences(video.video_id, kinds=["subtitle", "speech"])
    return Material(
        video.duration_seconds,
        shots(video, _exact_cuts(context, samples)),
        samples,
        store.text_lines(video.video_id, kinds=["screen"]),
        spoken,
        _vectors_of(store, video.video_id, spoken),
    )


def _exact_cuts(context: StageContext, samples: Sequence[FrameSample]) -> list[float]:
    """Cuts to the frame; the video is opened only where the pass has not seen the cut itself."""
    cuts = find_cuts(samples)
    if all(before == after for before, after in cuts):
        return sorted({before for before, _ in cuts})
    with open_reader(context.video, context.settings.decoder) as reader:
        return refine(reader, cuts)


def _vectors_of(store: "Store", video_id: str, sentences: Sequence[Sentence]) -> Floats:
    ids, vectors = store.vectors(SentenceEncoder.space_id, video_id)
    row_of = {int(row_id): row for row, row_id in enumerate(ids)}
    chosen = np.zeros((len(sentences), SentenceEncoder.dimensions), np.float32)
    for place, sentence in enumerate(sentences):
        chosen[place] = vectors[row_of[sentence.id]]
    return chosen


def _write(store: "Store", video_id: str, segments: Sequence[Segment]) -> None:
    for level in _LEVELS:
        store.replace_segments(video_id, level, [segment for segment in segments if segment.level == level])
