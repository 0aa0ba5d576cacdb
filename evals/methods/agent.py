"""The agent as a method: one question, one answer with its evidence."""

from dataclasses import replace

from rewatch.agent.video_agent import VideoAgent
from rewatch.evals.methods import Gives, Prediction
from rewatch.evals.methods.setup import Setup
from rewatch.evals.methods.workplace import Workplace
from rewatch.evals.tasks.sample import Sample
from rewatch.memory.errors import ToolError
from rewatch.memory.types import Limits


class Agent:
    """Asks the agent with the run's memory; a video is indexed by the first question about it."""

    gives: frozenset[Gives] = frozenset({"choice", "text", "spans", "frames"})

    def __init__(self, place: Workplace, setup: Setup) -> None:
        """Take the settings; the run's own memory and limits stand in place of theirs."""
        self._place = place
        self._setup = setup
        self._agent: VideoAgent | None = None

    def predict(self, sample: Sample, limits: Limits) -> Prediction:
        """Ask."""
        agent = self._open(limits)
        path = self._place.video(sample)
        span = self._place.span(sample, self._place.library.recognise(path)) if sample.part else None
        answer = agent.ask(path, sample.question, options=sample.options or None, span=span)
        if answer.stopped == "error":
            raise ToolError(answer.missing or answer.text)
        return Prediction(
            answer.text,
            answer.choice,
            tuple((span.start_seconds, span.end_seconds) for span in answer.spans),
            answer.frame_seconds,
            answer.cost,
            extra={"found": answer.found, "confidence": answer.confidence, "stopped": answer.stopped},
        )

    def close(self) -> None:
        """Close the agent's memory."""
        if self._agent is not None:
            self._agent.close()

    def _open(self, limits: Limits) -> VideoAgent:
        if self._agent is None or self._agent.settings.limits != limits:
            self.close()
            settings = replace(self._setup.for_method(), library=self._place.library_folder, limits=limits)
            self._agent = VideoAgent(settings)
        return self._agent
