"""The part of the ONNX file format that rewriting a network takes: its nodes, their float constants, its weights.

Only the fields named here are understood; all others survive the round trip untouched, as protocol buffers
promise. That spares a dependency on the onnx package (31 MB, 1 s to import) for a few lines. Which nodes are
replaced by which is `ocr_networks`' work, which weights the work of the tools' `reader_network`.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from numpy.typing import NDArray

from rewatch.memory.errors import ToolError

Floats = NDArray[np.float32]
Node = Any
"""A `NodeProto`: `op_type`, `input`, `output`, `attribute`; its class is made at run time."""

_FLOAT32_DATA = 1
_NUMBERS: dict[int, type[np.generic]] = {1: np.float32, 2: np.uint8, 3: np.int8}
"""Kinds of numbers that weights are made of."""
_FLOAT, _INTEGER, _TENSOR = 1, 2, 4
"""Types of attributes."""
_INT64, _INT32, _SINGLE, _STRING, _BYTES, _MESSAGE = 3, 5, 2, 9, 12, 11
"""Types of fields, as protocol buffers number them."""
_SCHEMA: dict[str, tuple[tuple[str, int, int, str], ...]] = {
    "Tensor": (
        ("*dims", 1, _INT64, ""),
        ("data_type", 2, _INT32, ""),
        ("*float_data", 4, _SINGLE, ""),
        ("*int32_data", 5, _INT32, ""),
        ("name", 8, _STRING, ""),
        ("raw_data", 9, _BYTES, ""),
    ),
    "Attribute": (
        ("name", 1, _STRING, ""),
        ("f", 2, _SINGLE, ""),
        ("i", 3, _INT64, ""),
        ("t", 5, _MESSAGE, "Tensor"),
        ("*ints", 8, _INT64, ""),
        ("type", 20, _INT32, ""),
    ),
    "Node": (
        ("*input", 1, _STRING, ""),
        ("*output", 2, _STRING, ""),
        ("name", 3, _STRING, ""),
        ("op_type", 4, _STRING, ""),
        ("*attribute", 5, _MESSAGE, "Attribute"),
    ),
    "Graph": (("*node", 1, _MESSAGE, "Node"), ("*initializer", 5, _MESSAGE, "Tensor")),
    "Model": (("graph", 7, _MESSAGE, "Graph"),),
}
"""Messages and their fields (`*`: repeated) with number, type and message; numbers as in `onnx.proto3`."""


class Network:
    """A network's nodes in the order in which they are computed, and its float32 constants by name."""

    def __init__(self, path: Path) -> None:
        """Read a file.

        Raises:
            OSError: It cannot be read.
            ToolError: It is not an ONNX file.
        """
        self._model = _message("Model")()
        try:
            self._model.ParseFromString(path.read_bytes())
        except Exception as error:  # google.protobuf.message.DecodeError, under whatever implementation
            raise ToolError(f"{path.name} is not an ONNX file: {error}") from error
        self.nodes: list[Node] = list(self._model.graph.node)
        self._weights = {tensor.name: tensor for tensor in self._model.graph.initializer}
        self.constants = {node.output[0]: value for node in self.nodes if (value := _value(node)) is not None}

    @property
    def weight_names(self) -> list[str]:
        """The names of all weights."""
        return list(self._weights)

    def weight(self, name: str) -> NDArray[Any]:
        """The weights of that name, float32, int8 or uint8 (KeyError when there are none)."""
        tensor = self._weights[name]
        kind = _NUMBERS[tensor.data_type]
        listed = [*tensor.float_data, *tensor.int32_data]
        values = np.array(listed, kind) if listed else np.frombuffer(tensor.raw_data, kind)
        return values.reshape(tuple(tensor.dims))

    def set_weight(self, name: str, values: NDArray[Any]) -> None:
        """Replace weights by others of the same kind (KeyError when there are none)."""
        tensor = self._weights[name]
        del tensor.float_data[:], tensor.int32_data[:], tensor.dims[:]
        tensor.dims.extend(values.shape)
        tensor.raw_data = values.astype(_NUMBERS[tensor.data_type]).tobytes()

    def bytes(self) -> bytes:
        """The file of the network as it is now, without constants that no node takes."""
        taken = {name for node in self.nodes for name in node.input}
        added = [_constant_node(name, self.constants[name]) for name in self.constants if name in taken]
        kept = [node for node in self.nodes if node.output[0] not in self.constants]
        del self._model.graph.node[:]
        self._model.graph.node.extend([*added, *kept])
        data: bytes = self._model.SerializeToString()
        return data


def new_node(op_type: str, inputs: Iterable[str], output: str, **attributes: float) -> Node:
    """Make a node with attributes that are numbers."""
    node = _message("Node")(op_type=op_type, input=inputs, output=[output])
    for name, value in attributes.items():
        if isinstance(value, int):
            node.attribute.add(name=name, i=value, type=_INTEGER)
        else:
            node.attribute.add(name=name, f=value, type=_FLOAT)
    return node


def attribute(node: Node, name: str) -> Any:
    """A node's attribute of that name, with its value in `f`, `i` or `ints`; an empty one where it has none."""
    return next((each for each in node.attribute if each.name == name), _message("Attribute")())


def _constant_node(name: str, value: Floats) -> Node:
    node = _message("Node")(op_type="Constant", output=[name])
    tensor = _message("Tensor")(dims=value.shape, data_type=_FLOAT32_DATA, raw_data=value.tobytes())
    node.attribute.add(name="value", t=tensor, type=_TENSOR)
    return node


def _value(node: Node) -> Floats | None:
    """The value of a node that is a float32 constant."""
    if node.op_type != "Constant" or node.attribute[0].t.data_type != _FLOAT32_DATA:
        return None
    tensor = node.attribute[0].t
    values = np.frombuffer(tensor.raw_data, np.float32)
    return values.reshape(tuple(tensor.dims)) if values.size == np.prod(tensor.dims) else None


def _message(name: str) -> Any:
    """The class of a message of the schema."""
    return message_factory.GetMessageClass(_POOL.FindMessageTypeByName(f"rewatch_onnx.{name}"))


def _pool() -> Any:
    file = descriptor_pb2.FileDescriptorProto(
        name="rewatch_onnx.proto", package="rewatch_onnx", syntax="proto3"
    )
    for message, fields in _SCHEMA.items():
        added = file.message_type.add(name=message)
        for name, number, kind, of in fields:
            field = added.field.add(name=name.lstrip("*"), number=number, type=kind)
            field.label = 3 if name.startswith("*") else 1
            if of:
                field.type_name = f".rewatch_onnx.{of}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return pool


_POOL = _pool()
