"""Train: `python -m rewatch.evals.training {question_encoder,reader} FILE.safetensors` (wants torch).

With `mean FILE.safetensors ONE.safetensors OTHER.safetensors` it averages what was trained apart (`--seed`).

The question encoder first, as it finds the passages that the reader learns from: minutes on one core; the reader takes
some hours. Both learn from the written transcripts, but for those and the bundled talks on which
the judgement is fitted, and for those that tell how well all of it does: a judgement fitted on what was learnt by heart
would believe it too much.
"""

import argparse
import tempfile
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from rewatch.evals.training import question_encoder, reader
from rewatch.evals.training.mean import mean
from rewatch.memory.library import Library

_TRAINED = {"question_encoder": question_encoder.train, "reader": reader.train}


def main() -> None:
    """Train, write."""
    parser = argparse.ArgumentParser(prog="python -m rewatch.evals.training", description=__doc__)
    parser.add_argument("what", choices=[*_TRAINED, "mean"])
    parser.add_argument("file", type=Path, help="where the adaptation is written to")
    parser.add_argument("of", type=Path, nargs="*", help="adaptations whose mean is taken")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    if bool(arguments.of) is not (arguments.what == "mean"):
        parser.error("mean, and nothing else, wants the adaptations that it is taken of")
    if arguments.of:
        _write(mean([load_file(path) for path in arguments.of]), arguments.file)
        return
    with tempfile.TemporaryDirectory() as folder, Library.open(Path(folder)) as library:
        learnt = _TRAINED[arguments.what](library)
    _write(learnt, arguments.file)


def _write(learnt: Mapping[str, Tensor], file: Path) -> None:
    save_file({name: _half(name, values) for name, values in learnt.items()}, file)


def _half(name: str, values: Tensor) -> Tensor:
    """Half precision for what is added, which is small; full for what stands by itself."""
    plain = values.detach()
    return (plain if name.startswith("classifier") else plain.half()).contiguous()


if __name__ == "__main__":
    main()
