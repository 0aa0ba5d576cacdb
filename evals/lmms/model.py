"""The agent as a model of lmms-eval: `lmms-eval --model rewatch --tasks videomme`.

`RewatchModel` is made when it is first asked for, because its base class is lmms-eval's.
"""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from rewatch.agent.settings import Settings
from rewatch.agent.video_agent import VideoAgent
from rewatch.evals.tasks.files import FormatError
from rewatch.evals.tasks.readers.parts import split_options
from rewatch.memory.errors import InputError, RewatchError
from rewatch.memory.folder import default_folder
from rewatch.memory.types import Limits


def __getattr__(name: str) -> Any:
    if name == "RewatchModel":
        return _model_class()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def reply(agent: VideoAgent, context: str, visuals: Sequence[object]) -> str:
    """Answer one request: the letter of a multiple choice, else the answer's text; "" when the agent fails.

    Args:
        agent: The agent.
        context: The prompt, with options as lettered lines below the question where there are any.
        visuals: Paths of videos.

    Raises:
        InputError: The request is not about one video file.
    """
    paths = [visual for visual in visuals if isinstance(visual, str | Path)]
    if len(paths) != 1:
        raise InputError(f"a request with {len(paths)} video files; the model answers about one")
    try:
        question, options = split_options(context)
    except FormatError:
        question, options = context.strip(), {}
    try:
        answer = agent.ask(paths[0], question, options=options or None)
    except RewatchError:  # lmms-eval has no place for failures: an empty reply is scored as wrong
        return ""
    return answer.choice or answer.text


@cache
def _model_class() -> type:
    from lmms_eval.api.model import lmms

    class RewatchModel(lmms):  # type: ignore[misc]
        """Rewatch's agent; `--model_args library=DIR,max_seconds=60`."""

        is_simple = True

        def __init__(self, library: str = "", max_seconds: float | None = None, **_: object) -> None:
            super().__init__()
            folder = Path(library) if library else default_folder()
            limits = Limits(seconds=float(max_seconds) if max_seconds else None)
            self._agent = VideoAgent(Settings(library=folder, limits=limits))

        def generate_until(self, requests: Sequence[Any]) -> list[str]:
            return [self._answer(*request.args) for request in requests]

        def generate_until_multi_round(self, requests: Sequence[Any]) -> list[str]:
            raise NotImplementedError("the agent answers one question at a time")

        def loglikelihood(self, requests: Sequence[Any]) -> list[tuple[float, bool]]:
            raise NotImplementedError("the agent tells no likelihoods")

        def _answer(
            self,
            context: str,
            _kwargs: object,
            visuals_of: Callable[[Any], Sequence[object]],
            document: Any,
            task: str,
            split: str,
        ) -> str:
            return reply(self._agent, context, visuals_of(self.task_dict[task][split][document]))

    return RewatchModel
