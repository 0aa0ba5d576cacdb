"""Token compression for local models that look: what is asked for, and the inputs of the model changed by it.

Owns the text form of the setting, and when pictures that were compressed before are used again. The methods and the
models' hooks are the work of `tools.compress`.
"""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rewatch.memory.errors import SettingError
from rewatch.memory.types import PictureCompression
from rewatch.tools.compress.budget import TokenBudget
from rewatch.tools.compress.methods import check_name
from rewatch.tools.vision.footage import Footage

if TYPE_CHECKING:
    from rewatch.tools.compress.hooks.flow import Outlines, Pictures
    from rewatch.tools.compress.hooks.hook import Hook
    from rewatch.tools.compress.hooks.outlined import Question
    from rewatch.tools.compress.method import Method

_LAYOUT = 1
"""Of what is kept in the memory; another number makes the old files useless."""
_REMEMBERED = 8
"""Clips that are kept in the process, the latest."""
_TEXT = ("input_ids", "attention_mask", "mm_token_type_ids")


@dataclass(frozen=True, slots=True)
class Compression:
    """How a model's pictures are compressed."""

    method: str
    budget: TokenBudget

    @classmethod
    def parse(cls, text: str) -> "Compression":
        """Read "METHOD:SHARE" (evs:0.25) or "METHOD:TOKENS" (rewatch:2048); no method is imported for it.

        Raises:
            SettingError: It is neither, or there is no such method.
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
        check_name(method)
        return cls(method, TokenBudget(ratio=value) if value <= 1 else TokenBudget(tokens=int(value)))


def compression_of(vlm: str, text: str) -> Compression | None:
    """How the pictures of a model are compressed; None where nothing is asked for.

    Args:
        vlm: Names the model, as in `open_vlm`.
        text: The setting, or "".

    Raises:
        SettingError: The setting says nothing that works, or the model is behind an endpoint.
    """
    compression = Compression.parse(text) if text else None
    if compression and vlm.startswith("openai:"):
        raise SettingError(
            f"compression {text!r} for {vlm!r}, which is behind an endpoint: show it fewer or smaller frames instead"
        )
    return compression


class Compressor:
    """Changes a model's inputs: pictures become compressed features. Called by one thread at a time.

    What does not depend on the question is done once for the same pictures: it is kept in the process, and in the
    memory of the video where it is told which one that is.
    """

    def __init__(self, compression: Compression) -> None:
        self._compression = compression
        self._kept: OrderedDict[str, Outlines] = OrderedDict()
        self._last: tuple[Footage, str, Pictures] | None = None

    def __call__(
        self, model: Any, inputs: Mapping[str, Any], footage: Footage | None = None
    ) -> tuple[Mapping[str, Any], PictureCompression | None]:
        """Compress the pictures; inputs without any are returned as they are.

        Args:
            model: The model.
            inputs: What its processor made.
            footage: What is known of the frames; a second call about the same footage shows the same again.

        Raises:
            SettingError: The model's family has no hook.
        """
        from rewatch.tools.compress.hooks import find_hook
        from rewatch.tools.compress.hooks.flow import with_text
        from rewatch.tools.compress.methods import find_method

        hook = find_hook(model.config.model_type)
        method = find_method(self._compression.method)
        if not any(name in inputs for name in hook.modalities.values()):
            return inputs, None
        space = _space(model)
        shots = footage.shots if footage else None
        key = _digest([_LAYOUT, space, repr(method), repr(self._compression.budget), shots], inputs)
        made, reused = self._again(footage, key), True
        if made is None:
            outlines, reused = self._outlined(hook, model, inputs, method, footage, key)
            made = self._finished(hook, outlines, method, footage, space)
        if footage is not None:
            self._last = footage, key, made
        done = PictureCompression(
            method.name,
            made.before,
            made.after,
            made.after / made.before,
            made.vision_seconds,
            made.compress_seconds,
            reused,
        )
        return with_text(hook, model, inputs, made).inputs, done

    def _again(self, footage: Footage | None, key: str) -> "Pictures | None":
        """What was shown for this footage already: the repair of a reply is about the same pictures."""
        if footage is None or self._last is None or self._last[0] is not footage or self._last[1] != key:
            return None
        return replace(self._last[2], vision_seconds=0.0, compress_seconds=0.0)

    def _outlined(
        self,
        hook: "Hook",
        model: Any,
        inputs: Mapping[str, Any],
        method: "Method",
        footage: Footage | None,
        key: str,
    ) -> "tuple[Outlines, bool]":
        """What does not depend on the question, and whether it was there already."""
        from rewatch.tools.compress.hooks.flow import outline_pictures
        from rewatch.tools.compress.hooks.outlined import Question
        from rewatch.tools.compress.hooks.packing import packed, unpacked

        started = time.perf_counter()
        found = self._kept.get(key)
        if found is None and footage is not None:
            data = footage.pictures.get(footage.video_id, key)
            found = None if data is None else unpacked(data, model.device)
        reused = found is not None
        if found is None:
            question = Question(shots=footage.shots if footage else None)
            found = outline_pictures(hook, model, inputs, method, self._compression.budget, question)
            if footage is not None:
                footage.pictures.put(footage.video_id, key, packed(found))
        self._kept[key] = replace(found, vision_seconds=0.0, compress_seconds=0.0)
        self._kept.move_to_end(key)
        while len(self._kept) > _REMEMBERED:
            self._kept.popitem(last=False)
        if reused:
            found = replace(found, compress_seconds=time.perf_counter() - started)
        return found, reused

    def _finished(
        self, hook: "Hook", outlines: "Outlines", method: "Method", footage: Footage | None, space: str
    ) -> "Pictures":
        """What is kept for the question at hand."""
        from rewatch.tools.compress.hooks.flow import narrow_pictures
        from rewatch.tools.compress.hooks.outlined import Question

        question = Question()
        if footage is not None and method.uses_question:
            question = _question(footage, space)
        return narrow_pictures(hook, outlines, method, self._compression.budget, question)


def _question(footage: Footage, space: str) -> "Question":
    import torch

    from rewatch.tools.compress.hooks.outlined import Question

    weights = torch.tensor(footage.relevance(), dtype=torch.float32)
    return Question(weights, footage.shots, footage.shown.setdefault(space, {}))


def _space(model: Any) -> str:
    """Tells the features of one model from those of another: its weights, type and the code that runs them."""
    import transformers

    from rewatch.memory.encoders.weights import digest

    source = Path(model.name_or_path)
    commit = getattr(model.config, "_commit_hash", None)
    weights = digest(source) if source.is_dir() else f"{model.name_or_path}@{commit}"
    return f"{model.config.model_type} {weights} {model.dtype} transformers {transformers.__version__}"


def _digest(told: list[Any], inputs: Mapping[str, Any]) -> str:
    """Tells compressed pictures apart by everything about them, the text left out."""
    digest = hashlib.blake2b(repr(told).encode(), digest_size=16)
    for name in sorted(inputs):
        value = inputs[name]
        if name in _TEXT or not hasattr(value, "float"):
            continue
        digest.update(f"{name} {tuple(value.shape)}".encode())
        digest.update(value.detach().float().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
