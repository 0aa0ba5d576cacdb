"""Sentence embeddings: the NumPy forward pass is the model, fast, and needs no deep-learning framework."""

import subprocess
import sys

import numpy as np
import pytest

from rewatch.memory.ingest.encoder import SentenceEncoder

TEXTS = [
    "When does she introduce entropy?",
    "The cat sat on the mat, and the dog barked loudly at the postman.",
    "Entropy measures disorder in a system.",
    "Overfitting happens when the model memorises the training data",
    "",
    "naïve café — 東京 résumé",
    " ".join(["word"] * 400),
    "C++ isn't Java",
]
LIKENESS_TO_FIRST = [1.0, -0.00957, 0.58877, 0.13488, 0.02751, 0.03450, 0.07434, 0.01956]
"""Computed with sentence-transformers 6.2 from the same weights."""


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    return SentenceEncoder()


def test_vectors_are_those_of_sentence_transformers(encoder: SentenceEncoder) -> None:
    vectors = encoder.encode_texts(TEXTS)
    assert vectors.dtype == np.float32
    assert vectors.shape == (8, 384)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.allclose(vectors @ vectors[0], LIKENESS_TO_FIRST, atol=3e-4)


def test_a_text_has_the_same_vector_in_any_company(encoder: SentenceEncoder) -> None:
    together = encoder.encode_texts(TEXTS * 12)
    for place, text in enumerate(TEXTS):
        assert np.allclose(encoder.encode_texts([text])[0], together[place], atol=1e-5)
        assert np.allclose(together[place], together[place + len(TEXTS) * 11], atol=1e-5)


def test_nothing_to_embed_gives_no_rows(encoder: SentenceEncoder) -> None:
    assert encoder.encode_texts([]).shape == (0, 384)


def test_lone_surrogates_are_embedded_like_unknown_characters(encoder: SentenceEncoder) -> None:
    vectors = encoder.encode_texts(["caf\udce9 open", "caf? open"])
    assert np.allclose(vectors[0], vectors[1], atol=1e-5)


def test_embedding_imports_no_deep_learning_framework() -> None:
    program = (
        "import sys; from rewatch.memory.ingest.encoder import SentenceEncoder;"
        "SentenceEncoder().encode_texts(['a']);"
        "print({'torch', 'transformers', 'sentence_transformers', 'scipy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
