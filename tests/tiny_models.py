"""Vision-language models of the real families, made small: random weights, real processors, a trained tokenizer.

Each is built from its own configuration and saved to a folder, as a download would lie there, so that the code
under test loads it by the generic classes. Weights say nothing; shapes, tokens and positions are those of the family.
Run as `python tests/tiny_models.py FAMILY FOLDER` to write one.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torchvision_stub  # noqa: F401 - before transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    GotOcr2ImageProcessor,
    InternVLConfig,
    InternVLForConditionalGeneration,
    InternVLProcessor,
    InternVLVideoProcessor,
    LlavaOnevisionConfig,
    LlavaOnevisionForConditionalGeneration,
    LlavaOnevisionImageProcessor,
    LlavaOnevisionProcessor,
    LlavaOnevisionVideoProcessor,
    PreTrainedTokenizerFast,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2_5_VLProcessor,
    Qwen2VLImageProcessor,
    Qwen2VLVideoProcessor,
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
    Qwen3VLProcessor,
    Qwen3VLVideoProcessor,
    SmolVLMConfig,
    SmolVLMForConditionalGeneration,
    SmolVLMImageProcessor,
    SmolVLMProcessor,
    SmolVLMVideoProcessor,
)

_SPECIAL = (
    *("<|endoftext|>", "<|im_start|>", "<|im_end|>"),
    *("<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"),
    *("<image>", "<video>", "<fake_token_around_image>", "<global-img>", "<end_of_utterance>"),
    *("<img>", "</img>", "<IMG_CONTEXT>"),
    *(f"<row_{row}_col_{column}>" for row in range(1, 5) for column in range(1, 5)),
)
_LETTERS = """
When does the red car stop, and where is the person who wears a blue coat? {"shown": true, "answer": "yes",
"frames": [1, 2, 3]} {"shown": false, "answer": "no", "frames": []} Frame 1 at 0:01.0 user assistant Yes No true false
"""
_TEMPLATE = (
    "{%% for message in messages %%}<|im_start|>{{ message['role'] }}\n"
    "{%% if message['content'] is string %%}{{ message['content'] }}{%% else %%}"
    "{%% for part in message['content'] %%}"
    "{%% if part['type'] == 'image' %%}%(image)s{%% elif part['type'] == 'video' %%}%(video)s"
    "{%% else %%}{{ part['text'] }}{%% endif %%}{%% endfor %%}{%% endif %%}"
    "<|im_end|>\n{%% endfor %%}{%% if add_generation_prompt %%}<|im_start|>assistant\n{%% endif %%}"
)
_HIDDEN = 32
_TEXT = {
    "hidden_size": _HIDDEN,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 32_768,
}
_QWEN_TOKENS = {
    "image_token_id": "<|image_pad|>",
    "video_token_id": "<|video_pad|>",
    "vision_start_token_id": "<|vision_start|>",
    "vision_end_token_id": "<|vision_end|>",
}
_QWEN_MARKS = {
    "image": "<|vision_start|><|image_pad|><|vision_end|>",
    "video": "<|vision_start|><|video_pad|><|vision_end|>",
}


def save_tiny(family: str, folder: Path) -> Path:
    """Write a tiny model with its processor.

    Args:
        family: One of `FAMILIES`.
        folder: Where to; made when it is not there.

    Returns:
        The folder.
    """
    torch.manual_seed(0)
    model, processor = FAMILIES[family](_tokenizer())
    model.generation_config.eos_token_id = processor.tokenizer.convert_tokens_to_ids("<|im_end|>")
    model.generation_config.pad_token_id = processor.tokenizer.pad_token_id
    model.eval().save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def _tokenizer() -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer, trained here on a few lines; it can say anything."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=list(_SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_LETTERS.splitlines(), trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<|endoftext|>",
        eos_token="<|im_end|>",
        extra_special_tokens={
            "start_image_token": "<img>",
            "end_image_token": "</img>",
            "context_image_token": "<IMG_CONTEXT>",
            "video_token": "<video>",
        },
    )


def _ids(tokenizer: Any, names: dict[str, str]) -> dict[str, int]:
    return {name: tokenizer.convert_tokens_to_ids(token) for name, token in names.items()}


def _text(tokenizer: Any, **more: Any) -> dict[str, Any]:
    ends = {
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": None,
    }
    return {**_TEXT, "vocab_size": len(tokenizer), **ends, **more}


def _qwen25(tokenizer: Any) -> tuple[Any, Any]:
    config = Qwen2_5_VLConfig(
        text_config=_text(
            tokenizer,
            rope_parameters={"rope_type": "default", "rope_theta": 10_000.0, "mrope_section": [1, 1, 2]},
        ),
        vision_config={
            "depth": 2,
            "hidden_size": _HIDDEN,
            "intermediate_size": 64,
            "num_heads": 2,
            "out_hidden_size": _HIDDEN,
            "fullatt_block_indexes": [1],
        },
        **_ids(tokenizer, _QWEN_TOKENS),
    )
    sizes = {"shortest_edge": 56 * 56, "longest_edge": 448 * 448}
    processor = Qwen2_5_VLProcessor(
        Qwen2VLImageProcessor(size=sizes),
        tokenizer,
        Qwen2VLVideoProcessor(size=sizes),
        chat_template=_TEMPLATE % _QWEN_MARKS,
    )
    return Qwen2_5_VLForConditionalGeneration(config), processor


def _qwen3(tokenizer: Any) -> tuple[Any, Any]:
    config = Qwen3VLConfig(
        text_config=_text(
            tokenizer,
            head_dim=8,
            rope_parameters={
                "rope_type": "default",
                "rope_theta": 10_000.0,
                "mrope_section": [1, 1, 2],
                "mrope_interleaved": True,
            },
        ),
        vision_config={
            "depth": 3,
            "hidden_size": _HIDDEN,
            "intermediate_size": 64,
            "num_heads": 2,
            "out_hidden_size": _HIDDEN,
            "num_position_embeddings": 256,
            "deepstack_visual_indexes": [0, 1],
        },
        **_ids(tokenizer, _QWEN_TOKENS),
    )
    sizes = {"shortest_edge": 64 * 64, "longest_edge": 512 * 512}
    processor = Qwen3VLProcessor(
        Qwen2VLImageProcessor(size=sizes, patch_size=16),
        tokenizer,
        Qwen3VLVideoProcessor(size=sizes),
        chat_template=_TEMPLATE % _QWEN_MARKS,
    )
    return Qwen3VLForConditionalGeneration(config), processor


def _llava(tokenizer: Any) -> tuple[Any, Any]:
    grids = [[56, 56], [56, 112], [112, 56]]
    config = LlavaOnevisionConfig(
        text_config={"model_type": "qwen2", **_text(tokenizer)},
        vision_config={
            "model_type": "siglip_vision_model",
            "hidden_size": _HIDDEN,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": 56,
            "patch_size": 14,
            "vision_use_head": False,
        },
        image_grid_pinpoints=grids,
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        video_token_index=tokenizer.convert_tokens_to_ids("<video>"),
    )
    size = {"height": 56, "width": 56}
    processor = LlavaOnevisionProcessor(
        LlavaOnevisionImageProcessor(size=size, image_grid_pinpoints=grids),
        tokenizer,
        LlavaOnevisionVideoProcessor(size=size),
        num_image_tokens=16,
        vision_feature_select_strategy="full",
        chat_template=_TEMPLATE % {"image": "<image>", "video": "<video>"},
    )
    return LlavaOnevisionForConditionalGeneration(config), processor


def _smolvlm(tokenizer: Any) -> tuple[Any, Any]:
    config = SmolVLMConfig(
        text_config={"model_type": "llama", **_text(tokenizer)},
        vision_config={
            "hidden_size": _HIDDEN,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": 64,
            "patch_size": 16,
        },
        scale_factor=2,
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        pad_token_id=tokenizer.pad_token_id,
    )
    size, tile = {"longest_edge": 128}, {"longest_edge": 64}
    processor = SmolVLMProcessor(
        SmolVLMImageProcessor(size=size, max_image_size=tile),
        tokenizer,
        SmolVLMVideoProcessor(size=tile, max_image_size=tile),
        image_seq_len=4,
        chat_template=_TEMPLATE % {"image": "<image>", "video": "<video>"},
    )
    return SmolVLMForConditionalGeneration(config), processor


def _internvl(tokenizer: Any) -> tuple[Any, Any]:
    config = InternVLConfig(
        text_config={"model_type": "qwen2", **_text(tokenizer)},
        vision_config={
            "hidden_size": _HIDDEN,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": [56, 56],
            "patch_size": [14, 14],
        },
        image_token_id=tokenizer.convert_tokens_to_ids("<IMG_CONTEXT>"),
        image_seq_length=4,
    )
    size = {"height": 56, "width": 56}
    processor = InternVLProcessor(
        GotOcr2ImageProcessor(size=size, crop_to_patches=False, max_patches=4),
        tokenizer,
        InternVLVideoProcessor(size=size),
        image_seq_length=4,
        chat_template=_TEMPLATE % {"image": "<IMG_CONTEXT>", "video": "<video>"},
    )
    return InternVLForConditionalGeneration(config), processor


FAMILIES: dict[str, Callable[[Any], tuple[Any, Any]]] = {
    "qwen2_5_vl": _qwen25,
    "qwen3_vl": _qwen3,
    "llava_onevision": _llava,
    "smolvlm": _smolvlm,
    "internvl": _internvl,
}


if __name__ == "__main__":
    print(save_tiny(sys.argv[1], Path(sys.argv[2])))
