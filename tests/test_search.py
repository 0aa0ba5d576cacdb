"""`search`, `read` and `overview`: what they find in text whose place is known."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from talks import put_talk

from rewatch.memory.errors import LimitReached
from rewatch.memory.library import Library
from rewatch.memory.types import Limits, Span
from rewatch.tools.context import ToolContext
from rewatch.tools.meter import Meter
from rewatch.tools.overview import overview
from rewatch.tools.read import read
from rewatch.tools.search import search

SAID = [
    (10.0, 15.0, "Welcome everybody, today is about how machines turn heat into work."),
    (60.0, 66.0, "James Watt added a separate condenser to the engine in 1765."),
    (120.0, 126.0, "Entropy measures how many ways there are to arrange the same thing."),
    (180.0, 186.0, "Please bring your laboratory coats to the session on Thursday."),
]
SHOWN = [(115.0, 150.0, "Entropylaw of Clausius"), (200.0, 230.0, "Exam on 14 June, room 12")]


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ToolContext]:
    with Library.open(tmp_path_factory.mktemp("library")) as library:
        heat = put_talk(library, "heat", 300, SAID, SHOWN, [(0, 100, "Engines"), (100, 300, "Entropy")])
        other = put_talk(library, "cake", 100, [(5.0, 9.0, "Beat the eggs until they are pale and thick.")])
        yield ToolContext(library, (heat, other))


def test_words_are_found(context: ToolContext) -> None:
    best = search(context, "separate condenser")[0]
    assert (best.video_id, best.span, best.channel) == ("heat", Span(60, 66), "speech")


def test_meaning_is_found_without_a_shared_word(context: ToolContext) -> None:
    assert search(context, "whisking a cake batter")[0].video_id == "cake"
    assert search(context, "what clothes students should take along")[0].span == Span(180, 186)


def test_screen_text_is_found_although_ocr_joined_its_words(context: ToolContext) -> None:
    found = search(context, "law of Clausius", channels=("screen",))
    assert found[0].text == "Entropylaw of Clausius"
    assert all(item.channel == "screen" for item in found)


def test_a_span_restricts(context: ToolContext) -> None:
    found = search(context, "engine", span=Span(100, 300))
    assert found
    assert all(item.span.overlaps(Span(100, 300)) for item in found)


def test_of_a_roll_of_credits_the_lines_around_the_one_that_is_meant_are_quoted(tmp_path: Path) -> None:
    names = [f"Grip Person{number}" for number in range(300)]
    credit = [*names[:200], "Music by Ada Morgenstern", *names[200:]]
    with Library.open(tmp_path) as library:
        film = put_talk(library, "film", 100, [], [(80.0, 95.0, "\n".join(credit))])
        text = search(ToolContext(library, (film,)), "Morgenstern music")[0].text
    lines = text.splitlines()
    assert len(text) <= 600
    assert lines[len(lines) // 2] == "Music by Ada Morgenstern"
    assert text in "\n".join(credit)


def test_the_same_search_gives_the_same_ids(context: ToolContext) -> None:
    assert search(context, "entropy") == search(context, "entropy")


@pytest.mark.parametrize(
    "query", ["what's", "C++", "a:b", '"', "AND OR NOT", "(", "*", "\x00", "…", "🎉", "x" * 5000]
)
def test_no_query_breaks_it(context: ToolContext, query: str) -> None:
    search(context, query)


def test_a_limit_on_calls_is_hard(context: ToolContext) -> None:
    limited = ToolContext(context.library, context.videos, None, Meter(Limits(tool_calls=1)))
    search(limited, "entropy")
    with pytest.raises(LimitReached, match=r"tool calls \(1\)"):
        search(limited, "entropy")


def test_read_gives_the_lines_of_a_span_in_order(context: ToolContext) -> None:
    lines = read(context, "heat", Span(100, 190))
    assert [line.text for line in lines] == [SHOWN[0][2], SAID[2][2], SAID[3][2]]
    assert [line.text for line in read(context, "heat", Span(100, 190), channels=("speech",))] == [
        SAID[2][2],
        SAID[3][2],
    ]


def test_overview_outlines_by_chapter(context: ToolContext) -> None:
    outline = overview(context, "heat")
    assert [item.span for item in outline] == [Span(0, 100), Span(100, 300)]
    assert outline[0].text.startswith("Engines")


def test_a_library_without_text_finds_nothing(tmp_path: Path) -> None:
    with Library.open(tmp_path) as library:
        silent = put_talk(library, "silent", 60, [])
        assert search(ToolContext(library, (silent,)), "anything at all") == []
