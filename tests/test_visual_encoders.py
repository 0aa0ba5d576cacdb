"""Encoders by torch give what their libraries give, in any batch, and name their space by their weights."""

import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_encoders
from numpy.typing import NDArray
from tiny_encoders import SIDE, WIDTH

# isort: split
import open_clip
import torch
from PIL import Image as Pillow
from transformers import AutoImageProcessor, AutoModel

from rewatch.memory.encoders import PreparingEncoder
from rewatch.memory.encoders.registry import open_encoder, space_of
from rewatch.memory.errors import SettingError

TEXTS = ["a red bus", "heat", "", "entropy " * 200]


def pictures(count: int = 5) -> list[NDArray[np.uint8]]:
    """Smooth noise of several shapes, some with an odd surplus to crop."""
    chance = np.random.default_rng(7)
    shapes = [(36, 64), (90, 51), (33, 33), (32, 32), (100, 177)]
    small = [chance.integers(0, 256, (6, 6, 3), dtype=np.uint8) for _ in range(count)]
    return [
        np.asarray(Pillow.fromarray(image).resize(shapes[n % 5][::-1], Pillow.Resampling.BICUBIC))
        for n, image in enumerate(small)
    ]


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("encoders")
    return {
        "open_clip": tiny_encoders.open_clip_name(folder),
        "squash": tiny_encoders.open_clip_name(folder, mode="squash"),
        "longest": tiny_encoders.open_clip_name(folder, mode="longest"),
        "clip": f"hf:{tiny_encoders.clip_folder(folder / 'clip')}",
        "siglip": f"hf:{tiny_encoders.siglip_folder(folder / 'siglip')}",
        "siglip2": f"hf:{tiny_encoders.siglip2_folder(folder / 'siglip2')}",
    }


KINDS = ["open_clip", "squash", "longest", "clip", "siglip", "siglip2"]


