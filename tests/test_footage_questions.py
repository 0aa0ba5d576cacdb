"""Questions about real footage: twenty, each with a truth that a judge can take, asked about a folder of videos."""

from pathlib import Path

import pytest

from rewatch.agent.cli import main
from rewatch.evals.bench.footage import load_footage_questions
from rewatch.memory.types import Span


def test_there_are_twenty_questions_and_each_answerable_one_has_a_span() -> None:
    questions = load_footage_questions()
    assert len({question.id for question in questions}) == 20
    for question in questions:
        assert bool(question.looked_up.spans) != question.near_miss


def test_a_truth_is_read_as_spans_of_which_one_is_enough() -> None:
    (question,) = (each for each in load_footage_questions() if each.id == "film-presents")
    assert question.looked_up.spans == ((Span(20.9, 23.1),), (Span(490.0, 494.0),))


def test_a_folder_without_the_videos_is_refused_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "footage", str(tmp_path)]) == 2
    assert "is not in" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
