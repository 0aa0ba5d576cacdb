"""The networks that learn, in torch: BERT with a low-rank adaptation of its matrices, which is what is learnt.

Texts are packed without padding; only attention tells them apart. Matrix products are computed in bfloat16, what is
added up between the layers and what is learnt stay float32. Names are those by which `tools/reader_network` joins the
adaptation.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn.functional import dropout, gelu, layer_norm, normalize

HEADS, WIDTH = 12, 384
RANK = 16
_ADAPTED = (
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
    "intermediate.dense",
    "output.dense",
)
_DROPPED = 0.1
_RAISED = 4.0
"""Added to the base's logits, which lie far below 0 even for passages that answer."""
_EPSILON = 1e-12
_TOKENS = 256
"""Products are of a multiple of so many tokens: each other number of them would be compiled anew."""
_NOWHERE = -1e4

Tokens = Sequence[tuple[Sequence[int], Sequence[int]]]
"""Ids and segment types of the tokens of each text."""


class AdaptedBert:
    """BERT (Devlin et al. 2019, arXiv:1810.04805) with an adaptation (LoRA, Hu et al. 2021, arXiv:2106.09685)."""

    def __init__(
        self, matrices: Mapping[str, Tensor], vectors: Mapping[str, Tensor], generator: torch.Generator
    ) -> None:
        """Take a base.

        Args:
            matrices: By name, as `[inputs, outputs]`, and the tables of embeddings.
            vectors: Biases, and weights and biases of norms, by name.
            generator: Draws the first values of the adaptation, which changes nothing before it has learnt.
        """
        self._tables = {name: values for name, values in matrices.items() if name.startswith("embeddings")}
        self._matrices = {name: matrices[name].bfloat16() for name in matrices.keys() - self._tables.keys()}
        self._vectors = vectors
        self._biases = {name: values.bfloat16() for name, values in vectors.items()}
        self._num_layers = sum(name.endswith("intermediate.dense") for name in matrices)
        self.learnt: dict[str, Tensor] = {}
        layers = [f"encoder.layer.{number}.{part}" for number in range(self._num_layers) for part in _ADAPTED]
        for name in [*layers, *(["pooler.dense"] if "pooler.dense" in matrices else [])]:
            inputs, outputs = matrices[name].shape
            self.learnt[f"{name}.down"] = torch.randn(inputs, RANK, generator=generator) / inputs**0.5
            self.learnt[f"{name}.up"] = torch.zeros(RANK, outputs)
        for values in self.learnt.values():
            values.requires_grad_()

    def states(self, texts: Tokens, *, learning: bool) -> tuple[Tensor, list[int]]:
        """The last layer's states of all tokens, float32 `[num_tokens, 384]`, and how many each text has."""
        filled = _filled(texts)
        lengths = [len(ids) for ids, _ in filled]
        there = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
        states = self._embedded(filled, lengths)
        for number in range(self._num_layers):
            states = self._layer(states, there, number, learning=learning)
        kept = lengths[: len(texts)]
        return states[: sum(kept)], kept

    def _embedded(self, texts: Tokens, lengths: Sequence[int]) -> Tensor:
        ids = torch.tensor([token for own, _ in texts for token in own])
        types = torch.tensor([kind for _, own in texts for kind in own])
        places = torch.cat([torch.arange(length) for length in lengths])
        word, kind, position = (
            self._tables[f"embeddings.{name}_embeddings"] for name in ("word", "token_type", "position")
        )
        return self._norm(word[ids] + kind[types] + position[places], "embeddings")

    def _layer(self, states: Tensor, there: Tensor, number: int, *, learning: bool) -> Tensor:
        name = f"encoder.layer.{number}"
        places = there.flatten().nonzero()[:, 0]
        query, key, value = (
            self._heads(self._dense(states, f"{name}.attention.self.{part}"), there, places)
            for part in ("query", "key", "value")
        )
        scores = query @ key.transpose(-1, -2) * (WIDTH // HEADS) ** -0.5
        mixed = scores.masked_fill(~there[:, None, None], _NOWHERE).softmax(-1) @ value
        packed = mixed.transpose(1, 2).reshape(-1, WIDTH)[places]
        change = dropout(self._dense(packed, f"{name}.attention.output.dense"), _DROPPED, learning)
        states = self._norm(states + change, f"{name}.attention.output")
        wide = gelu(self._dense(states, f"{name}.intermediate.dense"))
        change = dropout(self._dense(wide, f"{name}.output.dense"), _DROPPED, learning)
        return self._norm(states + change, f"{name}.output")

    @staticmethod
    def _heads(states: Tensor, there: Tensor, places: Tensor) -> Tensor:
        """`[texts, heads, longest, width of a head]`; one copy, as padding text by text took a fifth of learning."""
        padded = states.new_zeros(there.numel(), WIDTH).index_copy(0, places, states)
        return padded.view(*there.shape, HEADS, -1).transpose(1, 2)

    def _dense(self, states: Tensor, name: str) -> Tensor:
        half = states.bfloat16()
        down, up = (self.learnt[f"{name}.{part}"].bfloat16() for part in ("down", "up"))
        return torch.addmm(self._biases[f"{name}.bias"], half, self._matrices[name]) + half @ down @ up

    def _norm(self, states: Tensor, name: str) -> Tensor:
        weight, bias = (self._vectors[f"{name}.LayerNorm.{part}"] for part in ("weight", "bias"))
        return layer_norm(states, (WIDTH,), weight, bias, _EPSILON)


class ReadingNetwork(AdaptedBert):
    """A cross-encoder: how likely a passage answers a question."""

    def __init__(
        self, matrices: Mapping[str, Tensor], vectors: Mapping[str, Tensor], generator: torch.Generator
    ) -> None:
        """Take a base with a pooler and a classifier; see `AdaptedBert`."""
        super().__init__(matrices, vectors, generator)
        self._pooler = matrices["pooler.dense"]
        self.learnt["classifier.weight"] = matrices["classifier"].clone().requires_grad_()
        self.learnt["classifier.bias"] = (vectors["classifier.bias"] + _RAISED).requires_grad_()

    def logits(self, pairs: Tokens, *, learning: bool = False) -> Tensor:
        """Read pairs of question and passage.

        Returns:
            float32 `[len(pairs)]`.
        """
        states, lengths = self.states(pairs, learning=learning)
        first = states[torch.tensor([0, *lengths[:-1]]).cumsum(0)]
        adapted = first @ self.learnt["pooler.dense.down"] @ self.learnt["pooler.dense.up"]
        pooled = torch.tanh(torch.addmm(self._vectors["pooler.dense.bias"], first, self._pooler) + adapted)
        logits = dropout(pooled, _DROPPED, learning) @ self.learnt["classifier.weight"]
        return logits[:, 0] + self.learnt["classifier.bias"]


class QuestionNetwork(AdaptedBert):
    """A bi-encoder's half: where a question lies among passages, which stay as they are."""

    def vectors(self, texts: Tokens, *, learning: bool = False) -> Tensor:
        """Embed questions: float32 `[len(texts), 384]`, unit length."""
        states, lengths = self.states(texts, learning=learning)
        means = [part.mean(0) for part in torch.split(states, lengths)]
        return normalize(torch.stack(means), dim=-1)


def _filled(texts: Tokens) -> Tokens:
    """Texts, and some more of no words, so that the number of tokens is one of a few."""
    longest = max(len(ids) for ids, _ in texts)
    left = -sum(len(ids) for ids, _ in texts) % _TOKENS
    blank = [0] * longest
    return [
        *texts,
        *[(blank, blank)] * (left // longest),
        *[(blank[: left % longest],) * 2] * bool(left % longest),
    ]
