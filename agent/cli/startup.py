"""A quick start for a command that asks: what it loads beside, and what it does not compile.

Importing LangGraph is most of the time before a question is read. Nothing here changes what is imported.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread


def load_beside(*, reader: bool) -> None:
    """Begin to load the models that searching takes, in a thread of their own.

    Args:
        reader: Whether passages will be read, as the rules planner has it done.
    """

    def load() -> None:
        from rewatch.tools.question_encoder import load_question_encoder
        from rewatch.tools.reader import load_reader

        with suppress(Exception):  # whoever needs a model tells what is wrong with it
            load_question_encoder()
            if reader:
                load_reader()

    Thread(target=load, name="models").start()


@contextmanager
def models_compiled_at_first_use() -> Iterator[None]:
    """Let pydantic compile the models that are imported meanwhile when they are first used.

    LangGraph imports langsmith, whose two hundred models nothing here uses.
    """
    from pydantic import BaseModel

    BaseModel.model_config["defer_build"] = True
    try:
        yield
    finally:
        del BaseModel.model_config["defer_build"]
