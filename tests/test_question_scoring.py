"""An answer counts as right only with the expected words and a citation of the right place."""

import pytest
from pydantic import ValidationError

from rewatch.agent.answer import Answer, AnswerSpan, Claim
from rewatch.evals.questions import durations_in, judge
from rewatch.evals.talks.questions import Question, find_truth, load_questions, shares_words
from rewatch.evals.talks.script import bundled_talks, load_talk, parse_talk
from rewatch.evals.talks.timeline import build_timeline
from rewatch.memory.errors import InputError

TIMELINE = build_timeline(
    parse_talk(
        """# Tin
minutes: 1.8
words_per_minute: 120

## The pit
### pit | Down the pit
- Depth: 300 m
+ Closed in 1998

They dug for tin in the hills for twenty five long years. (+) Then the price fell and all of them went home.

### film | A film

Let us watch a film of it. (pause 40 projector hums) That was the film, and none of you fell asleep.

## The town
### town | The town today

There is a bakery now where the smelter was, and it has excellent rolls.
""",
        "tin",
    )
)


def question(**fields: object) -> Question:
    return Question.model_validate({"id": "q", "ask": "How many years?", "type": "said", **fields})


def answer(text: str = "", *spans: tuple[float, float], found: bool = True, **fields: object) -> Answer:
    cited = tuple(AnswerSpan("v", start, end) for start, end in spans)
    values = {"confidence": 0.9, "stopped": "sufficient", "run_id": "r", **fields}
    return Answer(question="", text=text, found=found, spans=cited, **values)  # type: ignore[arg-type]


def right(asked: Question, given: Answer) -> bool:
    return judge(asked, find_truth(asked, TIMELINE), given).right


def start_of(reference: str) -> float:
    return find_truth(question(truth=[reference], expect=["x"]), TIMELINE).spans[0][0].start_seconds


YEARS = question(expect=["twenty five years"], truth=["say: dug for tin"])


@pytest.mark.parametrize(
    ("text", "is_right"),
    [
        ("They dug for 25 years.", True),
        ("For twenty-five years", True),
        ("For TWENTY FIVE years!", True),
        ("For 125 years", False),
        ("For 25 yearsticks", False),
        ("", False),
    ],
)
def test_expected_words_are_found_whole_and_numbers_equal_their_words(text: str, is_right: bool) -> None:
    start = start_of("say: dug for tin")
    assert right(YEARS, answer(text, (start, start + 5))) is is_right


def test_a_supported_claim_counts_and_a_refuted_one_does_not() -> None:
    span = (start_of("say: dug for tin"),) * 2
    for verdict in ("supported", "refuted"):
        claims = (Claim("25 years", verdict, ()),)
        assert right(YEARS, answer("Long.", span, claims=claims)) is (verdict == "supported")


@pytest.mark.parametrize(("before", "is_right"), [(0, True), (4.9, True), (5.2, False), (60, False)])
def test_a_span_must_come_within_five_seconds(before: float, is_right: bool) -> None:
    start = start_of("slide: town") - before
    asked = question(type="when", truth=["slide: town"])
    assert right(asked, answer("", (start - 2, start))) is is_right


def test_citing_the_whole_video_cites_nothing() -> None:
    assert not right(YEARS, answer("25 years", (0, TIMELINE.duration_seconds)))


def test_only_the_best_five_spans_count() -> None:
    start = start_of("say: excellent rolls")
    asked = question(type="when", truth=["say: excellent rolls"])
    wrong = [(0.0, 1.0)] * 5
    assert right(asked, answer("", *wrong[:4], (start, start)))
    assert not right(asked, answer("", *wrong, (start, start)))


def test_a_hidden_line_is_true_only_from_its_appearance_on() -> None:
    assert start_of("line: pit/2") > start_of("line: pit/1") == 0
    asked = question(type="written", expect=["1998"], truth=["line: pit/2"])
    assert not right(asked, answer("1998", (0, 1)))


