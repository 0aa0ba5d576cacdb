"""The models that the settings name, each opened at first use and kept for the life of an agent.

Owns which backend serves which setting, and the tape that their calls pass through.
"""

from functools import cached_property, partial
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rewatch.agent.settings import Settings
from rewatch.memory.encoders import Encoders
from rewatch.tools.meter import Meter
from rewatch.tools.models import Models
from rewatch.tools.vision import Prices, Vlm, open_vlm

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from rewatch.agent.chat.chat import Chat
    from rewatch.tools.replay import Tape
    from rewatch.tools.seek.scorers import Scorer


_LONGEST_SECONDS = 120.0
"""One attempt to reach a vision-language model; a run that may last less waits less."""


class Backends:
    """What answers the calls to models."""

    def __init__(
        self, settings: Settings, chat_model: "BaseChatModel | None" = None, vlm: Vlm | None = None
    ) -> None:
        """Open the tape, and nothing else.

        Args:
            settings: Which models there are.
            chat_model: An open chat model, in place of the one that `settings.planner` names.
            vlm: An open vision-language model, in place of the one that `settings.vlm` names.

        Raises:
            InputError: The file to record to exists, or the recording to replay cannot be read.
        """
        self._settings = settings
        self._chat_model = chat_model
        self._given_vlm = vlm
        self._tape = _open_tape(settings)
        self._models: dict[str, Models] = {}

    def models(self, encoder: str = "") -> Models:
        """What the tools may look with, an encoder of that name included; "" for none."""
        if encoder not in self._models:
            vlm = (lambda: self._vlm) if self._settings.vlm or self._given_vlm else None
            opener = partial(self.encoders.open, encoder) if encoder else None
            detector = self._detector if self._settings.detector else None
            self._models[encoder] = Models(vlm=vlm, encoder=opener, detector=detector)
        return self._models[encoder]

    @cached_property
    def encoders(self) -> Encoders:
        """Where encoders of frames and words come from."""
        from rewatch.memory.encoders.registry import RegisteredEncoders

        registered = RegisteredEncoders(self._settings.device, self._settings.dtype)
        if self._tape is None:
            return registered
        from rewatch.tools.recorded_encoder import RecordedEncoders

        return RecordedEncoders(registered, self._tape)

    def chat(self, meter: Meter) -> "Chat":
        """The chat model within one run, whose limits the meter holds."""
        from rewatch.agent.chat.chat import Chat

        return Chat(self._settings.planner, lambda: self._opened, meter, self._prices, self._tape)

    def close(self) -> None:
        """Close the recording, if there is one."""
        from rewatch.tools.replay import Recorder

        if isinstance(self._tape, Recorder):
            self._tape.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the recording; one of a run that broke off before any call is not kept."""
        from rewatch.tools.replay import Recorder

        if isinstance(self._tape, Recorder):
            self._tape.__exit__(kind, error, trace)

    @property
    def _prices(self) -> Prices:
        return Prices(self._settings.input_dollars, self._settings.output_dollars)

    @cached_property
    def _vlm(self) -> Vlm:
        model = self._open_vlm()
        if self._tape is not None:
            from rewatch.tools.vision.recorded import RecordedVlm

            model = RecordedVlm(model, self._tape)
        if self._settings.vlm_calibration is None:
            return model
        from rewatch.tools.vision.calibration import CalibratedVlm, Calibration

        return CalibratedVlm(model, Calibration.load(self._settings.vlm_calibration))

    def _open_vlm(self) -> Vlm:
        settings, remote = self._settings, self._settings.vlm.startswith("openai:")
        return self._given_vlm or open_vlm(
            settings.vlm,
            base_url=settings.base_url if remote else "",
            device=settings.device,
            dtype=settings.dtype,
            attention=settings.attention,
            panel=settings.panel if remote else 1,
            prices=self._prices,
            timeout_seconds=min(settings.limits.seconds or _LONGEST_SECONDS, _LONGEST_SECONDS),
            compression=self._settings.compression,
        )

    def _detector(self) -> "Scorer":
        from rewatch.tools.seek.scorers.detector import open_detector
        from rewatch.tools.seek.scorers.recorded import RecordedScorer

        name = self._settings.detector.removeprefix("hf:")
        opener = partial(open_detector, name, device=self._settings.device, dtype=self._settings.dtype)
        return RecordedScorer(opener, self._tape) if self._tape else opener()

    @cached_property
    def _opened(self) -> "BaseChatModel":
        if self._chat_model is not None:
            return self._chat_model
        from rewatch.agent.chat.providers import open_chat_model

        return open_chat_model(self._settings)


def _open_tape(settings: Settings) -> "Tape | None":
    if settings.record is None and settings.replay is None:
        return None
    from rewatch.tools.replay import Recorder, Replay

    return Recorder(settings.record) if settings.record else Replay(settings.replay)  # type: ignore[arg-type]
