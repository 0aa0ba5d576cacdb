"""Compression inside current transformers models: vision tower, compressor, language model.

Owns the table of families. `compress_inputs` is what a caller needs; a family without a hook is told so, with
frame-level reduction as the way out.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from rewatch.memory.errors import SettingError
from rewatch.tools.compress.budget import TokenBudget

if TYPE_CHECKING:
    from rewatch.tools.compress.hooks.flow import Prepared
    from rewatch.tools.compress.hooks.hook import Hook
    from rewatch.tools.compress.hooks.outlined import Question
    from rewatch.tools.compress.method import Method

HOOKS: dict[str, str] = {
    "qwen2_5_vl": "qwen:Qwen25Hook",
    "qwen3_vl": "qwen:Qwen3Hook",
    "llava_onevision": "llava_onevision:LlavaOnevisionHook",
    "smolvlm": "frames_as_images:SmolVlmHook",
    "internvl": "frames_as_images:InternVlHook",
}
"""Model type of transformers' configurations, and the hook: module and class."""


def find_hook(model_type: str) -> "Hook":
    """The hook of a family.

    Raises:
        SettingError: The family has none.
    """
    if model_type not in HOOKS:
        raise SettingError(
            f"no token compression for models of type {model_type!r}, only for {', '.join(HOOKS)}; "
            "show fewer or smaller frames instead"
        )
    module, _, name = HOOKS[model_type].partition(":")
    hook: Hook = getattr(import_module(f"{__name__}.{module}"), name)()
    return hook


def compress_inputs(
    model: Any,
    inputs: Mapping[str, Any],
    *,
    method: "str | Method",
    budget: TokenBudget,
    question: "Question | None" = None,
) -> "Prepared":
    """Encode and compress the pictures of a batch for `model.generate(**prepared.inputs)`.

    Args:
        model: A conditional-generation model of one of `HOOKS`, in evaluation mode.
        inputs: What its processor made, on the model's device, padded on the left.
        method: How to compress: a name, or a method with parameters.
        budget: Visual tokens that each sample may keep.
        question: What else is known: relevance and shots of the pictures, what was shown before, a generator.

    Returns:
        The shortened inputs, what was kept, and the time that it took.

    Raises:
        SettingError: The model's family has no hook, or there is no such method.
        InputError: The inputs are not what its processor makes, or hold no pictures.
    """
    from rewatch.tools.compress.hooks.flow import narrow_pictures, outline_pictures, with_text
    from rewatch.tools.compress.hooks.outlined import Question
    from rewatch.tools.compress.methods import check_name, find_method

    if isinstance(method, str):
        check_name(method)
    hook, chosen, known = find_hook(model.config.model_type), find_method(method), question or Question()
    outlines = outline_pictures(hook, model, inputs, chosen, budget, known)
    return with_text(hook, model, inputs, narrow_pictures(hook, outlines, chosen, budget, known))
