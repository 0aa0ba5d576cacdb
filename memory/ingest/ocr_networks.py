"""The OCR networks that ship with rapidocr, rewritten to compute the same in about half the time.

Their files spell out what a runtime has fast operations for: after most convolutions come a multiplication and
an addition of one number each, an activation in four steps, and again two such steps, each a pass over the
whole picture. Two thirds of the time went there. The numbers are folded into the weights of the convolutions
around them and the activation is written in two steps; results differ by the rounding of float32. Nodes that
look otherwise, as another release of the models may bring, stay as they are.
"""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from onnxruntime import InferenceSession, SessionOptions

from rewatch.memory.ingest.onnx_format import Floats, Network, Node, attribute, new_node

_QUIET = 4
"""Log level of the runtime: fatal errors only; others are raised."""


def open_network(path: Path, threads: int) -> Any:
    """Load a network, simplified.

    Args:
        path: An ONNX file.
        threads: How many a call may use. Between its operations they sleep: waiting busily would take as much
            processor time again.

    Returns:
        A session of onnxruntime.
    """
    options = SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = _QUIET
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return InferenceSession(simplified(path), options, providers=["CPUExecutionProvider"])


def simplified(path: Path) -> bytes:
    """Rewrite a network; the result computes the same."""
    network = Network(path)
    _join_activations(network)
    _fold_into_convolution_before(network)
    _fold_into_convolution_after(network)
    _join_steps(network)
    _remove_unused(network)
    return network.bytes()


def _join_activations(network: Network) -> None:
    """Write `x * clip(x + 3, 0, 6) / 6` as `x * HardSigmoid(x)`."""
    made_by = {output: node for node in network.nodes for output in node.output}
    for index, node in enumerate(network.nodes):
        if node.op_type != "Div" or _number(network, node, 1) != 6:
            continue
        product = made_by.get(node.input[0])
        if product is None or product.op_type != "Mul":
            continue
        source, clipped = product.input
        clip = made_by.get(clipped)
        if clip is None or clip.op_type != "Clip" or _clip_limits(network, clip) != (0, 6):
            continue
        total = made_by.get(clip.input[0])
        if (
            total is None
            or total.op_type != "Add"
            or total.input[0] != source
            or _number(network, total, 1) != 3
        ):
            continue
        gate = f"{node.output[0]}_gate"
        network.nodes[index] = new_node("Mul", [source, gate], node.output[0])
        clip.CopyFrom(new_node("HardSigmoid", [source], gate, alpha=1 / 6, beta=0.5))


def _fold_into_convolution_before(network: Network) -> None:
    """Let a convolution itself multiply and add what is multiplied and added to its result alone."""
    made_by = {output: node for node in network.nodes for output in node.output}
    uses = Counter(name for node in network.nodes for name in node.input)
    for node in network.nodes:
        step = _step(network, node)
        if step is None:
            continue
        source, factor, term = step
        convolution = made_by.get(source)
        if convolution is None or convolution.op_type != "Conv" or uses[source] != 1:
            continue
        weights, bias = _weights(network, convolution)
        _set_weights(network, convolution, weights * factor, bias * factor + term)
        convolution.output[0] = node.output[0]
        made_by[node.output[0]] = convolution
        node.op_type = ""
    network.nodes = [node for node in network.nodes if node.op_type]


def _fold_into_convolution_after(network: Network) -> None:
    """Let convolutions multiply and add before they begin; not where they pad, since zeros are added last."""
    made_by = {output: node for node in network.nodes for output in node.output}
    for node in network.nodes:
        if node.op_type != "Conv" or _pads(node):
            continue
        while (before := made_by.get(node.input[0])) is not None and (step := _step(network, before)):
            node.input[0], factor, term = step
            weights, bias = _weights(network, node)
            added = bias + term * weights.reshape(len(weights), -1).sum(axis=1)
            _set_weights(network, node, weights * factor, added)


def _join_steps(network: Network) -> None:
    """Multiply and add in one pass, as a convolution of single pixels, before a convolution that pads."""
    made_by = {output: node for node in network.nodes for output in node.output}
    for convolution in [node for node in network.nodes if node.op_type == "Conv" and _pads(node)]:
        last = made_by.get(convolution.input[0])
        shifted = _step(network, last) if last is not None and last.op_type == "Add" else None
        first = made_by.get(shifted[0]) if shifted is not None else None
        scaled = _step(network, first) if first is not None and first.op_type == "Mul" else None
        if last is None or shifted is None or scaled is None:
            continue
        weights, _ = _weights(network, convolution)
        channels = weights.shape[1] * max(attribute(convolution, "group").i, 1)
        last.CopyFrom(new_node("Conv", [scaled[0]], last.output[0], group=channels))
        factors, terms = np.full((channels, 1, 1, 1), scaled[1]), np.full(channels, shifted[2])
        _set_weights(network, last, factors, terms)


def _pads(convolution: Node) -> bool:
    return any(attribute(convolution, "pads").ints)


def _remove_unused(network: Network) -> None:
    """Drop steps whose result nothing takes any more."""
    while True:
        taken = {name for node in network.nodes for name in node.input}
        kept = [node for node in network.nodes if not _is_step(node) or node.output[0] in taken]
        if len(kept) == len(network.nodes):
            return
        network.nodes = kept


def _is_step(node: Node) -> bool:
    return node.op_type in ("Add", "Mul", "Clip")


def _step(network: Network, node: Node) -> tuple[str, np.float32, np.float32] | None:
    """What a node multiplies and adds to which input, where both are single numbers."""
    if node.op_type not in ("Add", "Mul"):
        return None
    for place in (0, 1):
        number = _number(network, node, place)
        if number is not None:
            source = node.input[1 - place]
            one, zero = np.float32(1), np.float32(0)
            return (source, number, zero) if node.op_type == "Mul" else (source, one, number)
    return None


def _number(network: Network, node: Node, place: int) -> np.float32 | None:
    """An input of a node that is a constant of one number."""
    value = network.constants.get(node.input[place])
    return np.float32(value.item()) if value is not None and value.size == 1 else None


def _clip_limits(network: Network, clip: Node) -> tuple[object, object] | None:
    return (_number(network, clip, 1), _number(network, clip, 2)) if len(clip.input) == 3 else None


def _weights(network: Network, convolution: Node) -> tuple[Floats, Floats]:
    """Weights and bias of a convolution."""
    weights = network.constants[convolution.input[1]]
    if len(convolution.input) == 2:
        return weights, np.zeros(len(weights), np.float32)
    return weights, network.constants[convolution.input[2]]


def _set_weights(network: Network, convolution: Node, weights: Floats, bias: Floats) -> None:
    names = [f"{convolution.output[0]}_{what}" for what in ("weights", "bias")]
    network.constants.update(zip(names, (weights, bias), strict=True))
    del convolution.input[1:]
    convolution.input.extend(names)
