"""Multiple choice: which option the passages that answer the question bear out.

Each option is put beside the question, and the two are read with each passage: the reader has learnt that nothing
answers a question beside a wrong answer (`evals/training/exercises`). What an option gains with any passage, as one
does that repeats the question, is taken off (contextual calibration, Zhao et al. 2021, arXiv:2102.09690).
"""

from collections.abc import Sequence

import numpy as np

from rewatch.agent.answer import Claim
from rewatch.agent.composition import BESIDE, quote
from rewatch.agent.options import for_absence, lead, names_all, own, speaks_of_another
from rewatch.agent.planners.rules import POSSIBLE, SUFFICIENT
from rewatch.agent.question import Question
from rewatch.memory.types import Observation
from rewatch.tools.passages import in_marks
from rewatch.tools.reader import beside, load_reader

_PASSAGES = 8
"""How many of the best passages are read with each option."""


def choose(question: Question, ranked: Sequence[Observation]) -> list[Claim]:
    """Pick an option.

    Args:
        question: A question with options.
        ranked: What was seen for it, best first.

    Returns:
        The option as a claim that quotes the passage which speaks for it, and quotations of the best passages;
        nothing when nothing was seen. Where one option says that there is no answer, the asker does not promise
        one: then only passages count that answer by themselves, without what is said beside them, and none that
        tells it of another thing. Nor does such a one where a passage names the very thing. A passage that is too
        unlikely to be cited speaks for an option only where all of them are.
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
    asked = [seen for seen in asked if (seen.probability or 0.0) >= POSSIBLE] or asked
    if not asked:
        return []
    letters = [letter for letter in question.options if letter != absent]
    texts = [in_marks(own(question.query, seen.text)) for seen in asked]
    joined = [beside(question.text, question.options[letter]) for letter in letters]
    logits = np.array([load_reader().score(each, texts) for each in joined])
    # Of a single passage, what is usual would be all that there is.
    usual = logits.mean(axis=1, keepdims=True) if len(texts) > 1 else 0.0
    option, passage = np.unravel_index((logits - usual).argmax(), logits.shape)
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
