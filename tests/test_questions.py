"""What the rules understand of a question."""

import time

import pytest

from rewatch.agent.follow_up import complete
from rewatch.agent.question import Question, ground
from rewatch.memory.types import Span

HOUR = 3600.0


@pytest.mark.parametrize(
    ("text", "kind", "query"),
    [
        ("When is the white wardrobe shown on the screen?", "when", "the white wardrobe"),
        ("When does she introduce entropy?", "when", "entropy"),
        ("At what point does he talk about the broken boiler?", "when", "the broken boiler"),
        ("Where does she mention Carnot?", "when", "Carnot"),
        ("What does he say about the boiler?", "what", "the boiler"),
        ("Who invented the steam engine?", "what", "invented the steam engine"),
        ("What is written on the slide about Carnot?", "written", "Carnot"),
        ("How many times does she mention the steam engine?", "count", "the steam engine"),
        ("How many times does the word entropy appear?", "count", "entropy"),
        ("When does she first use the term entropy?", "when", "entropy"),
        ("When does she mention the word processor?", "when", "the word processor"),
        ("How often are the word processors mentioned?", "count", "the word processors"),
        ("How often does she mention the word “processor”?", "count", "“processor”"),
        ("What does he say about the term paper?", "what", "the term paper"),
        ("How often does he use the phrase “by and large”?", "count", "“by and large”"),
        ("What do the words on the blue slide say?", "written", "the words on the blue"),
        ("How long is the break?", "how_long", "the break"),
        ("Does she mention Boltzmann?", "yes_no", "Boltzmann"),
        ("Summarize the talk", "summary", ""),
        ("Sum it up for me in three sentences, please.", "summary", ""),
        ("What are the main topics?", "summary", ""),
        ("What is this video about?", "summary", ""),
        ("What happens in this video?", "summary", ""),
        ("Which subjects are covered in the talk?", "summary", ""),
        ("Summarise what happens after the break", "summary", ""),
        ("Summarise what follows the interval.", "summary", ""),
        ("What follows from the second law?", "what", "follows from the second law"),
        ("Can you sum up what he says about gas and electric light?", "summary", "gas and electric light"),
        ("Give me a short summary of the part on reefs.", "summary", "reefs"),
        ("Summarise how the bell was tuned, in two sentences", "summary", "how the bell was tuned"),
        ("What are her key takeaways on soil?", "summary", "soil"),
        ("What did the summary slide say?", "written", "the summary"),
        ("When was the company founded?", "what", "the company founded"),
        ("Where is the table of how long to wait?", "when", "the table of how long to wait"),
        ("At what point does she say how long it takes?", "when", "how long it takes"),
        ("After the break, when does the audience gasp?", "when", "the audience gasp"),
        (
            "Since what year has the reef been protected?",
            "what",
            "Since what year has the reef been protected",
        ),
        ("Was the printed mould any good?", "yes_no", "the printed mould any good"),
        ("How many nanoseconds does it need, according to the slide?", "count", "nanoseconds does it need"),
        ("How much work did it cost in 1890, going by the graph?", "written", "work did it cost in 1890"),
    ],
)
def test_type_and_subject_are_told_from_the_words(text: str, kind: str, query: str) -> None:
    question = ground(text, HOUR)
    assert (question.type, question.query) == (kind, query)


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("How often does she mention the steam engine?", True),
        ("how many times is the logo shown", True),
        ("How many times does the word entropy come up?", True),
        ("How many mentions of Carnot are there?", True),
        ("According to the table, how often does the light flash?", False),
        ("How many times did he have to climb the tower?", False),
        ("How often was the status page updated?", False),
    ],
)
def test_only_what_is_said_or_shown_is_counted_in_the_video(text: str, counts: bool) -> None:
    question = ground(text, HOUR)
    assert (question.type, question.counts_mentions) == ("count", counts)


@pytest.mark.parametrize(
    ("text", "targets", "later_first"),
    [
        ("Which comes first, the demonstration or the break?", ("the demonstration", "the break"), False),
        ("Does she talk about the fridge before the engine?", ("the fridge", "the engine"), False),
        ("Is the proof shown after the example?", ("the proof", "the example"), True),
        (
            "Which comes first, the mine, the town, or the bridge?",
            ("the mine", "the town", "the bridge"),
            False,
        ),
        (
            "In which order do the red car, the bus, and the tram appear?",
            ("the red car", "the bus", "the tram"),
            False,
        ),
        ("In what order does she talk about rent and tax?", ("rent", "tax"), False),
        (
            "What is the order of appearance of the dog, the cat and the horse in the video?",
            ("the dog", "the cat", "the horse"),
            False,
        ),
    ],
)
def test_an_order_has_two_or_more_targets(text: str, targets: tuple[str, ...], later_first: bool) -> None:
    question = ground(text, HOUR)
    assert question.type == "order"
    assert question.targets == targets
    assert question.later_first is later_first


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("What does he say in the last ten minutes?", Span(3000, 3600)),
        ("What does he say in the first 90 seconds?", Span(0, 90)),
        ("Who speaks in the second half of the video?", Span(1800, 3600)),
        ("Who speaks in the Second Half?", Span(1800, 3600)),
        ("Who speaks in the Last Third of the Talk?", Span(2400, 3600)),
        ("Who speaks in the middle third?", Span(1200, 2400)),
        ("Who speaks in the middle half of the video?", Span(900, 2700)),
        ("What is shown between 10:00 and 12:30?", Span(600, 750)),
        ("What does she say after 50:00?", Span(3000, 3600)),
        ("What does she say around 1:00?", Span(15, 105)),
        ("What does she say before minute 20?", Span(0, 1200)),
        ("What does she say in the final hour?", Span(0, 3600)),
        ("What is promised at the end of the talk?", Span(3060, 3600)),
    ],
)
def test_a_hint_of_time_becomes_a_span(text: str, span: Span) -> None:
    assert ground(text, HOUR).span == span


