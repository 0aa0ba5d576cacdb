"""Train the reader: `python -m rewatch.evals.reading FILE.safetensors` (an hour on one core; wants torch).

It learns from the written transcripts, but for those and the bundled talks on which the judgement is fitted
(`rewatch.evals.answerability`), and for those that tell how well both do: a judgement fitted on what the reader has
learnt by heart would believe it too much.

Each question is drawn among its passages and "none of them answers", whose logit is 0 (as in reading comprehension with
unanswerable questions, Rajpurkar et al. 2018, arXiv:1806.03822), so that 0 separates answers from near misses;
beside it, each passage is judged alone.
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from rewatch.evals.answerability.corpus import foreign, read_corpus
from rewatch.evals.reading.network import ReadingNetwork
from rewatch.evals.reading.pairs import Exercise, exercises
from rewatch.memory.library import Library
from rewatch.tools.reader import packaged_folder, tokenizer

_EPOCHS, _QUESTIONS_A_STEP, _RATE, _WARM_UP = 2, 8, 4e-4, 30
_DECAY, _LONGEST_STEP = 0.01, 1.0
_FOREIGN, _ALONE_WEIGHT = 10, 0.5
"""Questions on other transcripts for each; what a passage's own judgement weighs."""
_PAIRS = 48
_SHARE_OF_OTHERS = 0.5
"""How many of the questions that balance nothing are learnt from in an epoch.

Those written first are more, and their answers share fewer words with them than their near misses do: alone they
teach that a passage with the question's words does not answer it."""


def main() -> None:
    """Make exercises, train, write."""
    parser = argparse.ArgumentParser(prog="python -m rewatch.evals.reading", description=__doc__)
    parser.add_argument("file", type=Path, help="where the adaptation is written to")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    network = ReadingNetwork(packaged_folder() / "model.onnx", torch.Generator().manual_seed(0))
    lessons = list(_lessons())
    states = _lower(network, lessons)
    print(f"{len(lessons)} questions, {len(states)} passages")
    train(network, lessons, states, np.random.default_rng(0))
    save_file({name: _half(name, values) for name, values in network.learnt.items()}, arguments.file)


def train(
    network: ReadingNetwork,
    lessons: Sequence[Exercise],
    states: Sequence[Tensor],
    random: np.random.Generator,
) -> None:
    """Let a network learn.

    Args:
        network: What learns.
        lessons: Questions with passages.
        states: What the network's lower layers make of each passage, question by question.
        random: Shuffles the questions.
    """
    ends = np.cumsum([len(lesson.passages) for lesson in lessons])
    batches = list(_batches(lessons, random))
    learnt = list(network.learnt.values())
    optimiser = torch.optim.AdamW(learnt, lr=_RATE, weight_decay=_DECAY)
    pace = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min((step + 1) / _WARM_UP, 1) * max(0.05, 1 - step / len(batches))
    )
    losses: list[float] = []
    for chosen in batches:
        batch = [lessons[number] for number in chosen]
        rows = [row for n in chosen for row in range(ends[n] - len(lessons[n].passages), ends[n])]
        logits = network.upper([states[row].float() for row in rows], learning=True)
        parts = torch.split(logits, [len(lesson.passages) for lesson in batch])
        loss = sum((_loss(part, lesson) for part, lesson in zip(parts, batch, strict=True)), torch.zeros(()))
        optimiser.zero_grad()
        (loss / len(batch)).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(learnt, _LONGEST_STEP)
        optimiser.step()
        pace.step()
        losses.append(loss.item() / len(batch))
        if len(losses) % 20 == 0:
            print(f"step {len(losses)} of {len(batches)}: loss {np.mean(losses[-20:]):.3f}", flush=True)


def _lessons() -> Iterator[Exercise]:
    with tempfile.TemporaryDirectory() as folder, Library.open(Path(folder)) as library:
        asked = list(read_corpus(library, judged=False))
        for number, questions in enumerate(asked):
            yield from exercises(library, [*questions, *foreign(asked, number)[:_FOREIGN]])


def _lower(network: ReadingNetwork, lessons: Sequence[Exercise]) -> list[Tensor]:
    """What the lower layers make of each pair, float16; pairs of like lengths together."""
    encode = tokenizer(packaged_folder())
    pairs = [(lesson.question, passage) for lesson in lessons for passage in lesson.passages]
    tokens = [(encoding.ids, encoding.type_ids) for encoding in encode.encode_batch(pairs)]
    states: list[Tensor] = [torch.empty(0)] * len(pairs)
    order = sorted(range(len(pairs)), key=lambda row: len(tokens[row][0]))
    for first in range(0, len(order), _PAIRS):
        rows = order[first : first + _PAIRS]
        for row, made in zip(rows, network.lower([tokens[row] for row in rows]), strict=True):
            states[row] = made.half()
    return states


def _batches(lessons: Sequence[Exercise], random: np.random.Generator) -> Iterator[list[int]]:
    for _ in range(_EPOCHS):
        chosen = [n for n in random.permutation(len(lessons)).tolist() if _is_due(lessons[n], random)]
        yield from (
            chosen[first : first + _QUESTIONS_A_STEP] for first in range(0, len(chosen), _QUESTIONS_A_STEP)
        )


def _is_due(lesson: Exercise, random: np.random.Generator) -> bool:
    return lesson.every_epoch or random.random() < _SHARE_OF_OTHERS


def _loss(logits: Tensor, lesson: Exercise) -> Tensor:
    answers = torch.from_numpy(lesson.answers)
    everything = torch.cat([torch.zeros(1), logits]).logsumexp(0)
    right = logits[answers].logsumexp(0) if answers.any() else torch.zeros(())
    alone = binary_cross_entropy_with_logits(logits, answers.float())
    return everything - right + _ALONE_WEIGHT * alone


def _half(name: str, values: Tensor) -> Tensor:
    """Half precision for what is added, which is small; full for what stands by itself."""
    plain = values.detach()
    return (plain if name.startswith("classifier") else plain.half()).contiguous()


if __name__ == "__main__":
    main()
