"""A vision-language model on this machine, through transformers' generic image-text-to-text classes.

Owns loading, the conversation's layout and greedy decoding with log-probabilities. Any family that
`AutoModelForImageTextToText` knows works: Qwen2.5-VL, Qwen3-VL, LLaVA-OneVision, InternVL, SmolVLM2 are tested.
torch and transformers are imported when the model is first needed.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rewatch.memory.errors import InputError, SettingError, ToolError
from rewatch.memory.types import Cost, Frame, PictureCompression
from rewatch.prompts import render
from rewatch.tools.vision import Prices, Reply, Seen
from rewatch.tools.vision.footage import Footage
from rewatch.tools.vision.labels import label
from rewatch.tools.vision.structured import (
    MAX_NEW_TOKENS,
    Repair,
    Token,
    Written,
    at_most,
    validated,
    yes_probability,
)

_LIKELY_TOKENS = 50
_CACHED_SIZES = 256

Prepare = Callable[
    [Any, Mapping[str, Any], Footage | None], tuple[Mapping[str, Any], PictureCompression | None]
]
"""Takes the model, the processor's inputs and what is known of the frames; gives what `generate` is called with, and
what was done to the pictures' tokens: the place for token compression."""


@dataclass(frozen=True, slots=True)
class _Made:
    """What one decoding made."""

    ids: Any
    """New tokens, int64 `[L]`."""
    logits: Any
    """What they were chosen by, float32 `[L, vocabulary]`."""
    prompt_tokens: int
    """Tokens that went in, pictures included, after `prepare`."""
    compression: PictureCompression | None


def _unchanged(
    model: Any, inputs: Mapping[str, Any], footage: Footage | None
) -> tuple[Mapping[str, Any], None]:
    return inputs, None


