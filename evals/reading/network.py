"""The reader's base in torch, and the adaptation of its upper layers, which is what is learnt.

The lower layers stay as they are, so that what they make of a pair is computed once for all epochs. Pairs are
packed without padding; only attention tells them apart. Names are those by which `tools/reader_network` joins
the adaptation.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import dropout, gelu, layer_norm, scaled_dot_product_attention

from rewatch.memory.ingest.onnx_format import Network
from rewatch.tools.reader_network import matrices, vectors

LAYERS, LOWER, HEADS, WIDTH = 12, 6, 12, 384
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


class ReadingNetwork:
    """A cross-encoder whose upper half learns."""

    def __init__(self, path: Path, generator: torch.Generator) -> None:
        """Read the base.

        Args:
            path: The ONNX file with rounded weights.
            generator: Draws the first values of the adaptation, which changes nothing before it has learnt.
        """
        network = Network(path)
        self._matrices = {name: torch.from_numpy(values) for name, values in matrices(network).items()}
        self._vectors = {name: torch.tensor(values) for name, values in vectors(network).items()}
        self.learnt: dict[str, Tensor] = {}
        upper = [f"encoder.layer.{number}.{part}" for number in range(LOWER, LAYERS) for part in _ADAPTED]
        for name in [*upper, "pooler.dense"]:
            inputs, outputs = self._matrices[name].shape
            self.learnt[f"{name}.down"] = torch.randn(inputs, RANK, generator=generator) / inputs**0.5
            self.learnt[f"{name}.up"] = torch.zeros(RANK, outputs)
        self.learnt["classifier.weight"] = self._matrices["classifier"].clone()
        self.learnt["classifier.bias"] = self._vectors["classifier.bias"] + _RAISED
        for values in self.learnt.values():
            values.requires_grad_()

    @torch.no_grad()
    def lower(self, pairs: Sequence[tuple[Sequence[int], Sequence[int]]]) -> list[Tensor]:
        """What the lower layers make of pairs.

        Args:
            pairs: Ids and segment types of the tokens of each.

        Returns:
            float32 `[num_tokens, 384]` for each.
        """
        ids = torch.tensor([token for pair in pairs for token in pair[0]])
        types = torch.tensor([kind for pair in pairs for kind in pair[1]])
        lengths = [len(pair[0]) for pair in pairs]
        places = torch.cat([torch.arange(length) for length in lengths])
        names = ("word", "token_type", "position")
        tables = [self._matrices[f"embeddings.{name}_embeddings"] for name in names]
        states = tables[0][ids] + tables[1][types] + tables[2][places]
        states = self._norm(states, "embeddings")
        for number in range(LOWER):
            states = self._layer(states, lengths, number)
        return list(torch.split(states, lengths))

    def upper(self, states: Sequence[Tensor], *, learning: bool = False) -> Tensor:
        """Logits, float32 `[len(states)]`, from what `lower` made; `learning` drops some values by chance."""
        lengths = [len(each) for each in states]
        packed = torch.cat(list(states))
        for number in range(LOWER, LAYERS):
            packed = self._layer(packed, lengths, number, learning=learning)
        starts = torch.tensor([0, *lengths[:-1]]).cumsum(0)
        pooled = torch.tanh(self._dense(packed[starts], "pooler.dense"))
        logits = dropout(pooled, _DROPPED, learning) @ self.learnt["classifier.weight"]
        return logits[:, 0] + self.learnt["classifier.bias"]

    def _layer(
        self, states: Tensor, lengths: Sequence[int], number: int, *, learning: bool = False
    ) -> Tensor:
        name = f"encoder.layer.{number}"
        there = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
        places = there.flatten().nonzero()[:, 0]
        query, key, value = (
            self._heads(self._dense(states, f"{name}.attention.self.{part}"), there, places)
            for part in ("query", "key", "value")
        )
        mixed = scaled_dot_product_attention(query, key, value, there[:, None, None])
        packed = mixed.transpose(1, 2).reshape(-1, WIDTH)[places]
        change = dropout(self._dense(packed, f"{name}.attention.output.dense"), _DROPPED, learning)
        states = self._norm(states + change, f"{name}.attention.output")
        wide = gelu(self._dense(states, f"{name}.intermediate.dense"))
        change = dropout(self._dense(wide, f"{name}.output.dense"), _DROPPED, learning)
        return self._norm(states + change, f"{name}.output")

    @staticmethod
    def _heads(states: Tensor, there: Tensor, places: Tensor) -> Tensor:
        """`[pairs, heads, longest, width of a head]`; one copy, as padding pair by pair took a fifth of learning."""
        padded = states.new_zeros(there.numel(), WIDTH).index_copy(0, places, states)
        return padded.view(*there.shape, HEADS, -1).transpose(1, 2)

    def _dense(self, states: Tensor, name: str) -> Tensor:
        result = torch.addmm(self._vectors[f"{name}.bias"], states, self._matrices[name])
        if f"{name}.down" in self.learnt:
            result = result + states @ self.learnt[f"{name}.down"] @ self.learnt[f"{name}.up"]
        return result

    def _norm(self, states: Tensor, name: str) -> Tensor:
        weight, bias = (self._vectors[f"{name}.LayerNorm.{part}"] for part in ("weight", "bias"))
        return layer_norm(states, (WIDTH,), weight, bias, _EPSILON)
