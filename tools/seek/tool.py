"""`seek`: find the moments that show something, with as few looks at the video as possible.

Owns putting the parts together: what the memory knows becomes the prior, the search looks, the best moments become
observations, and every look is written back, so that the next question begins where this one ended.
"""

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass

import numpy as np

from rewatch.memory.errors import InputError, LimitReached
from rewatch.memory.ingest.decode import FrameReader
from rewatch.memory.timecode import format_seconds
from rewatch.memory.types import Box, Cost, Frame, Observation, Span, VideoInfo
from rewatch.tools.context import ToolContext
from rewatch.tools.seek.belief import Belief
from rewatch.tools.seek.calibration import usual_model
from rewatch.tools.seek.closing import CloseLooks
from rewatch.tools.seek.evidence import EvidenceModel
from rewatch.tools.seek.looking import VideoLooker
from rewatch.tools.seek.looks import Looks
from rewatch.tools.seek.policy import Policy
from rewatch.tools.seek.prior import memory_prior
from rewatch.tools.seek.records import Records
from rewatch.tools.seek.refine import appearance
from rewatch.tools.seek.relations import CUE_RELIANCE, Relation, TargetRelation, numbered
from rewatch.tools.seek.scorers import Scorer, ScorerName, open_scorer
from rewatch.tools.seek.search import Stop, search
from rewatch.tools.seek.timeline import Timeline

MAX_LOOKS = 256
MAX_MOMENTS = 8
_REFINING_LOOKS = 24
"""Frames that may be looked at to find when one thing comes and goes ..."""
_REFINING_SHARE = 4
"""... which the search leaves unused, at most this part of all: a moment is worth little as one frame."""
_REFINED = 0.5
"""Moments at least this probable are refined."""


@dataclass(frozen=True, slots=True)
class SeekResult:
    """What a search found."""

    moments: tuple[Observation, ...]
    """Best first for each target: their spans, frames, boxes and probabilities."""
    verdicts: tuple[Observation, ...]
    """For each target whether it is shown at all, over all that was searched: its probability, how finely was looked.
    Told apart by a score of 0 and no frames."""
    absent_probability: float
    """That the video does not show a target at all; of several targets, of the likeliest missing one."""
    looks: tuple[Observation, ...]
    """Every look of this search, as written to the memory."""
    stopped: Stop
    """Why it ended."""

    @property
    def observations(self) -> tuple[Observation, ...]:
        """What a planner is told: the moments, then the verdicts."""
        return (*self.moments, *self.verdicts)


def seek(
    context: ToolContext,
    video_id: str,
    targets: Sequence[str],
    cues: Sequence[str] = (),
    relations: Sequence[TargetRelation] = (),
    question: str = "",
    start_seconds: float | None = None,
    end_seconds: float | None = None,
    *,
    max_looks: int = MAX_LOOKS,
    scorer: Scorer | ScorerName | None = None,
    evidence: EvidenceModel | None = None,
) -> SeekResult:
    """Search a video's pictures for things that may be visible only briefly, and find their frames.

    Looks are chosen one batch after the other where they promise most, so this finds what a few evenly spread frames
    would miss. Looks made before for the same thing are used again and cost nothing.

    Args:
        context: The library, the videos and the models.
        video_id: The video.
        targets: What to find, each a short name of something visible, such as "red car".
        cues: Things that are likely to be seen beside a target and help to find it, such as "street".
        relations: What is known of when the targets are: one before, after or near the other, or the nth time.
        question: The question behind it, whose words help to guess where to look.
        start_seconds: Search from here on.
        end_seconds: Search up to here, itself excluded.
        max_looks: Look at no more frames than this.
        scorer: What looks: an open scorer or its name; None for the best that is set.
        evidence: The scorer's calibration; None for what is usual.

    Returns:
        The best few moments of each target with their probabilities, and how likely it is that the video does not
        show it at all.

    Raises:
        InputError: No target is named, or the part of the video is empty.
        ToolError: No model that can look is set, or it failed for good.
        VideoError: The file cannot be read any more.
        KeyError: The video is not among the context's.
    """
    names = [*dict.fromkeys(name.strip() for name in targets if name.strip())]
    if not names:
        raise InputError("nothing to seek: name at least one target, such as 'red car'")
    if max_looks < 1:
        raise InputError(f"max_looks {max_looks} is below 1")
    cue_names = [name for name in dict.fromkeys(cue.strip() for cue in cues) if name and name not in names]
    video = context.video(video_id)
    span = _span(context, video, start_seconds, end_seconds)
    said = numbered(relations, [*names, *cue_names])
    beside = [
        Relation("near", target, len(names) + cue, reliance=CUE_RELIANCE)
        for target in range(len(names))
        for cue in range(len(cue_names))
    ]
    with context.open_reader(video) as reader:
        eyes = (
            scorer
            if scorer is not None and not isinstance(scorer, str)
            else open_scorer(context.models, scorer, context.meter)
        )
        hunt = _Hunt(
            context, video, reader, eyes, evidence or usual_model(eyes.scale), span, names, cue_names
        )
        return hunt.run([*said, *beside], question, max_looks)


