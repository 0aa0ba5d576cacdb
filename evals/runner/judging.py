"""A chat model as judge of free answers: each is rated 0 to 3 against the right one, as V-STaR does.

Ratings stand in the run's folder, a line each with the judge's name, and are taken up by whatever reads the records. A
rating counts only for the very answer that was judged. V-STaR's own judge is Qwen2.5-72B-Instruct: numbers of another
one are not comparable with the published.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from langchain_core.messages import AIMessage, HumanMessage
from pydantic import BaseModel, Field

from rewatch.agent.chat.chat import Chat
from rewatch.agent.chat.forms import filled, form
from rewatch.evals.runner.ratings import RATINGS_FILE, UNREADABLE, Rating, rated
from rewatch.evals.runner.record import Record
from rewatch.memory.errors import ModelOutputError
from rewatch.prompts import quoted, render


class Judgement(BaseModel):
    """How near the candidate answer comes to the right one: 0 not at all, 1 little, 2 largely, 3 wholly."""

    rating: int = Field(ge=0, le=3)


def judge(
    folder: Path,
    records: Sequence[Record],
    open_chat: Callable[[], Chat],
    progress: Callable[[int, int], None],
) -> int:
    """Rate what has no rating yet; a killed judge goes on where it was.

    Args:
        folder: The run's.
        records: Its records, with the ratings that there are.
        open_chat: Gives the judge within the limits of one answer.
        progress: Is told how many answers of how many are rated.

    Returns:
        How many answers were rated now.

    Raises:
        LimitReached: The limits do not allow another rating.
        ToolError: The judge cannot be asked.
    """
    waiting = [record for record in records if _is_open(record) and rated(record) is None]
    with (folder / RATINGS_FILE).open("a", encoding="utf-8") as file:
        for done, rating in enumerate(_ratings(waiting, open_chat), 1):
            file.write(json.dumps(rating.to_plain(), ensure_ascii=False) + "\n")
            file.flush()
            progress(done, len(waiting))
    return len(waiting)


def _is_open(record: Record) -> bool:
    """Whether a record holds a free answer whose right one is known."""
    said = record.prediction
    return (
        said is not None
        and bool(said.answer)
        and not record.sample.options
        and record.sample.answer is not None
    )


def _ratings(records: Sequence[Record], open_chat: Callable[[], Chat]) -> Iterator[Rating]:
    for record in records:
        chat, answer = open_chat(), record.prediction.answer if record.prediction else ""
        prompt = render(
            "rate",
            question=record.sample.question,
            right=record.sample.answer or "",
            candidate=quoted(answer, "candidate answer"),
        )
        try:
            value = chat.ask([HumanMessage(prompt)], [form(Judgement)], _rating)
        except ModelOutputError:  # the judge said something else: the script counts that as 0, and so do we
            value = UNREADABLE
        yield Rating(record.sample.sample_id, answer, value, chat.name)


def _rating(reply: AIMessage) -> int:
    return filled(reply, Judgement).rating
