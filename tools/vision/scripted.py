"""A vision-language model whose answers are given beforehand: for tests, demonstrations and truth by construction.

Owns no picture understanding at all: what it says of frames is what a function, or a table, says of them.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from rewatch.memory.errors import ModelOutputError
from rewatch.memory.types import Cost, Frame
from rewatch.tools.vision import Reply, Seen
from rewatch.tools.vision.footage import Footage

Script = Callable[[Sequence[Frame], str], Mapping[str, Any]]
"""Takes frames and prompt, gives the fields of the reply."""

_PATCH_PIXELS = 28
_WORD_TOKENS = 2


class ScriptedVlm:
    """Answers by a script."""

    def __init__(
        self,
        script: Script | Mapping[str, Mapping[str, Any]],
        *,
        yes: Callable[[Sequence[Frame], str], float | None] = lambda frames, question: None,
        name: str = "scripted",
    ) -> None:
        """Take the answers.

        Args:
            script: A function; or a table from a part of the prompt to the fields of the reply. A field
                `probability` that the reply's schema does not know becomes that of the answer.
            yes: The probability of "yes" to a question about frames.
            name: Names it in observations.
        """
        self.name = name
        self._script = script
        self._yes = yes

    def visual_tokens(self, frames: int, width: int, height: int) -> int:
        """One for each square of 28 pixels, as Qwen2.5-VL counts."""
        return frames * math.ceil(width / _PATCH_PIXELS) * math.ceil(height / _PATCH_PIXELS)

    def estimate(self, frames: int, width: int, height: int, prompt: str) -> Cost:
        """The same as the answer then costs."""
        return Cost(
            visual_tokens=self.visual_tokens(frames, width, height),
            llm_tokens=_WORD_TOKENS * len(prompt.split()),
        )

    def answer(
        self, frames: Sequence[Frame], prompt: str, schema: type[Reply], footage: Footage | None = None
    ) -> Seen[Reply]:
        """Answer as the script says; a script that does not fit the schema is a reply that does not validate."""
        told = self._script(frames, prompt) if callable(self._script) else self._looked_up(prompt)
        try:
            reply = schema.model_validate(told)
        except ValidationError as error:
            raise ModelOutputError(
                f"{self.name} does not fit the form: {error.errors()[0]['msg']}"
            ) from error
        height, width = frames[0].image.shape[:2] if frames else (0, 0)
        return Seen(reply, self.estimate(len(frames), width, height, prompt), told.get("probability"))

    def yes_probability(self, frames: Sequence[Frame], question: str) -> float | None:
        """The probability that the script says."""
        return self._yes(frames, question)

    def _looked_up(self, prompt: str) -> Mapping[str, Any]:
        assert not callable(self._script)
        for part, told in self._script.items():
            if part in prompt:
                return told
        raise ModelOutputError(f"the script of {self.name} says nothing to this prompt: {prompt[:80]!r}")
