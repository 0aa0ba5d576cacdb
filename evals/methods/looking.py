"""A vision-language model on evenly spaced frames: the baseline that most papers compare with."""

from pydantic import BaseModel, Field

from rewatch.agent.backends import Backends
from rewatch.evals.methods import Gives, Prediction
from rewatch.evals.methods.baselines import midpoints
from rewatch.evals.methods.setup import Setup
from rewatch.evals.methods.workplace import Workplace
from rewatch.evals.tasks.sample import Sample
from rewatch.memory.errors import SettingError
from rewatch.memory.ingest.decode import open_reader
from rewatch.memory.types import Cost, Frame, Limits, Span, VideoInfo
from rewatch.prompts import render
from rewatch.tools.context import ToolContext
from rewatch.tools.meter import Meter
from rewatch.tools.vision.frame_plan import fit_size, resized
from rewatch.tools.vision.structured import form_of
from rewatch.tools.watch import ask

VISUAL_TOKENS = 8192
"""What all frames of a sample may take; they are made smaller to fit."""


class AnswerReply(BaseModel):
    """What the model says."""

    answer: str = Field(max_length=2000)


class Looking:
    """Shows the model K frames of the video, or of the part that is asked about, and takes its answer."""

    gives: frozenset[Gives] = frozenset({"choice", "text", "frames"})

    def __init__(self, place: Workplace, setup: Setup, count: int) -> None:
        """Name the model; it is loaded when it is first asked.

        Raises:
            SettingError: The settings name no vision-language model.
        """
        if not setup.settings.vlm:
            raise SettingError(
                "vlm-K needs a model; name one with --set vlm=hf:FOLDER or --set vlm=openai:MODEL"
            )
        self._place, self._count = place, count
        self._backends = Backends(setup.for_method())

    def predict(self, sample: Sample, limits: Limits) -> Prediction:
        """Ask about the frames."""
        info = self._place.info(sample)
        meter, span = Meter(limits), self._place.span(sample, info)
        context = ToolContext(self._place.library, (info,), span, meter, self._backends.models())
        frames = self._frames(context, info, span)
        options = "".join(f"{letter}. {text}\n" for letter, text in sample.options.items())
        prompt = render("choose", question=sample.question, options=options, form=form_of(AnswerReply))
        seen = ask(context, frames, prompt, AnswerReply)
        return Prediction(
            seen.reply.answer, frame_seconds=tuple(frame.seconds for frame in frames), cost=meter.cost
        )

    def close(self) -> None:
        """Close the recording, if there is one."""
        self._backends.close()

    def _frames(self, context: ToolContext, info: VideoInfo, span: Span) -> list[Frame]:
        context.meter.charge(Cost(frames=self._count))
        with open_reader(info) as reader:
            frames = list(reader.at_many(midpoints(span, self._count)))
        counter = context.models.vlm.visual_tokens
        width, height = fit_size((info.width, info.height), len(frames), VISUAL_TOKENS, counter)
        return [resized(frame, width, height) for frame in frames]
