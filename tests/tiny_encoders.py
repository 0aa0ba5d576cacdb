"""Tiny dual encoders with random weights, saved as their libraries save real ones.

Owns an open_clip architecture with a checkpoint, and CLIP and SigLIP folders for transformers with a tokenizer
trained here. They are real models with real preprocessing; what they find means nothing.
"""

import json
from pathlib import Path
from typing import Any

import torchvision_stub  # noqa: F401 - before the libraries below

# isort: split
import open_clip
import torch
from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.trainers import BpeTrainer
from transformers import (
    CLIPConfig,
    CLIPModel,
    PreTrainedTokenizerFast,
    Siglip2Config,
    Siglip2Model,
    SiglipConfig,
    SiglipModel,
)
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil
from transformers.models.siglip2.image_processing_pil_siglip2 import Siglip2ImageProcessorPil

SIDE = 32
"""Pixels that the models see."""
WIDTH = 24
"""Numbers in a vector."""
_CORPUS = ["a red bus on a wet street", "two people cook dinner", "a lecture about heat and entropy"]
_TEXT = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
_VISION = {**_TEXT, "image_size": SIDE, "patch_size": 8}


def open_clip_name(folder: Path, *, name: str = "tiny-visual", seed: int = 0, mode: str = "shortest") -> str:
    """Save a checkpoint of a tiny open_clip architecture; returns the name of the encoder."""
    config = {
        "embed_dim": WIDTH,
        "vision_cfg": {"image_size": SIDE, "layers": 1, "width": 16, "head_width": 8, "patch_size": 8},
        "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1},
    }
    (folder / "configs").mkdir(exist_ok=True)
    (folder / "configs" / f"{name}.json").write_text(json.dumps(config))
    open_clip.add_model_config(folder / "configs")
    torch.manual_seed(seed)
    model = open_clip.create_model(name)
    if mode == "shortest":
        path = folder / f"{name}-{seed}.pt"
        torch.save(model.state_dict(), path)
        return f"open_clip:{name}/{path}"
    whole = folder / f"{name}-{mode}"
    whole.mkdir()
    told = {"model_cfg": config, "preprocess_cfg": {"resize_mode": mode, "interpolation": "bilinear"}}
    (whole / "open_clip_config.json").write_text(json.dumps(told))
    torch.save(model.state_dict(), whole / "open_clip_pytorch_model.bin")
    return f"open_clip:local-dir:{whole}"


def clip_folder(folder: Path) -> Path:
    """Save a tiny CLIP as transformers saves one."""
    torch.manual_seed(1)
    text = {**_TEXT, "max_position_embeddings": 20, "vocab_size": 200, "eos_token_id": 2, "bos_token_id": 1}
    config = CLIPConfig(text_config=text, vision_config=_VISION, projection_dim=WIDTH)
    CLIPModel(config).save_pretrained(folder)
    size = {"shortest_edge": SIDE}
    CLIPImageProcessorPil(size=size, crop_size={"height": SIDE, "width": SIDE}).save_pretrained(folder)
    _tokenizer(20).save_pretrained(folder)
    return folder


def siglip_folder(folder: Path) -> Path:
    """Save a tiny SigLIP as transformers saves one."""
    torch.manual_seed(2)
    text = {**_TEXT, "max_position_embeddings": 16, "vocab_size": 200}
    SiglipModel(SiglipConfig(text_config=text, vision_config=_VISION)).save_pretrained(folder)
    SiglipImageProcessorPil(size={"height": SIDE, "width": SIDE}).save_pretrained(folder)
    _tokenizer(16).save_pretrained(folder)
    return folder


def siglip2_folder(folder: Path) -> Path:
    """Save a tiny SigLIP2 that takes pictures of any shape in patches."""
    torch.manual_seed(3)
    text = {**_TEXT, "max_position_embeddings": 16, "vocab_size": 200}
    vision = {**_TEXT, "num_patches": 16, "patch_size": 8}
    Siglip2Model(Siglip2Config(text_config=text, vision_config=vision)).save_pretrained(folder)
    Siglip2ImageProcessorPil(patch_size=8, max_num_patches=16).save_pretrained(folder)
    _tokenizer(16).save_pretrained(folder)
    return folder


def _tokenizer(longest: int) -> Any:
    tokenizer = Tokenizer(BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = Whitespace()  # type: ignore[assignment]
    special = ["<pad>", "<s>", "</s>", "<unk>"]
    tokenizer.train_from_iterator(_CORPUS, BpeTrainer(vocab_size=200, special_tokens=special))
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
        model_max_length=longest,
    )
