"""Words of questions and passages."""

from concurrent.futures import ThreadPoolExecutor

from rewatch.tools.words import stem


def test_words_are_stemmed_the_same_from_many_threads() -> None:
    words = [
        f"{root}{ending}"
        for root in ("relat", "organis", "conduct", "communic", "thermodynam", "irrevers", "gener", "vibr")
        for ending in ("ion", "ions", "ing", "ional", "ed", "able", "ibility", "ively", "ities", "ically")
    ]
    alone = [stem.__wrapped__(word) for word in words]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(stem.__wrapped__, words * 50))
    assert together == alone * 50


def test_a_circled_digit_read_off_a_screen_is_no_number() -> None:
    from rewatch.tools.numbers import numbers

    assert numbers("① submit 3 forms") == (3.0,)
