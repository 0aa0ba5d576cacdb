"""Describing a whole video up front: the ingest stage "captions", and what it will cost.

Owns which segments are described. How one is described, and what it leaves in the memory, is told in `captions`.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from rewatch.memory.errors import ToolError
from rewatch.memory.ingest.settings import IngestSettings
from rewatch.memory.ingest.stage import Parameters, Part, StageContext, StageOutcome
from rewatch.memory.library import Library
from rewatch.memory.store import Store
from rewatch.memory.types import Cost, Limits, Span, VideoInfo
from rewatch.tools.captions import DETAIL, VISUAL_TOKENS, caption, captions_of, describe, keep
from rewatch.tools.context import ToolContext
from rewatch.tools.meter import Meter
from rewatch.tools.models import Models
from rewatch.tools.vision.frame_plan import plan_frames

LONGEST_SECONDS = 30.0
"""A longer scene is described in equal parts."""

UNLIMITED = Limits(None, None, None, None, None, None)
"""For work that somebody has agreed to after seeing its estimate."""


@dataclass(frozen=True, slots=True)
class CaptionEstimate:
    """What describing the rest of a video will cost, measured on one segment."""

    segments: int
    """Those that are not described yet."""
    cost: Cost
    """Tokens, dollars and seconds for all of them."""


def segments_to_caption(store: Store, video: VideoInfo, model: str = "") -> list[Span]:
    """The scenes of a video, long ones in equal parts; equal parts of the video where it has no scenes.

    Args:
        store: Holds the scenes.
        video: The video.
        model: Leave out what this model has described already.
    """
    scenes = [scene.span for scene in store.segments(video.video_id, "scene")] or [video.span]
    known = {line.span for line in captions_of(store, video, model)} if model else set()
    return [part for scene in scenes for part in _parts(scene) if part not in known]


def estimate_captions(context: ToolContext, video: VideoInfo) -> CaptionEstimate:
    """Tell from one described segment what the others will cost; when there is none, the first is described.

    Raises:
        LimitReached: The run may not spend what one segment may cost.
        ToolError: The model fails, or cannot describe the segment.
    """
    store = context.library.store
    spans = segments_to_caption(store, video)
    left = segments_to_caption(store, video, context.models.vlm.name)
    known = next((span for span in spans if span not in left), None)
    measured = known or left.pop(0)
    (told,) = caption(context, video.video_id, [measured])
    if told.error:
        raise ToolError(f"a first segment cannot be described: {told.error}")
    tokens = sum(_planned_tokens(context, video, span) for span in left)
    share = tokens / max(_planned_tokens(context, video, measured), 1)
    cost = Cost(
        visual_tokens=tokens,
        llm_tokens=told.cost.llm_tokens * len(left),
        seconds=told.cost.seconds * share,
        dollars=told.cost.dollars * share,
    )
    return CaptionEstimate(len(left), cost)


class CaptionStage:
    """Describes a whole video, segment by segment; what was described on demand is not described again."""

    name = "captions"
    needs: tuple[str, ...] = ("segments",)

    def __init__(self, models: Models) -> None:
        """Take the models; the vision-language model is opened when the stage runs."""
        self._models = models

    def parameters(self, video: VideoInfo, settings: IngestSettings, store: "Store") -> Parameters:
        return {
            "model": self._models.vlm.name,
            "visual_tokens": VISUAL_TOKENS,
            "detail": DETAIL,
            "longest_seconds": LONGEST_SECONDS,
        }

    def clear(self, store: Store, video_id: str) -> None:
        """Leave the captions: other models' are worth having, and this one's are not made again."""

    def run(self, context: StageContext) -> Iterator[Part]:
        meter = Meter(UNLIMITED)
        tools = ToolContext(Library(context.store), (context.video,), meter=meter, models=self._models)
        for span in segments_to_caption(context.store, context.video):
            key = f"{span.start_seconds:.3f}"
            if key not in context.finished:
                made = describe(tools, context.video, span)
                yield Part(key, partial(keep, description=made), span.end_seconds)

    def outcome(self, context: StageContext) -> StageOutcome:
        model = self._models.vlm.name
        spans = segments_to_caption(context.store, context.video)
        missing = len(segments_to_caption(context.store, context.video, model))
        if missing == len(spans):
            return StageOutcome("unavailable", f"{model} could describe no segment")
        return StageOutcome("read", f"{missing} of {len(spans)} segments not described" if missing else "")


def _parts(scene: Span) -> list[Span]:
    count = max(math.ceil(scene.duration_seconds / LONGEST_SECONDS), 1)
    edges = [scene.start_seconds + scene.duration_seconds * part / count for part in range(count)]
    return [Span(start, end) for start, end in zip(edges, [*edges[1:], scene.end_seconds], strict=True)]


def _planned_tokens(context: ToolContext, video: VideoInfo, span: Span) -> int:
    count = context.models.vlm.visual_tokens
    plan = plan_frames(span, (video.width, video.height), VISUAL_TOKENS, count, detail=DETAIL)
    return count(len(plan.seconds), plan.width, plan.height)
