"""Token compression for local models that look: what is asked for, and the inputs of the model changed by it.

Owns the text form of the setting and what is remembered of pictures that were compressed before. The methods and the
models' hooks are the work of `tools.compress`.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rewatch.memory.errors import SettingError
from rewatch.memory.types import PictureCompression
from rewatch.tools.compress.budget import TokenBudget

if TYPE_CHECKING:
    from rewatch.tools.compress.hooks.flow import Pictures

_REMEMBERED = 8
"""Clips whose compressed tokens are kept, the latest."""


@dataclass(frozen=True, slots=True)
class Compression:
    """How a model's pictures are compressed."""

    method: str
    budget: TokenBudget

    @classmethod
    def parse(cls, text: str) -> "Compression":
        """Read "METHOD:SHARE" (evs:0.25) or "METHOD:TOKENS" (rewatch:2048).

        Raises:
            SettingError: It is neither.
        """
        method, _, amount = text.rpartition(":")
        try:
            value = float(amount)
        except ValueError:
            value = 0.0
        if not method or not value > 0 or (value > 1 and not value.is_integer()):
            raise SettingError(
                f"compression {text!r}; write METHOD:SHARE such as rewatch:0.25, or METHOD:TOKENS such as rewatch:2048"
            )
        return cls(method, TokenBudget(ratio=value) if value <= 1 else TokenBudget(tokens=int(value)))


class Compressor:
    """Changes a model's inputs: pictures become compressed features. Called by one thread at a time.

    The result does not depend on the question, so that later questions about the same pictures use it again.
    """

    def __init__(self, compression: Compression) -> None:
        self._compression = compression
        self._known: OrderedDict[str, Pictures] = OrderedDict()

    def __call__(
        self, model: Any, inputs: Mapping[str, Any]
    ) -> tuple[Mapping[str, Any], PictureCompression | None]:
        """Compress the pictures; inputs without any are returned as they are.

        Raises:
            SettingError: There is no such method, or the model's family has no hook.
        """
        from rewatch.tools.compress.hooks import find_hook
        from rewatch.tools.compress.hooks.flow import compress_pictures, with_text

        hook = find_hook(model.config.model_type)
        if not any(name in inputs for name in hook.modalities.values()):
            return inputs, None
        key = _fingerprint(inputs)
        reused = key in self._known
        if not reused:
            method, budget = self._compression.method, self._compression.budget
            self._known[key] = compress_pictures(hook, model, inputs, method, budget)
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        made = self._known[key]
        spent = (0.0, 0.0) if reused else (made.vision_seconds, made.compress_seconds)
        done = PictureCompression(
            self._compression.method, made.before, made.after, made.after / made.before, *spent, reused
        )
        return with_text(hook, model, inputs, made).inputs, done


def _fingerprint(inputs: Mapping[str, Any]) -> str:
    """Tells pictures apart by everything about them, the text left out."""
    digest = hashlib.sha256()
    for name in sorted(inputs):
        value = inputs[name]
        if name in ("input_ids", "attention_mask", "mm_token_type_ids") or not hasattr(value, "float"):
            continue
        digest.update(f"{name} {tuple(value.shape)}".encode())
        digest.update(value.detach().float().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