def by_library(name: str, images: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
    """The vectors that the library itself computes, one frame at a time."""
    family, _, model_name = name.partition(":")
    if family == "open_clip":
        architecture, _, weights = model_name.partition("/")
        if model_name.startswith("local-dir:"):
            architecture, weights = model_name, ""
        model, _, preprocess = open_clip.create_model_and_transforms(architecture, weights or None)
        with torch.inference_mode():
            found = [model.eval().encode_image(preprocess(Pillow.fromarray(i))[None]) for i in images]
    else:
        model = AutoModel.from_pretrained(model_name).eval()
        processor: Any = AutoImageProcessor.from_pretrained(model_name)
        with torch.inference_mode():
            found = [
                model.get_image_features(**processor(images=[i], return_tensors="pt")).pooler_output
                for i in images
            ]
    vectors = torch.cat(found).numpy()
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


@pytest.mark.parametrize("kind", KINDS)
def test_frames_get_the_vectors_of_the_library(kind: str, names: dict[str, str]) -> None:
    encoder = open_encoder(names[kind], device="cpu")
    vectors = encoder.encode_images(pictures())
    assert vectors.dtype == np.float32
    assert vectors.shape == (5, encoder.dimensions)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    cosines = (vectors * by_library(names[kind], pictures())).sum(axis=1)
    assert cosines.min() > 0.9999


@pytest.mark.parametrize("kind", KINDS)
def test_a_prepared_frame_gets_the_vector_of_the_frame(kind: str, names: dict[str, str]) -> None:
    encoder = open_encoder(names[kind], device="cpu")
    assert isinstance(encoder, PreparingEncoder)
    prepare = pickle.loads(pickle.dumps(encoder.prepare))
    small = [prepare(image) for image in pictures()]
    np.testing.assert_allclose(encoder.encode_images(small), encoder.encode_images(pictures()), atol=1e-6)
    if kind not in ("longest", "siglip2"):
        assert {image.shape for image in small} == {(SIDE, SIDE, 3)}


@pytest.mark.parametrize("kind", KINDS)
def test_many_are_embedded_as_one_by_one(kind: str, names: dict[str, str]) -> None:
    encoder = open_encoder(names[kind], device="cpu")
    many = pictures(37)
    alone = np.concatenate([encoder.encode_images([image]) for image in many])
    np.testing.assert_allclose(encoder.encode_images(many), alone, atol=1e-5)
    texts = encoder.encode_texts(TEXTS)
    assert texts.shape == (len(TEXTS), encoder.dimensions)
    np.testing.assert_allclose(np.linalg.norm(texts, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(encoder.encode_texts(TEXTS[:1]), texts[:1], atol=1e-5)
    assert encoder.encode_images([]).shape == (0, encoder.dimensions)


def test_the_space_is_named_without_loading_and_changes_with_the_weights(
    tmp_path: Path, names: dict[str, str]
) -> None:
    one = tiny_encoders.open_clip_name(tmp_path, seed=1)
    other = tiny_encoders.open_clip_name(tmp_path, seed=2)
    assert space_of(one) != space_of(other)
    assert space_of(one) == space_of(one) == open_encoder(one).space_id
    moved = tmp_path / "moved.pt"
    Path(one.partition("/")[2]).rename(moved)
    assert (
        space_of(f"open_clip:tiny-visual/{moved}").rpartition("@")[2]
        == open_encoder(f"open_clip:tiny-visual/{moved}").space_id.rpartition("@")[2]
    )
    assert space_of("open_clip:ViT-B-32/laion2b_s34b_b79k") == "open_clip:ViT-B-32/laion2b_s34b_b79k"
    assert space_of("hf:google/siglip-base-patch16-224") == "hf:google/siglip-base-patch16-224"
    folder = Path(names["clip"].removeprefix("hf:"))
    before = space_of(names["clip"])
    config = folder / "preprocessor_config.json"
    config.write_text(config.read_text().replace("0.4", "0.5"))
    assert space_of(names["clip"]) != before


def test_half_precision_gives_nearly_the_same_vectors(names: dict[str, str]) -> None:
    full = open_encoder(names["open_clip"], device="cpu").encode_images(pictures())
    half = open_encoder(names["open_clip"], device="cpu", dtype="bfloat16").encode_images(pictures())
    assert half.dtype == np.float32
    assert (full * half).sum(axis=1).min() > 0.999


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("nonsense", r"'nonsense' is unknown.*colour, hf, open_clip"),
        ("open_clip:ViT-B-32", "names no weights"),
        ("open_clip:tiny-visual//gone/weights.pt", r"/gone/weights.pt cannot be read"),
        ("hf:/gone/folder", r"/gone/folder cannot be read"),
        ("colour:red", "colour has no models"),
    ],
)
def test_a_name_that_means_no_encoder_is_refused_at_once(name: str, told: str) -> None:
    with pytest.raises(SettingError, match=told):
        open_encoder(name)
    with pytest.raises(SettingError, match=told):
        space_of(name)


def test_weights_that_are_not_here_are_told_and_not_fetched(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    for name in (
        "hf:nobody/no-such-model",
        "open_clip:ViT-B-32/laion2b_s34b_b79k",
        "open_clip:ViT-B-32/no_tag",
    ):
        with pytest.raises(SettingError, match=r"cannot be loaded.*local folder"):
            open_encoder(name).encode_texts(["bus"])


def test_damaged_weights_and_models_of_another_kind_are_told(tmp_path: Path, names: dict[str, str]) -> None:
    good = Path(names["open_clip"].partition("/")[2])
    (tmp_path / "half.pt").write_bytes(good.read_bytes()[:1000])
    with pytest.raises(SettingError, match="cannot be loaded"):
        open_encoder(f"open_clip:tiny-visual/{tmp_path / 'half.pt'}").encode_texts(["bus"])
    with pytest.raises(SettingError, match="no architecture 'ViT-B-23'; it has ViT-B-32"):
        open_encoder(f"open_clip:ViT-B-23/{good}").encode_texts(["bus"])
    from transformers import BertConfig, BertModel

    config = BertConfig(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16)
    BertModel(config).save_pretrained(tmp_path / "bert")
    with pytest.raises(SettingError, match="BertModel does not encode both"):
        open_encoder(f"hf:{tmp_path / 'bert'}").encode_texts(["bus"])


@pytest.mark.parametrize("how", [{"device": "quantum"}, {"device": "cuda:77"}, {"dtype": "int3"}])
def test_a_device_or_precision_that_is_not_here_is_refused(
    how: dict[str, Any], names: dict[str, str]
) -> None:
    with pytest.raises(SettingError, match="choose auto"):
        open_encoder(names["open_clip"], **how).encode_texts(["bus"])
    assert open_encoder(names["open_clip"]).dimensions == WIDTH


def test_many_frames_are_spread_over_the_cores_and_leave_torch_as_it_was(names: dict[str, str]) -> None:
    encoder = open_encoder(names["open_clip"])
    images = pictures(40)
    threads = torch.get_num_threads()
    spread = encoder.encode_images(images)
    alone = np.concatenate([encoder.encode_images([image]) for image in images])
    np.testing.assert_allclose(spread, alone, atol=1e-5)
    with ThreadPoolExecutor(1) as later:
        assert (torch.get_num_threads(), later.submit(torch.get_num_threads).result()) == (threads, threads)
