"""Sentences are found by their words, whatever the words look like."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from small_stages import video_at

from rewatch.memory.store import Store
from rewatch.memory.types import Sentence, Span, TextKind

TEXTS: list[tuple[TextKind, str]] = [
    ("subtitle", "Entropy never decreases in a closed system."),
    ("subtitle", "We are running two engines side by side."),
    ("subtitle", "What's the rate of C++ compilers? See a:b."),
    ("screen", "Thesecondlawofthermodynamics"),
    ("screen", "Rate constants of a reaction"),
    ("screen", "generateresults"),
    ("subtitle", "A café in Zürich, he said."),
    ("speech", "Engines, engines, engines."),
]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "library") as opened:
        video = video_at(Path("/talk.mp4"))
        other = replace(video, video_id="0ther")
        for info in (video, other):
            opened.put_video(info)
        sentences = [
            Sentence(0, "", kind, Span(10.0 * n, 10.0 * n + 10), text) for n, (kind, text) in enumerate(TEXTS)
        ]
        opened.add_sentences(video.video_id, sentences)
        opened.add_sentences(other.video_id, [Sentence(0, "", "subtitle", Span(0.0, 9.0), "Entropy again.")])
        yield opened


def found(store: Store, *words: str, **where: object) -> set[str]:
    return {item.text for item, _ in store.search_words(words, **where)}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("words", "number"),
    [
        (["ENTROPY"], 0),
        (["runs"], 1),
        (["what's"], 2),
        (["C++"], 2),
        (["a:b"], 2),
        (["cafe"], 6),
        (["Zurich"], 6),
        (["closed system"], 0),
        (["absent", "decrease"], 0),
    ],
)
def test_words_match_by_stem_case_and_accent(store: Store, words: list[str], number: int) -> None:
    assert TEXTS[number][1] in found(store, *words)


@pytest.mark.parametrize(
    "word",
    [
        '"',
        '""',
        "'",
        "*",
        "NEAR",
        "AND",
        "NOT",
        "(",
        ")",
        "-",
        "^a",
        "a*",
        "{x}",
        "\0",
        "",
        " ",
        "\\",
        "é:",
        "%",
    ],
)
def test_no_word_crashes_the_search(store: Store, word: str) -> None:
    store.search_words([word])
    assert TEXTS[0][1] in found(store, word, "entropy")


def test_no_words_find_nothing(store: Store) -> None:
    assert store.search_words([]) == []
    assert store.search_words(["", "?!"]) == []


def test_thousands_of_words_are_not_too_many(store: Store) -> None:
    assert TEXTS[0][1] in found(store, *(f"w{number}" for number in range(1500)), "entropy")


def test_better_matches_come_first(store: Store) -> None:
    ranked = store.search_words(["engines", "side"])
    assert [item.text for item, _ in ranked] == [TEXTS[1][1], TEXTS[7][1]]
    scores = [score for _, score in ranked]
    assert scores == sorted(scores, reverse=True)
    assert min(scores) > 0
    assert store.search_words(["engines", "side"], limit=1) == ranked[:1]


def test_restrictions_hold(store: Store) -> None:
    assert found(store, "entropy") == {TEXTS[0][1], "Entropy again."}
    assert found(store, "entropy", video_ids=["0ther"]) == {"Entropy again."}
    assert found(store, "entropy", video_ids="0ther") == {"Entropy again."}
    assert found(store, "entropy", video_ids=[]) == set()
    assert found(store, "engines", kinds=["speech"]) == {TEXTS[7][1]}
    assert found(store, "engines", span=Span(0.0, 70.0)) == {TEXTS[1][1]}
    assert found(store, "law", "thermodynamics", kinds=["subtitle"]) == set()


@pytest.mark.parametrize("word", ["thermodynamics", "Second law", "LAWOF", "second-law"])
def test_joined_words_on_the_screen_are_found(store: Store, word: str) -> None:
    assert found(store, word) == {TEXTS[3][1]}
    assert all(score > 0 for _, score in store.search_words([word]))


def test_a_short_word_is_not_looked_for_inside_others(store: Store) -> None:
    assert found(store, "mod") == set()


def test_a_word_that_stands_alone_is_not_looked_for_inside_others(store: Store) -> None:
    assert TEXTS[5][1] not in found(store, "rate")
    assert TEXTS[5][1] in found(store, "rate", span=Span(50.0, 60.0))


def test_sentences_that_are_gone_are_not_found(store: Store) -> None:
    store.delete_sentences("0ther")
    assert found(store, "entropy") == {TEXTS[0][1]}
