"""What the memory knows of frames that a model is shown: the shots that they lie in, and how relevant each one is.

Owns relevance by frame, from the same standings that `search` ranks passages and pictures by.
"""

from bisect import bisect_right
from collections.abc import Sequence
from functools import partial
from itertools import pairwise

from rewatch.memory.types import Frame, Span, VideoInfo
from rewatch.tools.context import ToolContext
from rewatch.tools.likeness import moments_like
from rewatch.tools.passages import load
from rewatch.tools.relevance import embed_query
from rewatch.tools.standing import Usual
from rewatch.tools.vision.footage import Footage

_MOMENTS = 10
"""Pictures that are asked for: shots of the span, the ones that stand out most."""


def footage_of(context: ToolContext, video: VideoInfo, frames: Sequence[Frame], question: str) -> Footage:
    """What is known of frames that are to be looked at for a question."""
    seconds = [frame.seconds for frame in frames]
    starts = [shot.span.start_seconds for shot in context.library.store.segments(video.video_id, "shot")]
    return Footage(
        video.video_id,
        tuple(bisect_right(starts, second) for second in seconds) if starts else None,
        partial(relevance, context.only(video.video_id), video, seconds, question),
        context.library.pictures,
        context.shown,
    )


def relevance(context: ToolContext, video: VideoInfo, seconds: Sequence[float], question: str) -> list[float]:
    """How relevant each frame is to a question.

    Args:
        context: The library, this video, and the encoder where its pictures were embedded.
        video: The video.
        seconds: When the frames are, ascending.
        question: The question.

    Returns:
        One value a frame: how far the best passage or picture around it stands out in the video, in deviations
        above what luck brings; 0 where nothing does. A frame stands for the time to the middles between it and its
        neighbours.
    """
    found = [*_passages(context, video, question), *_pictures(context, video, seconds, question)]
    middles = [(before + after) / 2 for before, after in pairwise(seconds)]
    around = [Span(*edges) for edges in pairwise([0.0, *middles, video.duration_seconds])]
    return [max((standing for span, standing in found if span.overlaps(own)), default=0.0) for own in around]


def _passages(context: ToolContext, video: VideoInfo, question: str) -> list[tuple[Span, float]]:
    passages = load(context.library, video.video_id)
    if not passages.sentences:
        return []
    cosines = passages.vectors @ embed_query(question).vector
    usual = Usual.of(cosines, len(passages.sentences))
    standings = [usual.standing(float(cosine)) for cosine in cosines]
    return [
        (sentence.span, standing)
        for sentence, standing in zip(passages.sentences, standings, strict=True)
        if standing > 0
    ]


def _pictures(
    context: ToolContext, video: VideoInfo, seconds: Sequence[float], question: str
) -> list[tuple[Span, float]]:
    store = context.library.store
    if not context.models.has("encoder"):
        return []
    encoder = context.models.encoder
    if not store.vector_ids(encoder.space_id, video.video_id).size:
        return []
    span = Span(seconds[0], seconds[-1] + 1e-3)
    moments = moments_like(context, encoder.encode_texts([question])[0], span=span, limit=_MOMENTS)
    standings = [(moment.span, moment.usual.standing(moment.cosine)) for moment in moments]
    return [(where, standing) for where, standing in standings if standing > 0]