def test_a_hint_beyond_the_video_leaves_nothing_to_search() -> None:
    span = ground("What does she say after 2:00:00?", HOUR).span
    assert span is not None
    assert span.duration_seconds == 0


def test_another_moment_becomes_an_anchor() -> None:
    for follows in ("What followed the fire of 1666?", "What followed right after the fire of 1666?"):
        asked = ground(follows, HOUR)
        assert asked.query == ""
        assert asked.anchor is not None
        assert (asked.anchor.relation, asked.anchor.text) == ("after", "the fire of 1666")
    question = ground("What does she explain right after the break?", HOUR)
    assert question.anchor is not None
    assert (question.anchor.relation, question.anchor.text, question.anchor.adjacent) == (
        "after",
        "the break",
        True,
    )
    assert ground("Before the break, what does she say about engines?", HOUR).query == "engines"


def test_ranks_are_told_from_the_words() -> None:
    assert ground("When is the second time she shows the graph?", HOUR).rank == 2
    assert ground("When does she first mention heat?", HOUR).rank == 1
    assert ground("When does he mention heat for the last time?", HOUR).rank == -1
    last = ground("When does he last mention heat?", HOUR)
    assert (last.rank, last.query) == (-1, "heat")
    assert ground("When does he mention heat?", HOUR).rank is None


def test_what_an_answer_must_hold() -> None:
    assert ground("How many laws are there?", HOUR).expected == ("number",)
    assert ground("How long is the break?", HOUR).expected == ("duration",)
    assert ground("Who founded it?", HOUR).expected == ("person",)
    assert set(ground("In what year was it built?", HOUR).expected) == {"date", "number"}
    assert ground("What colour is the car?", HOUR).needs_eyes


TURNS = [{"query": "the break", "spans": [{"video_id": "v", "start_seconds": 100.0, "end_seconds": 120.0}]}]


def follow_up(text: str, video_id: str = "v") -> Question:
    return complete(ground(text, HOUR), TURNS, {video_id: HOUR})


@pytest.mark.parametrize(
    "text",
    [
        "What does she say after that?",
        "After that, what is shown?",
        "What happens next?",
        "What does she say next about engines?",
        "And then what does she say?",
        "What happens then?",
        "What is shown afterwards?",
    ],
)
def test_a_follow_up_looks_after_the_last_answer(text: str) -> None:
    assert follow_up(text).span == Span(120, HOUR)


def test_a_follow_up_looks_before_the_last_answer() -> None:
    assert follow_up("What does she say before that?").span == Span(0, 100)


@pytest.mark.parametrize(
    "text",
    ["How long is it?", "Why is that?", "How does that work?", "Who said that?", "When do they end?"],
)
def test_a_pronoun_stands_for_the_subject_of_the_last_question(text: str) -> None:
    assert "the break" in follow_up(text).query


@pytest.mark.parametrize(
    "text",
    [
        "When does she introduce entropy?",
        "What is next to the lamp?",
        "What happens the next day?",
        "Who was king back then?",
        "What happens after that storm?",
        "Does she say that bees sting?",
        "Is it true that bees sting?",
        "Who built the tower that fell?",
        "Do they mention bees?",
        "When does it show the lamp?",
        "Who speaks in this video?",
    ],
)
def test_a_question_that_stands_by_itself_is_no_follow_up(text: str) -> None:
    assert follow_up(text) == ground(text, HOUR)


def test_the_place_of_an_answer_in_another_video_means_nothing() -> None:
    assert follow_up("What happens next?", video_id="other").span is None


@pytest.mark.parametrize(
    "text",
    [
        "what last - " * 333,
        "which first, " * 307,
        "is " * 660 + "come " * 400,
        "in which order do " + "a " * 800 + "appear " * 300 + "x",
        "shown " * 666,
    ],
)
def test_a_long_question_is_understood_at_once(text: str) -> None:
    started = time.process_time()
    ground(text, HOUR)
    assert time.process_time() - started < 5
