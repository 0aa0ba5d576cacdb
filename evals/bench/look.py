"""`rewatch bench look`: what a look costs outside the model, against bare decoding and the model's processor.

Looks at random spans with a model that is all processor: pictures are encoded as an endpoint gets them or, with
`--processor`, prepared by the image processor of a transformers model. Rounds of both ways alternate; the best of
each is taken. Processor time, all threads of this process, is told beside it: on a busy machine it says more.
"""

import random
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from rewatch.agent.cli.options import JsonOption
from rewatch.agent.cli.printing import make_console, print_json
from rewatch.memory.ingest.decode import open_reader
from rewatch.memory.library import Library
from rewatch.memory.types import Cost, Frame, Limits, Span, VideoInfo
from rewatch.tools.context import ToolContext
from rewatch.tools.look import VISUAL_TOKENS
from rewatch.tools.look import look as look_at
from rewatch.tools.meter import Meter
from rewatch.tools.models import Models
from rewatch.tools.vision import Reply, Seen
from rewatch.tools.vision.endpoint import pictures
from rewatch.tools.vision.footage import Footage
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

    def answer(
        self, frames: Sequence[Frame], prompt: str, schema: type[Reply], footage: Footage | None = None
    ) -> Seen[Reply]:
        """Prepare the pictures, and answer."""
        self.shown = tuple(frames)
        self.processor(frames)
        reply = super().answer(frames, prompt, schema).reply
        return Seen(reply, Cost())


def look(
    file: Annotated[Path, typer.Argument(metavar="VIDEO", help="A video file.")],
    processor: Annotated[
        str, typer.Option("--processor", metavar="MODEL", help="Name or folder of a transformers model.")
    ] = "",
    spans: Annotated[int, typer.Option("--spans", metavar="N", min=1, help="Look at so many spans.")] = 8,
    seconds: Annotated[float, typer.Option("--seconds", metavar="S", help="Length of a span.")] = 20.0,
    rounds: Annotated[
        int, typer.Option("--rounds", metavar="N", min=1, help="Take the best of so many.")
    ] = 5,
    as_json: JsonOption = False,
) -> None:
    """Measure a look whose model only prepares its pictures, as a ratio to decoding and preparing the same."""
    vlm = ProcessorOnly(_processor(processor))
    ours, bare = _Spent(0.0, 0.0), _Spent(0.0, 0.0)
    with tempfile.TemporaryDirectory() as folder, Library.open(Path(folder)) as library:
        video = library.recognise(file)
        for span in _spans(video, spans, seconds):
            pairs = [_measure(library, video, vlm, span, number) for number in range(rounds)]
            ours += _Spent.least([pair[0] for pair in pairs])
            bare += _Spent.least([pair[1] for pair in pairs])
    width, height = vlm.shown[0].image.shape[1::-1]
    if as_json:
        told = {"ratio": ours.wall / bare.wall, "look_s": ours.wall, "bare_s": bare.wall}
        told["processor_ratio"] = ours.processor / bare.processor
        print_json({**told, "frames_in_last_span": len(vlm.shown)})
        return
    console = make_console()
    shown = f"{len(vlm.shown)} frames of {width}x{height}"
    console.print(f"{video.path.name}: {spans} spans of {seconds:g} s, {shown}", markup=False)
    ratio = f"look / (decode + processor): {ours.wall / bare.wall:.2f} (at most 1.2)"
    by_processor = f"by processor time {ours.processor / bare.processor:.2f}"
    console.print(f"{ratio}; {ours.wall:.3f} s, {bare.wall:.3f} s; {by_processor}", markup=False)


@dataclass(frozen=True, slots=True)
class _Spent:
    """Seconds that some work took."""

    wall: float
    processor: float

    @classmethod
    def since(cls, start: "_Spent | None" = None) -> "_Spent":
        """The clocks as they stand, or how far they have moved on."""
        now = cls(time.perf_counter(), time.process_time())
        return now if start is None else cls(now.wall - start.wall, now.processor - start.processor)

    @classmethod
    def least(cls, rounds: "Sequence[_Spent]") -> "_Spent":
        return cls(min(spent.wall for spent in rounds), min(spent.processor for spent in rounds))

    def __add__(self, other: "_Spent") -> "_Spent":
        return _Spent(self.wall + other.wall, self.processor + other.processor)


def _measure(
    library: Library, video: VideoInfo, vlm: ProcessorOnly, span: Span, number: int
) -> tuple[_Spent, _Spent]:
    """What one look takes, and what bare decoding and the processor take on the frames that it showed."""
    context = ToolContext(library, (video,), meter=Meter(_UNLIMITED), models=Models(vlm=lambda: vlm))
    started = _Spent.since()
    look_at(context, video.video_id, span, f"What happens, in round {number}?")
    looked = _Spent.since(started)
    plan = plan_frames(span, (video.width, video.height), VISUAL_TOKENS, vlm.visual_tokens)
    shown = vlm.shown
    again = _Spent.since()
    with open_reader(video) as reader:
        for _ in reader.at_many(plan.seconds):
            pass
    vlm.processor(shown)
    return looked, _Spent.since(again)


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
