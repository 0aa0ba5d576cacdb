"""Training the reader: which passages answer a question, and whether any does.

Each question is drawn among its passages and "none of them answers", whose logit is 0 (as in reading comprehension with
unanswerable questions, Rajpurkar et al. 2018, arXiv:1806.03822), so that 0 separates answers from near misses;
beside it, each passage is judged alone. Passages are read by themselves and behind their context, by turns.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from rewatch.evals.answerability.corpus import foreign, read_corpus
from rewatch.evals.training.descent import Pace, descend
from rewatch.evals.training.exercises import Exercise, exercises
from rewatch.evals.training.network import ReadingNetwork
from rewatch.memory.ingest.onnx_format import Network
from rewatch.memory.library import Library
from rewatch.tools.reader import packaged_folder, tokenizer
from rewatch.tools.reader_network import matrices, vectors

_EPOCHS, _QUESTIONS_A_STEP = 2, 8
_PACE = Pace(rate=4e-4, warm_up=30, lowest=0.05)
_FOREIGN, _ALONE_WEIGHT = 10, 0.5
"""Questions on other transcripts for each; what a passage's own judgement weighs."""
_HARDEST, _OTHERS = 4, 1
"""Of the passages that do not answer, the search's best are read, and others by chance, anew in every epoch."""


def train(library: Library) -> dict[str, Tensor]:
    """Make exercises in an empty library, and learn.

    Returns:
        The adaptation, by name.
    """
    network = base_network()
    asked = list(read_corpus(library, judged=False))
    lessons = [
        lesson
        for number, questions in enumerate(asked)
        for lesson in exercises(library, [*questions, *foreign(asked, number)[:_FOREIGN]])
    ]
    learn(network, lessons, np.random.default_rng(torch.initial_seed()))
    return network.learnt


def base_network() -> ReadingNetwork:
    """The base, with an adaptation that changes nothing yet."""
    base = Network(packaged_folder() / "model.onnx")
    return ReadingNetwork(
        {name: torch.tensor(values) for name, values in matrices(base).items()},
        {name: torch.tensor(values) for name, values in vectors(base).items()},
        torch.Generator().manual_seed(torch.initial_seed()),
    )


def learn(network: ReadingNetwork, lessons: Sequence[Exercise], random: np.random.Generator) -> None:
    """Let a network learn.

    Args:
        network: What learns.
        lessons: Questions with passages.
        random: Draws which questions are due, their order, how their passages are read, and some of these.
    """
    batches, encode = list(_batches(lessons, random)), tokenizer(packaged_folder())

    def losses() -> Iterator[Tensor]:
        for batch in batches:
            behind = random.random() < 0.5
            read = [_chosen(lesson, random, behind=behind) for lesson in batch]
            encodings = encode.encode_batch([pair for pairs, _ in read for pair in pairs])
            logits = network.logits([(each.ids, each.type_ids) for each in encodings], learning=True)
            parts = torch.split(logits, [len(pairs) for pairs, _ in read])
            yield torch.stack(
                [_loss(part, answers) for part, (_, answers) in zip(parts, read, strict=True)]
            ).mean()

    descend(list(network.learnt.values()), losses(), len(batches), _PACE)


def _batches(lessons: Sequence[Exercise], random: np.random.Generator) -> Iterator[list[Exercise]]:
    for _ in range(_EPOCHS):
        shuffled = [lessons[number] for number in random.permutation(len(lessons))]
        due = [lesson for lesson in shuffled if random.random() < lesson.share]
        yield from (due[first : first + _QUESTIONS_A_STEP] for first in range(0, len(due), _QUESTIONS_A_STEP))


def _chosen(
    lesson: Exercise, random: np.random.Generator, *, behind: bool
) -> tuple[list[tuple[str, str]], Tensor]:
    """The question with each of some passages, and whether these answer."""
    right, wrong = np.flatnonzero(lesson.answers), np.flatnonzero(~lesson.answers)
    others = random.permutation(wrong[_HARDEST:])[:_OTHERS]
    rows = [*right, *wrong[:_HARDEST], *others]
    passages = lesson.behind if behind else lesson.alone
    return [(lesson.question, passages[row]) for row in rows], torch.from_numpy(lesson.answers[rows])


def _loss(logits: Tensor, answers: Tensor) -> Tensor:
    everything = torch.cat([torch.zeros(1), logits]).logsumexp(0)
    right = logits[answers].logsumexp(0) if answers.any() else torch.zeros(())
    alone = binary_cross_entropy_with_logits(logits, answers.float())
    return everything - right + _ALONE_WEIGHT * alone
