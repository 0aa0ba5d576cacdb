"""Which passages of a written transcript count as answering a question."""

from pathlib import Path

import pytest

from rewatch.evals.answerability import corpus
from rewatch.evals.answerability.corpus import Asked, read_corpus
from rewatch.memory.library import Library
from rewatch.tools.passages import load


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Asked, list[str]]]:
    """The questions of one transcript, each with the passages that answer it."""
    monkeypatch.setattr(corpus, "JUDGED", frozenset(["c3"]))
    with Library.open(tmp_path) as library:
        (questions,) = read_corpus(library, judged=True)
        passages = load(library, questions[0].video.video_id).sentences
        return [(each, [p.text for p in passages if each.is_answered_by(p)]) for each in questions]


def test_what_is_said_while_a_slide_answers_does_not_answer(asked: list[tuple[Asked, list[str]]]) -> None:
    (right,) = (texts for each, texts in asked if each.text == "How many double charges does the slide give?")
    line = "2,014 double charges"
    assert sorted(right) == [
        line,
        f"The wrong fix\nRestarted the database\n42 minutes lost\n{line}",
    ]


def test_every_answerable_question_has_a_passage_that_answers_it_and_no_near_miss_has(
    asked: list[tuple[Asked, list[str]]],
) -> None:
    assert len(asked) > 100
    assert all(bool(right) is each.answerable for each, right in asked)
