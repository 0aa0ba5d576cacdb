"""Checking what an answer cites: the words must stand in the lines of the cited span."""

from pathlib import Path

import pytest
from talks import put_talk

from rewatch.agent.verification import check
from rewatch.memory.library import Library
from rewatch.memory.types import Limits, Span, TextLine
from rewatch.tools.context import ToolContext
from rewatch.tools.meter import Meter
from rewatch.tools.search import search

FIRST, SECOND = "A keeper had to climb two hundred steps", "every evening to light the lamp."


@pytest.mark.parametrize("asked", [None, Span(16.0, 60.0), Span(0.0, 12.0)])
def test_a_quote_across_the_border_of_what_is_asked_about_is_read_to_its_ends(
    tmp_path: Path, asked: Span | None
) -> None:
    with Library.open(tmp_path) as library:
        video = put_talk(library, "towers", 60.0, [(10.0, 20.0, f"{FIRST} {SECOND}")])
        library.store.delete_text_lines("towers", "subtitle")
        lines = [
            TextLine("subtitle", Span(10.0, 14.5), FIRST, "test"),
            TextLine("subtitle", Span(14.5, 20.0), SECOND, "test"),
        ]
        library.store.add_text_lines("towers", lines)
        context = ToolContext(library, (video,), asked, Meter(Limits()))
        (found,) = search(context, "Who lights the lamp?")
        assert check(context, found, 0.0, recheck=False).verdict == "supported"
        library.store.delete_text_lines("towers", "subtitle")
        library.store.add_text_lines("towers", lines[1:])
        assert check(context, found, 0.0, recheck=False).verdict == "refuted"


def test_words_on_a_screen_whose_video_is_gone_are_neither_borne_out_nor_denied(tmp_path: Path) -> None:
    with Library.open(tmp_path) as library:
        video = put_talk(library, "towers", 60.0, [], [(10.0, 20.0, "Harbour dues: 4 shillings")])
        context = ToolContext(library, (video,), None, Meter(Limits()))
        (found,) = search(context, "What are the harbour dues?", channels=("screen",))
        checked = check(context, found, 0.0, recheck=True)
        assert (checked.verdict, "cannot be read again" in checked.reason) == ("unverified", True)
