"""Questions are embedded near to what answers them, in the space of the passages."""

import numpy as np

from rewatch.memory.ingest.encoder import SentenceEncoder
from rewatch.tools.question_encoder import load_question_encoder

NAME = "encoder.layer.2.output.dense"
PAIRS = [
    ("How did her first dive go wrong?", "Then I was sick over the side of the boat."),
    ("Which animal kept the guests awake?", "The donkey brayed until four and nobody slept."),
    ("Why was the concert put off?", "Half the choir had lost their voices, so we moved it to May."),
    ("How much did the land cost him?", "He paid nine hundred pounds for the meadow."),
    ("Who repaired the roof?", "Old Mr Pettifer put the slates back on after the storm."),
    ("What became of the letters?", "Her sister burned every page of them in the kitchen stove."),
]


def test_a_question_lies_nearer_to_its_answer_than_the_sentence_encoder_puts_it() -> None:
    plain, adapted = SentenceEncoder(), load_question_encoder()
    answers = plain.encode_texts([answer for _, answer in PAIRS])
    lead = []
    for encoder in (plain, adapted):
        cosines = encoder.encode_texts([question for question, _ in PAIRS]) @ answers.T
        others = cosines[~np.eye(len(PAIRS), dtype=bool)].mean()
        lead.append((np.diag(cosines).mean() - others) / cosines.std())
    assert lead[1] > lead[0]


def test_an_adaptation_adds_its_product_to_the_matrix_that_it_names() -> None:
    random = np.random.default_rng(0)
    nothing = {f"{NAME}.down": random.normal(size=(1536, 4)), f"{NAME}.up": np.zeros((4, 384))}
    changed = nothing | {f"{NAME}.up": random.normal(0, 0.1, (4, 384))}
    plain = SentenceEncoder().encode_texts(["Who repaired the roof?"])
    assert np.allclose(SentenceEncoder(adaptation=nothing).encode_texts(["Who repaired the roof?"]), plain)
    assert not np.allclose(
        SentenceEncoder(adaptation=changed).encode_texts(["Who repaired the roof?"]), plain, atol=0.01
    )
