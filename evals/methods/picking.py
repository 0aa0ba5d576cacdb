"""Published ways of picking frames, and `seek`, on real videos: each returns K frames after looking at others.

Looks are scored by the encoder of the settings, against the question's words, or by the detector, against what the
question names; at most `--max-frames` of them are made. A method's own text is in `rewatch.tools.seek.baselines`.
"""

from collections.abc import Sequence

import numpy as np

from rewatch.agent.backends import Backends
from rewatch.agent.question import ground
from rewatch.agent.targets import Sought, sought
from rewatch.evals.methods import Gives, Prediction
from rewatch.evals.methods.setup import Setup
from rewatch.evals.methods.workplace import Workplace
from rewatch.evals.tasks.sample import Sample
from rewatch.memory.encoders import Encoder
from rewatch.memory.errors import SettingError
from rewatch.memory.ingest.decode import FrameReader, open_reader
from rewatch.memory.types import Cost, Limits, VideoInfo
from rewatch.tools.context import ToolContext
from rewatch.tools.meter import Meter
from rewatch.tools.seek.baselines import BASELINES
from rewatch.tools.seek.baselines.looking import FeatureLooker, Task
from rewatch.tools.seek.looking import VideoLooker
from rewatch.tools.seek.looks import Looks, View
from rewatch.tools.seek.scorers.similarity import SimilarityScorer
from rewatch.tools.seek.timeline import Floats, Timeline
from rewatch.tools.seek.tool import seek

PICKERS = {
    "random": "random",
    "top": "top-k",
    "t-star": "T* (published)",
    "t-star-mended": "T* (mended)",
    "vsls": "VSLS",
    "aks": "AKS",
    "bolt": "BOLT",
    "q-frame": "Q-Frame",
    "dpp": "DPP",
    "video-tree": "VideoTree",
    "key-clips": "key clips",
}
"""Names of methods, and of what they are in `BASELINES`; "uniform" needs no eyes and is a method of its own."""


class Picking:
    """Frames that one published method picks."""

    gives: frozenset[Gives] = frozenset({"frames"})

    def __init__(self, place: Workplace, setup: Setup, name: str, count: int) -> None:
        """Choose the method; models are opened when it first looks.

        Raises:
            SettingError: The settings name neither an encoder nor a detector.
        """
        _require_eyes(setup)
        self._place, self._pick, self._count = place, BASELINES[PICKERS[name]], count
        self._encoder_name = setup.settings.encoder
        self._backends = Backends(setup.for_method())

    def predict(self, sample: Sample, limits: Limits) -> Prediction:
        """Pick frames of the video, or of the part that is asked about."""
        info, meter = self._place.info(sample), Meter(limits)
        span = self._place.span(sample, info)
        timeline = Timeline(span)
        most = timeline.num_cells if limits.frames is None else min(limits.frames, timeline.num_cells)
        with open_reader(info) as reader:
            looker = self._looker(sample, reader, meter)
            picked = self._pick(Task(looker, timeline, self._count, most, np.random.default_rng(0)))
        seconds = tuple(float(second) for second in picked[: self._count])
        return Prediction(frame_seconds=seconds, cost=meter.cost)

    def close(self) -> None:
        """Close the recording, if there is one."""
        self._backends.close()

    def _looker(self, sample: Sample, reader: FrameReader, meter: Meter) -> FeatureLooker:
        models = self._backends.models(self._encoder_name)
        if models.has("detector"):
            found = _sought(sample)
            queries = [found.targets[0], *found.cues[:1]]
            encoder = models.encoder if models.has("encoder") else None
            return _DetectorLooker(VideoLooker(reader, models.detector, queries, meter), reader, encoder)
        return _EncoderLooker(reader, models.encoder, sample.question, meter)


