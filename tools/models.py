"""The models that a run may look with, each opened at first use.

Owns the waiting: a run that never looks never pays for loading. Which models there are is for the settings to
say; what each can do is told by its own contract.
"""

from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal, cast

from rewatch.memory.encoders import Encoder
from rewatch.memory.errors import ToolError
from rewatch.tools.vision import Vlm

if TYPE_CHECKING:
    from rewatch.tools.seek.scorers import Scorer

Role = Literal["vlm", "encoder", "detector"]
"""What a model is for: to be asked about frames, to compare frames with words, or to find what words name on them."""


class Models:
    """The models of a run. Safe to use from several threads; a model is opened once."""

    def __init__(
        self,
        *,
        vlm: Callable[[], Vlm] | None = None,
        encoder: Callable[[], Encoder] | None = None,
        detector: "Callable[[], Scorer] | None" = None,
    ) -> None:
        """Take what opens each model; None where the settings name none."""
        self._openers: dict[Role, Callable[[], Any]] = {}
        if vlm is not None:
            self._openers["vlm"] = vlm
        if encoder is not None:
            self._openers["encoder"] = encoder
        if detector is not None:
            self._openers["detector"] = detector
        self._opened: dict[Role, Any] = {}
        self._lock = Lock()

    def has(self, role: Role) -> bool:
        """Whether the settings name a model for this; it is not opened."""
        return role in self._openers

    @property
    def vlm(self) -> Vlm:
        """The vision-language model.

        Raises:
            ToolError: None is set, or it cannot be opened.
        """
        return cast(Vlm, self._open("vlm"))

    @property
    def encoder(self) -> Encoder:
        """The encoder of pictures and words.

        Raises:
            ToolError: None is set, or it cannot be opened.
        """
        return cast(Encoder, self._open("encoder"))

    @property
    def detector(self) -> "Scorer":
        """The open-vocabulary detector.

        Raises:
            ToolError: None is set, or it cannot be opened.
        """
        return cast("Scorer", self._open("detector"))

    def _open(self, role: Role) -> Any:
        with self._lock:
            if role not in self._openers:
                raise ToolError(f"no {role} is set; name one with --{role}, or choose a --preset")
            if role not in self._opened:
                self._opened[role] = self._openers[role]()
            return self._opened[role]
