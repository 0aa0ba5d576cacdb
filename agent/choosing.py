"""Multiple choice: which option the passages that answer the question bear out.

Each option is put beside the question. A passage speaks for an option as far as it is more alike to the two
together than to the question with the other options; it counts the more, the better it answers the question.
"""

from collections.abc import Sequence

import numpy as np

from rewatch.agent.answer import Claim
from rewatch.agent.composition import BESIDE, quote
from rewatch.agent.options import for_absence, lead, names_all, own, speaks_of_another
from rewatch.agent.planners.rules import SUFFICIENT
from rewatch.agent.question import Question
from rewatch.memory.ingest.encoder import SentenceEncoder
from rewatch.memory.types import Observation
from rewatch.tools.passages import in_marks
from rewatch.tools.reader import load_reader

_PASSAGES = 10
"""How many of the best passages are asked."""
_RELEVANCE = 0.3
"""Weight of a passage's relevance against its leaning to an option; 0.3 to 0.5 were best of 0 to 3 on the corpus."""


def choose(encoder: SentenceEncoder, question: Question, ranked: Sequence[Observation]) -> list[Claim]:
    """Pick an option.

    Args:
        encoder: The sentence encoder.
        question: A question with options.
        ranked: What was seen for it, best first.

    Returns:
        The option as a claim that quotes the passage which speaks for it, and quotations of the best passages;
        nothing when nothing was seen. Where one option says that there is no answer, the asker does not promise
        one: then only passages count that answer by themselves, without what is said beside them, and none that
        tells it of another thing. Nor does such a one where a passage names the very thing.
    """
    asked, absent = ranked[:_PASSAGES], for_absence(question.options)
    if absent:
        asked = [
            seen
            for seen in asked
            if (seen.probability or 0.0) >= SUFFICIENT and not speaks_of_another(question.query, seen.text)
        ]
        asked = _answering_alone(question, asked)
    if any(names_all(question.query, seen.text) for seen in asked):
        asked = [seen for seen in asked if not speaks_of_another(question.query, seen.text)]
    if not asked:
        return []
    letters = [letter for letter in question.options if letter != absent]
    joined = [f"{question.text} {question.options[letter]}" for letter in letters]
    vectors = encoder.encode_texts([*joined, *(own(question.query, seen.text) for seen in asked)])
    alike = vectors[len(letters) :] @ vectors[: len(letters)].T
    scores = np.array([seen.score for seen in asked])
    leaning = alike - alike.mean(axis=1, keepdims=True) + _RELEVANCE * (scores - scores.max())[:, None]
    passage, option = np.unravel_index(leaning.argmax(), leaning.shape)
    best, letter = asked[int(passage)], letters[int(option)]
    others = [seen for seen in asked if seen.id != best.id][:BESIDE]
    return [quote(best, lead(question.options, letter)), *map(quote, others)]


def _answering_alone(question: Question, passages: Sequence[Observation]) -> list[Observation]:
    """Passages that answer when they are read alone: in its context, one is believed for what stands beside it."""
    if not passages:
        return []
    texts = [in_marks(seen.text) for seen in passages]
    logits = load_reader().score(question.text, texts)
    return [seen for seen, logit in zip(passages, logits, strict=True) if logit > 0]
