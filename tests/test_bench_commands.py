"""`rewatch bench`: every sub-command that is named can be called, and tells what it measures."""

import pytest

from rewatch.agent.cli import main
from rewatch.evals.bench import COMMANDS


@pytest.mark.parametrize("name", COMMANDS)
def test_a_benchmark_tells_what_it_measures(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", name, "--help"]) == 0
    assert COMMANDS[name][1] in capsys.readouterr().out