def _span(context: ToolContext, video: VideoInfo, start: float | None, end: float | None) -> Span:
    low, high = start or 0.0, video.duration_seconds if end is None else end
    wished = Span(low, high) if 0 <= low < high else None
    allowed = context.allowed(video, wished) if wished else None
    if allowed is None or allowed.duration_seconds <= 0:
        raise InputError(
            f"nothing to search between {low:g} and {high:g} seconds; "
            f"the video lasts {video.duration_seconds:g} seconds"
        )
    return allowed


class _Hunt:
    """One call of `seek`."""

    def __init__(
        self,
        context: ToolContext,
        video: VideoInfo,
        reader: FrameReader,
        scorer: Scorer,
        model: EvidenceModel,
        span: Span,
        targets: Sequence[str],
        cues: Sequence[str],
    ) -> None:
        self._context = context
        self._video = video
        self._reader = reader
        self._scorer = scorer
        self._model = model
        self._targets = targets
        self._queries = (*targets, *cues)
        shots = [segment.span for segment in context.library.store.segments(video.video_id, "shot")]
        self._timeline = Timeline(span, shots)
        self._looker = VideoLooker(reader, scorer, self._queries, context.meter)
        self._records = Records(context.library.store, video, scorer.name)

    def run(self, relations: Sequence[Relation], question: str, max_looks: int) -> SeekResult:
        self._context.meter.charge(Cost(tool_calls=1))
        policy = Policy(self._timeline, self._model, self._scorer.price)
        beliefs = []
        known: list[Looks] = []
        for query in self._queries:
            prior = memory_prior(self._context, self._video, self._timeline, f"{query} {question}".strip())
            belief = Belief(self._timeline, self._model, prior)
            earlier = self._records.read(query, self._timeline.span)
            for looks in earlier:
                belief.see(looks)
            known += earlier
            beliefs.append(belief)
        if len(self._queries) == 1:
            for looks in known:
                policy.note(looks)
        meter = self._context.meter
        rest = max_looks if meter.limits.frames is None else meter.limits.frames - meter.cost.frames
        affordable = min(max_looks, rest)
        result = search(
            beliefs,
            self._looker,
            policy,
            max_looks=affordable - min(_REFINING_LOOKS, affordable // _REFINING_SHARE),
            num_targets=len(self._targets),
            relations=relations,
            max_moments=MAX_MOMENTS,
        )
        written = self._records.write(result.looks, self._queries)
        left = affordable - result.num_looks
        moments: list[Observation] = []
        for number, found in enumerate(result.found):
            query = self._targets[number]
            earlier = self._records.read(query, self._timeline.span)
            close = CloseLooks(self._scorer, query, self._context.meter, earlier)
            for moment in found.moments:
                probability = (1 - found.absent_probability) * moment.probability
                spared = min(left - close.num_new, _REFINING_LOOKS) if probability >= _REFINED else 0
                moments.append(
                    self._moment(beliefs[number], close, query, moment.seconds, probability, spared)
                )
            left -= close.num_new
            written += self._records.write([close.new_looks()], [query])
        verdicts = [
            self._verdict(beliefs[number], self._targets[number], found.absent_probability)
            for number, found in enumerate(result.found)
        ]
        store = self._context.library.store
        with store.transaction():
            for seen in (*moments, *verdicts):
                store.put_observation(seen, seen.text)
        absent = max(found.absent_probability for found in result.found)
        limited = result.stopped == "looks" and affordable < max_looks
        return SeekResult(
            tuple(moments), tuple(verdicts), absent, written, "limit" if limited else result.stopped
        )

    def _moment(
        self,
        belief: Belief,
        close: CloseLooks,
        query: str,
        seconds: float,
        probability: float,
        max_looks: int,
    ) -> Observation:
        """A moment as an observation, refined where that may be looked at: to frames of at least half its height."""
        near = np.flatnonzero(np.abs(belief.seconds - seconds) <= self._timeline.cell_seconds * 5)
        height = self._model.target.height
        values = belief.standard / np.where(belief.alone, height.frame, height.tile)
        best = max(near.tolist(), key=lambda place: float(values[place]), default=None)
        at = seconds if best is None else float(belief.seconds[best])
        box: Box | None = None
        peak = (-np.inf, at)

        def shows(frame: Frame) -> bool:
            nonlocal box, peak
            score, where = close.at(frame)
            value = belief.in_standard_units(score, alone=True)
            if value > peak[0]:
                peak, box = (value, frame.seconds), where
            return value > max(height.frame, peak[0]) / 2

        without = belief.seconds[belief.alone & (values <= 0.5)]
        within = self._timeline.around(at, without)
        frame = self._reader.at(at)
        span = Span(frame.seconds, frame.seconds)
        if max_looks > 2:
            with suppress(LimitReached):
                if shows(frame):
                    span = appearance(self._reader, shows, frame.seconds, within, max_looks - 1)
        return self._observation(query, span, peak[1], probability, box)

    def _verdict(self, belief: Belief, query: str, absent_probability: float) -> Observation:
        """Whether all that was searched shows a target, and how finely it was looked at."""
        span = self._timeline.span
        looked = np.unique(belief.seconds)
        gap = float(np.diff([span.start_seconds, *looked, span.end_seconds]).max())
        key = json.dumps([self._video.video_id, self._scorer.name, query, asdict(span)])
        where = f"{format_seconds(span.start_seconds)}–{format_seconds(span.end_seconds)}"
        return Observation(
            id=f"seek-{hashlib.sha256(key.encode()).hexdigest()[:16]}",
            video_id=self._video.video_id,
            tool="seek",
            channel="visual",
            span=span,
            text=f"“{query}” is not in the picture at {where} with probability {absent_probability:.2f}: "
            f"{len(looked)} frames were looked at, at most {gap:.1f} s apart",
            probability=1 - absent_probability,
            model=self._scorer.name,
            params_hash=hashlib.sha256(query.encode()).hexdigest()[:16],
        )

    def _observation(
        self, query: str, span: Span, seconds: float, probability: float, box: Box | None
    ) -> Observation:
        key = json.dumps([self._video.video_id, self._scorer.name, query, round(seconds, 6)])
        return Observation(
            id=f"seek-{hashlib.sha256(key.encode()).hexdigest()[:16]}",
            video_id=self._video.video_id,
            tool="seek",
            channel="visual",
            span=span,
            text=query,
            boxes=(box,) if box else (),
            frame_seconds=(seconds,),
            score=probability,
            probability=probability,
            model=self._scorer.name,
            params_hash=hashlib.sha256(query.encode()).hexdigest()[:16],
        )