@pytest.mark.parametrize(
    ("text", "is_right"),
    [("It lasts 40 seconds.", True), ("0:38", True), ("about 1 minute", False), ("a while", False)],
)
def test_a_duration_is_compared_with_how_long_it_lasts(text: str, is_right: bool) -> None:
    asked = question(type="how_long", truth=["pause: film"])
    assert right(asked, answer(text, (start_of("pause: film"),) * 2)) is is_right


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("6 minutes", [360]),
        ("six minutes and 3 seconds", [363]),
        ("1:30", [90]),
        ("1:01:30 long", [3690]),
        ("two hours", [7200]),
        ("6 min 12 s", [372]),
        ("5 s, then later 7 s of talk", [5, 7]),
        ("no time at all", []),
        ("at 8:10–13:31", []),
        ("5:21, from 8:10 to 13:31", [321]),
    ],
)
def test_durations_are_read_as_people_write_them(text: str, seconds: list[float]) -> None:
    assert durations_in(text) == seconds


@pytest.mark.parametrize(
    ("kind", "expect", "text", "is_right"),
    [
        ("yes_no", "yes", "Yes: they dug.", True),
        ("yes_no", "no", "Yes, no doubt.", False),
        ("count", "3", "Three times (0:10, 0:20 and 0:30)", True),
        ("count", "3", "At 0:03: 4 times", False),
        ("order", "mine", "The mine, then the town.", True),
        ("order", "mine", "The town, then the mine.", False),
        ("order", "mine", "The town.", False),
    ],
)
def test_each_type_has_its_own_rule(kind: str, expect: str, text: str, is_right: bool) -> None:
    asked = question(type=kind, expect=[expect], truth=["slide: pit"], rivals=["town"] * (kind == "order"))
    assert right(asked, answer(text, (0, 5))) is is_right


def test_a_choice_is_judged_by_its_letter() -> None:
    asked = question(type="choice", options={"A": "tin", "B": "gold"}, expect=["A"], truth=["slide: pit"])
    assert right(asked, answer("tin", (0, 5), choice="A"))
    assert not right(asked, answer("A", (0, 5), choice="B"))


def test_a_summary_needs_a_span_inside_every_chapter() -> None:
    asked = question(type="summary", truth=["chapter: The pit", "chapter: The town"])
    town = start_of("slide: town")
    assert right(asked, answer("", (0, 20), (town, town + 5)))
    assert right(asked, answer("", (0, 20), (town - 4, town + 5)))
    assert not right(asked, answer("", (0, 20), (town - 6, town + 5)))
    assert not right(asked, answer("", (0, 20)))
    assert not right(asked, answer("", (0, TIMELINE.duration_seconds)))


def test_a_near_miss_is_right_only_when_nothing_is_found() -> None:
    asked = question(near_miss=True)
    assert right(asked, answer("not found", found=False))
    assert not right(asked, answer("25 years", (0, 5)))
    assert not right(YEARS, answer("not found", found=False))


def test_shared_words_are_computed_from_the_answering_text() -> None:
    same = question(ask="What did they dig for, tin?", expect=["tin"], truth=["say: dug for tin"])
    other = question(ask="What can one eat there?", expect=["rolls"], truth=["say: excellent rolls"])
    assert [shares_words(asked, find_truth(asked, TIMELINE)) for asked in (same, other)] == [True, False]


@pytest.mark.parametrize(
    "reference",
    ["say: gold", "say: the", "slide: moon", "line: pit/3", "line: pit", "pause: pit", "tale: pit"],
)
def test_a_reference_that_matches_no_single_place_is_refused(reference: str) -> None:
    with pytest.raises(InputError):
        find_truth(question(truth=[reference], expect=["x"]), TIMELINE)


@pytest.mark.parametrize(
    "fields",
    [
        {"near_miss": True, "truth": ["slide: pit"]},
        {"expect": ["x"]},
        {"truth": ["slide: pit"]},
        {"type": "choice", "truth": ["slide: pit"], "expect": ["A"]},
        {"type": "choice", "truth": ["slide: pit"], "expect": ["C"], "options": {"A": "a", "B": "b"}},
        {"type": "guess", "truth": ["slide: pit"]},
    ],
)
def test_a_question_that_cannot_be_judged_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        question(**fields)


@pytest.mark.parametrize("name", bundled_talks())
def test_bundled_questions_have_truth_near_misses_and_paraphrases(name: str) -> None:
    timeline = build_timeline(load_talk(name))
    questions = load_questions(name)
    answerable = [asked for asked in questions if not asked.near_miss]
    apart = [asked for asked in answerable if not shares_words(asked, find_truth(asked, timeline))]
    assert len(questions) >= 40
    assert len(questions) - len(answerable) >= 10
    assert len(apart) >= len(answerable) / 2
