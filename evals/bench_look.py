"""What `look` costs outside the model, as a ratio to bare decoding plus the model's processor on the same frames.

`python -m rewatch.evals.bench_look FILE` looks at random spans with a model that is all processor: pictures are
encoded as an endpoint gets them or, with `--processor FOLDER`, prepared by the image processor of a transformers
model. Rounds of both ways alternate; the best of each is taken.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from rewatch.memory.ingest.decode import open_reader
from rewatch.memory.library import Library
from rewatch.memory.types import Cost, Frame, Limits, Span, VideoInfo
from rewatch.tools.context import ToolContext
from rewatch.tools.look import VISUAL_TOKENS, look
from rewatch.tools.meter import Meter
from rewatch.tools.models import Models
from rewatch.tools.vision import Reply, Seen
from rewatch.tools.vision.endpoint import pictures
from rewatch.tools.vision.frame_plan import plan_frames
from rewatch.tools.vision.scripted import ScriptedVlm

Processor = Callable[[Sequence[Frame]], object]

_UNLIMITED = Limits(None, None, None, None, None, None)


class ProcessorOnly(ScriptedVlm):
    """A model that prepares its pictures and then answers the same at once."""

    def __init__(self, processor: Processor) -> None:
        super().__init__({"": {"shown": False, "answer": "nothing", "frames": []}}, name="processor only")
        self.processor = processor
        self.shown: tuple[Frame, ...] = ()

    def answer(self, frames: Sequence[Frame], prompt: str, schema: type[Reply]) -> Seen[Reply]:
        """Prepare the pictures, and answer."""
        self.shown = tuple(frames)
        self.processor(frames)
        reply = super().answer(frames, prompt, schema).reply
        return Seen(reply, Cost())


def main(arguments: list[str] | None = None) -> int:
    """Measure one file and print the ratio; returns the exit status."""
    parser = argparse.ArgumentParser(prog="bench_look", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--processor", default="", help="name or folder of a transformers model")
    parser.add_argument("--spans", type=int, default=8, help="how many spans are looked at (default 8)")
    parser.add_argument("--seconds", type=float, default=20.0, help="length of a span (default 20)")
    parser.add_argument("--rounds", type=int, default=5, help="the best of so many is taken (default 5)")
    chosen = parser.parse_args(arguments)
    vlm = ProcessorOnly(_processor(chosen.processor))
    with tempfile.TemporaryDirectory() as folder, Library.open(Path(folder)) as library:
        video = library.recognise(chosen.file)
        spans = _spans(video, chosen.spans, chosen.seconds)
        ours, bare = 0.0, 0.0
        for span in spans:
            pairs = [_measure(library, video, vlm, span, number) for number in range(chosen.rounds)]
            ours += min(pair[0] for pair in pairs)
            bare += min(pair[1] for pair in pairs)
    width, height = vlm.shown[0].image.shape[1::-1]
    print(
        f"{video.path.name}: {len(spans)} spans of {chosen.seconds:g} s, {len(vlm.shown)} frames of {width}x{height}"
    )
    print(f"look / (decode + processor): {ours / bare:.2f} (at most 1.2); {ours:.3f} s, {bare:.3f} s")
    return 0


def _measure(
    library: Library, video: VideoInfo, vlm: ProcessorOnly, span: Span, number: int
) -> tuple[float, float]:
    """Seconds of one look, and of bare decoding and the processor on the frames that it showed."""
    context = ToolContext(library, (video,), meter=Meter(_UNLIMITED), models=Models(vlm=lambda: vlm))
    started = time.perf_counter()
    look(context, video.video_id, span, f"What happens, in round {number}?")
    looked = time.perf_counter()
    plan = plan_frames(span, (video.width, video.height), VISUAL_TOKENS, vlm.visual_tokens)
    shown = vlm.shown
    again = time.perf_counter()
    with open_reader(video) as reader:
        for _ in reader.at_many(plan.seconds):
            pass
    vlm.processor(shown)
    return looked - started, time.perf_counter() - again


def _spans(video: VideoInfo, count: int, seconds: float) -> list[Span]:
    drawn = random.Random(0)
    latest = max(video.duration_seconds - seconds, 0.0)
    starts = sorted(drawn.uniform(0.0, latest) for _ in range(count))
    return [Span(start, min(start + seconds, video.duration_seconds)) for start in starts]


def _processor(name: str) -> Processor:
    if not name:
        return pictures
    from transformers import AutoImageProcessor

    prepare = AutoImageProcessor.from_pretrained(name)  # type: ignore[no-untyped-call]
    return lambda frames: prepare(images=[frame.image for frame in frames], return_tensors="pt")


if __name__ == "__main__":
    raise SystemExit(main())
