"""Embedding questions: near to the passages that answer them, not only to those that say the same.

A question and its answer seldom say the same. The sentence encoder's matrices are adapted for questions
(LoRA, Hu et al. 2021, arXiv:2106.09685); what was learnt lies in `question_encoder.safetensors`, trained by
`rewatch.evals.training`. Passages stay embedded as they are: nothing that is stored changes, and nothing is read anew.
"""

from functools import cache
from importlib.resources import files
from threading import Lock

from rewatch.memory.ingest.encoder import SentenceEncoder

_ADAPTATION = "question_encoder.safetensors"


def load_question_encoder() -> SentenceEncoder:
    """The encoder of questions of this process (0.2 s); its vectors compare with those of passages."""
    with _LOADING:
        return _loaded()


_LOADING = Lock()
"""Whoever needs it while another thread loads it waits, and loads nothing twice."""


@cache
def _loaded() -> SentenceEncoder:
    from safetensors.numpy import load

    return SentenceEncoder(adaptation=load(files(__package__).joinpath(_ADAPTATION).read_bytes()))
