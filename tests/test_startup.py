"""A command that asks starts quickly: models load beside, and pydantic compiles what is used."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from rewatch.agent.cli.startup import load_beside, models_compiled_at_first_use
from rewatch.memory.ingest import encoder
from rewatch.memory.ingest.encoder import SentenceEncoder
from rewatch.tools import question_encoder, reader


def test_models_are_compiled_at_first_use_and_validate_as_ever() -> None:
    with models_compiled_at_first_use():

        class Late(BaseModel):
            seconds: float

    assert not Late.__pydantic_complete__
    assert Late(seconds="1.5").seconds == 1.5  # type: ignore[arg-type]
    assert Late.__pydantic_complete__
    with pytest.raises(ValidationError):
        Late(seconds="soon")  # type: ignore[arg-type]


def test_other_models_are_compiled_at_once_even_after_a_failed_import() -> None:
    with pytest.raises(ImportError), models_compiled_at_first_use():
        raise ImportError

    class Prompt(BaseModel):
        seconds: float

    assert Prompt.__pydantic_complete__


@pytest.mark.parametrize("wanted", [True, False])
def test_what_searching_takes_is_there_once_the_thread_has_ended(
    wanted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[str] = []
    monkeypatch.setattr(question_encoder, "load_question_encoder", lambda: loaded.append("encoder"))
    monkeypatch.setattr(reader, "load_reader", lambda: loaded.append("reader"))
    load_beside(reader=wanted)
    for thread in [thread for thread in threading.enumerate() if thread.name == "models"]:
        thread.join()
    assert loaded == (["encoder", "reader"] if wanted else ["encoder"])


def test_a_thread_that_needs_the_encoder_waits_while_another_one_loads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loading: list[Path] = []
    at_once: list[int] = []

    def load(folder: Path) -> None:
        loading.append(folder)
        time.sleep(0.05)
        at_once.append(len(loading))
        loading.remove(folder)

    monkeypatch.setattr(encoder, "_load_tokenizer", load)
    monkeypatch.setattr(encoder, "_load_embeddings", lambda folder: ())
    monkeypatch.setattr(encoder, "_load_layers", lambda folder: ())
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(SentenceEncoder, [tmp_path] * 4))
    assert at_once == [1, 1, 1, 1]
