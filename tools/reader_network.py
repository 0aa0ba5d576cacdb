"""The reader's network: a base of rounded weights, to which a low-rank adaptation is joined.

Owns how matrices are found in the file by name, and how they are rounded. What the network is for is told in `reader`.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rewatch.memory.errors import ToolError
from rewatch.memory.ingest.onnx_format import Network

Floats = NDArray[np.float32]

_PRODUCT = re.compile(r"/(?:bert/)?(?P<name>.+?)/(?:Gemm_)?MatMul_quant")
_TABLE = re.compile(r"(?P<key>bert\.(?P<name>embeddings\.\w+)\.weight)_quantized")
_LARGEST = 127
_SMALLEST = 1e-12


def adapted(path: Path, adaptation: Mapping[str, Floats]) -> bytes:
    """Join an adaptation to the matrices of a network.

    Args:
        path: An ONNX file whose products are of rounded matrices (`MatMulInteger`).
        adaptation: What is added to a matrix `NAME` (`encoder.layer.6.attention.self.query`) of `[inputs, outputs]`,
            as `NAME.down` `[inputs, rank]` and `NAME.up` `[rank, outputs]`; or `NAME.weight` in its place; and
            biases, `NAME.bias`.

    Returns:
        The file of the adapted network.

    Raises:
        ToolError: It is not an ONNX file, or not the base that the adaptation was trained on.
    """
    network = Network(path)
    keys = _products(network)
    try:
        for part, values in adaptation.items():
            name, _, what = part.rpartition(".")
            if what == "down":
                change = values.astype(np.float32) @ adaptation[f"{name}.up"].astype(np.float32)
                _round(network, keys[name], _unrounded(network, keys[name]) + change)
            elif what == "weight":
                _round(network, keys[name], values)
            elif what == "bias":
                network.set_weight(part, values)
    except (KeyError, ValueError) as error:
        raise ToolError(f"{path} is not the network that the reader was trained on: {error}") from error
    return network.bytes()


def matrices(network: Network) -> dict[str, Floats]:
    """All matrices by name, as `[inputs, outputs]`, and the tables of embeddings."""
    tables = (_TABLE.fullmatch(name) for name in network.weight_names)
    keys = _products(network) | {match["name"]: match["key"] for match in tables if match}
    return {name: _unrounded(network, key) for name, key in keys.items()}


def vectors(network: Network) -> dict[str, Floats]:
    """Biases, and weights and biases of norms, by name."""
    named = [name for name in network.weight_names if name.endswith((".bias", "LayerNorm.weight"))]
    return {name.removeprefix("bert."): network.weight(name) for name in named}


def _products(network: Network) -> dict[str, str]:
    """Each product's name with what its matrix is called in the file."""
    found = {}
    for node in network.nodes:
        match = _PRODUCT.fullmatch(node.name) if node.op_type == "MatMulInteger" else None
        if match:
            found[match["name"].replace("/", ".")] = node.input[1].removesuffix("_quantized")
    return found


def _unrounded(network: Network, key: str) -> Floats:
    zero, scale = (network.weight(f"{key}_{what}") for what in ("zero_point", "scale"))
    values = (network.weight(f"{key}_quantized").astype(np.float32) - zero.astype(np.float32)) * scale
    return np.asarray(values, np.float32)


def _round(network: Network, key: str, values: Floats) -> None:
    """One byte a number, evenly around zero, each column by its own scale.

    By one scale for a whole matrix, as the base is rounded, an adaptation is smaller than a step and gets lost.
    """
    scale = np.maximum(np.abs(values).max(axis=0) / _LARGEST, _SMALLEST).astype(np.float32)
    network.set_weight(f"{key}_quantized", np.rint(values / scale))
    network.set_weight(f"{key}_scale", scale)
    network.set_weight(f"{key}_zero_point", np.zeros((), np.int8))