class Seeking:
    """Frames that `seek` finds for what the question names, best first."""

    gives: frozenset[Gives] = frozenset({"frames", "spans"})

    def __init__(self, place: Workplace, setup: Setup, count: int) -> None:
        """Take the settings; models are opened when it first looks.

        Raises:
            SettingError: The settings name neither an encoder nor a detector.
        """
        _require_eyes(setup)
        self._place, self._count = place, count
        self._encoder_name = setup.settings.encoder
        self._backends = Backends(setup.for_method())

    def predict(self, sample: Sample, limits: Limits) -> Prediction:
        """Seek in the video, or in the part that is asked about."""
        library, meter = self._place.library, Meter(limits)
        info: VideoInfo = library.prepare(self._place.video(sample))
        span = self._place.span(sample, info)
        context = ToolContext(library, (info,), span, meter, self._backends.models(self._encoder_name))
        found = _sought(sample)
        most = limits.frames or int(span.duration_seconds) + 1
        result = seek(
            context,
            info.video_id,
            found.targets,
            found.cues,
            found.relations,
            sample.question,
            max_looks=most,
        )
        ranked = sorted(result.moments, key=lambda seen: -(seen.probability or 0.0))
        seconds = dict.fromkeys(second for seen in ranked for second in seen.frame_seconds[:1])
        return Prediction(
            frame_seconds=tuple(seconds)[: self._count],
            spans=tuple((seen.span.start_seconds, seen.span.end_seconds) for seen in ranked),
            span_scores=tuple(seen.probability or 0.0 for seen in ranked),
            cost=meter.cost,
        )

    def close(self) -> None:
        """Close the recording, if there is one."""
        self._backends.close()


class _EncoderLooker:
    """Looks with a dual encoder, at each frame once."""

    price = SimilarityScorer.price

    def __init__(self, reader: FrameReader, encoder: Encoder, words: str, meter: Meter) -> None:
        self._reader, self._encoder, self._meter = reader, encoder, meter
        self._words: Floats = encoder.encode_texts([words]).astype(np.float64)
        self._known: dict[float, tuple[float, Floats]] = {}

    def look(self, seconds: Sequence[float], view: View) -> Looks:
        seen = self._see(seconds)
        vectors = np.array([vector for _, vector in seen])
        return Looks(np.array([at for at, _ in seen]), vectors @ self._words.T, view)

    def features(self, seconds: Sequence[float]) -> Floats:
        return np.array([vector for _, vector in self._see(seconds)])

    def _see(self, seconds: Sequence[float]) -> list[tuple[float, Floats]]:
        """Timestamp and vector of the frames at some instants, in ascending order of time."""
        wanted = sorted(seconds)
        new = [at for at in dict.fromkeys(wanted) if at not in self._known]
        if new:
            self._meter.charge(Cost(frames=len(new)))
            frames = list(self._reader.at_many(new))
            vectors = self._encoder.encode_images([frame.image for frame in frames]).astype(np.float64)
            for at, frame, vector in zip(new, frames, vectors, strict=True):
                self._known[at] = (frame.seconds, vector)
        return [self._known[at] for at in wanted]


class _DetectorLooker:
    """Looks with a detector; what frames look like, some methods need an encoder for."""

    def __init__(self, looker: VideoLooker, reader: FrameReader, encoder: Encoder | None) -> None:
        self.price = looker.price
        self._looker, self._reader, self._encoder = looker, reader, encoder

    def look(self, seconds: Sequence[float], view: View) -> Looks:
        return self._looker.look(seconds, view)

    def features(self, seconds: Sequence[float]) -> Floats:
        if self._encoder is None:
            raise SettingError("this method compares frames: name an encoder beside the detector")
        frames = self._reader.at_many(sorted(seconds))
        vectors: Floats = self._encoder.encode_images([frame.image for frame in frames]).astype(np.float64)
        return vectors


def _require_eyes(setup: Setup) -> None:
    if not (setup.settings.encoder or setup.settings.detector):
        raise SettingError(
            "picking frames needs eyes; name them with --set encoder=open_clip:NAME or --set detector=hf:NAME"
        )


def _sought(sample: Sample) -> Sought:
    """What a question names, or else all of its words."""
    question = ground(sample.question, 0.0, sample.options or None)
    return sought(question) or Sought((sample.question,))