class LocalVlm:
    """A model of transformers. It answers one question at a time, whatever thread asks."""

    def __init__(
        self,
        source: str,
        *,
        device: str = "auto",
        dtype: str = "auto",
        attention: str = "auto",
        prepare: Prepare = _unchanged,
        check_family: Callable[[str], object] | None = None,
        shown: str = "",
    ) -> None:
        """Remember what to load; nothing is loaded yet.

        Args:
            source: Name on the Hugging Face hub, or a folder.
            device: "auto", or torch's name of a device.
            dtype: "auto", or torch's name of a type.
            attention: "auto", or transformers' name of an implementation.
            prepare: Changes the inputs of the model, which come on its device.
            check_family: Refuses, with a SettingError, a type of model that `prepare` does not work for.
            shown: Says in its name what `prepare` does, so that its answers are told from those without.
        """
        self.name = f"hf:{source} {shown}".rstrip()
        self._source = source
        self.attention = attention
        self._device, self._dtype = device, dtype
        self._prepare, self._check_family = prepare, check_family
        self._lock = Lock()
        self._processor: Any = None
        self._model: Any = None
        self._frame_tokens = lru_cache(_CACHED_SIZES)(self._count_frame_tokens)

    def visual_tokens(self, frames: int, width: int, height: int) -> int:
        """Visual tokens of so many frames, told by the processor; the model is not loaded for it."""
        with self._lock:
            return frames * self._frame_tokens(width, height)

    def estimate(self, frames: int, width: int, height: int, prompt: str) -> Cost:
        """What an answer costs at most; only the processor is loaded."""
        visual = self.visual_tokens(frames, width, height)
        with self._lock:
            words = self._count_words(_conversation([0.0] * frames, prompt, None))
        return at_most(visual, words, Prices())

    def answer(
        self, frames: Sequence[Frame], prompt: str, schema: type[Reply], footage: Footage | None = None
    ) -> Seen[Reply]:
        """Ask about frames."""
        with self._lock:
            return validated(lambda repair: self._write(frames, prompt, repair, footage), schema)

    def yes_probability(self, frames: Sequence[Frame], question: str) -> float | None:
        """Probability of "yes" to a question about frames."""
        turns = _conversation(_times(frames), render("yes_or_no", question=question), None)
        with self._lock:
            made = self._generate(frames, turns, None, max_new_tokens=1)
            best = made.logits[0].log_softmax(-1).topk(min(_LIKELY_TOKENS, made.logits.shape[-1]))
            decode = self._processor.tokenizer.decode
            likely = [
                Token(decode([token]), logprob)
                for token, logprob in zip(best.indices.tolist(), best.values.tolist(), strict=True)
            ]
        return yes_probability(likely)

    def _write(
        self, frames: Sequence[Frame], prompt: str, repair: Repair | None, footage: Footage | None
    ) -> Written:
        turns = _conversation(_times(frames), prompt, repair)
        made = self._generate(frames, turns, footage, max_new_tokens=MAX_NEW_TOKENS)
        tokenizer = self._processor.tokenizer
        logprobs = made.logits.log_softmax(-1).gather(-1, made.ids[:, None])[:, 0].tolist()
        tokens = tuple(
            Token(tokenizer.decode([token]), logprob)
            for token, logprob in zip(made.ids.tolist(), logprobs, strict=True)
            if token not in tokenizer.all_special_ids
        )
        words = self._count_words(turns)
        cost = Cost(visual_tokens=made.prompt_tokens - words, llm_tokens=words + len(made.ids))
        text = tokenizer.decode(made.ids, skip_special_tokens=True)
        return Written(text, cost, tokens, made.compression)

    def _generate(
        self, frames: Sequence[Frame], turns: list[Any], footage: Footage | None, max_new_tokens: int
    ) -> _Made:
        """Decode greedily.

        Raises:
            ToolError: The model cannot be loaded, it ran out of memory, or the frames could not be prepared for it.
        """
        model = self._load_model()
        import torch

        inputs = self._inputs([frame.image for frame in frames], turns).to(model.device, model.dtype)
        try:
            prepared, compression = self._prepare(model, inputs, footage)
            with torch.inference_mode():
                out = model.generate(
                    **prepared,
                    max_new_tokens=max_new_tokens,
                    do_sample=False,
                    temperature=None,
                    top_p=None,
                    top_k=None,
                    output_logits=True,
                    return_dict_in_generate=True,
                )
        except torch.OutOfMemoryError as error:
            raise ToolError(
                f"{self.name} ran out of memory on {len(frames)} frames; ask for fewer visual tokens"
            ) from error
        except (InputError, SettingError) as error:
            raise ToolError(f"{self.name} cannot be shown these frames: {error}") from error
        logits = torch.cat(out.logits).float()
        new_ids = out.sequences[0, -len(logits) :]
        return _Made(new_ids, logits, prepared["input_ids"].shape[1], compression)

    def _count_words(self, turns: list[Any]) -> int:
        """Tokens of a conversation without its pictures."""
        texts = [{**turn, "content": [part for part in turn["content"] if "text" in part]} for turn in turns]
        return int(self._inputs([], texts)["input_ids"].shape[1])

    def _inputs(self, images: Sequence[NDArray[np.uint8]], turns: list[Any]) -> Any:
        processor = self._load_processor()
        text = processor.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
        return processor(images=list(images) or None, text=[text], return_tensors="pt")

    def _count_frame_tokens(self, width: int, height: int) -> int:
        """How many tokens a frame takes, marks around it included, told by the processor itself."""
        blank, image = np.zeros((height, width, 3), np.uint8), [{"type": "image"}]
        length = self._inputs([blank], [{"role": "user", "content": image}])["input_ids"].shape[1]
        without = self._inputs([], [{"role": "user", "content": []}])["input_ids"].shape[1]
        return int(length - without)

    def _load_processor(self) -> Any:
        if self._processor is None:
            self._processor = self._loaded("AutoProcessor")
        return self._processor

    def _load_model(self) -> Any:
        if self._model is None:
            self._load_processor()
            if self._check_family is not None:
                self._check(self._check_family)
            chosen = {} if self.attention == "auto" else {"attn_implementation": self.attention}
            device = _device(self._device)
            spread = {"device_map": "auto"} if device == "auto" else {}
            model = self._loaded("AutoModelForImageTextToText", dtype=self._dtype, **chosen, **spread)
            self._model = (model if spread else model.to(device)).eval()
        return self._model

    def _check(self, check_family: Callable[[str], object]) -> None:
        """Refuse a family before its weights are loaded."""
        try:
            check_family(self._loaded("AutoConfig").model_type)
        except SettingError as error:
            raise ToolError(f"{self.name}: {error}") from error

    def _loaded(self, kind: str, **how: Any) -> Any:
        try:
            import transformers

            if not sys.stderr.isatty():
                transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
            return getattr(transformers, kind).from_pretrained(self._source, **how)
        except (OSError, ValueError, ImportError, RuntimeError, KeyError) as error:
            reason = str(_first_cause(error)).strip().split("\n")[0]
            raise ToolError(
                f"{self.name} cannot be loaded: {reason}; name a folder or a model of the hub that "
                "transformers knows as image-text-to-text, and see `rewatch doctor`"
            ) from error


def _first_cause(error: BaseException) -> BaseException:
    """What an error goes back to: transformers hides why an import failed behind one of its own."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def _times(frames: Sequence[Frame]) -> list[float]:
    return [frame.seconds for frame in frames]


def _conversation(frame_seconds: Sequence[float], prompt: str, repair: Repair | None) -> list[Any]:
    """The turns, a line with number and time before each picture."""
    content: list[dict[str, str]] = []
    for number, seconds in enumerate(frame_seconds, start=1):
        content += [{"type": "text", "text": label(number, seconds)}, {"type": "image"}]
    content.append({"type": "text", "text": prompt})
    turns: list[Any] = [{"role": "user", "content": content}]
    if repair is not None:
        turns += [_turn("assistant", repair.reply), _turn("user", repair.request)]
    return turns


def _turn(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "content": [{"type": "text", "text": text}]}


def _device(wished: str) -> str:
    """The device that "auto" means here: all GPUs, or the CPU."""
    import torch

    if wished != "auto" or torch.cuda.is_available():
        return wished
    return "cpu"
