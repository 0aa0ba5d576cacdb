"""A model that is shown frames is told what the memory knows of them: their shots, and which of them matter."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from seeing import CountingVlm, context_with, red_video
from talks import put_talk

from rewatch.memory.library import Library
from rewatch.memory.types import Frame, Segment, Sentence, Span
from rewatch.tools.context import ToolContext
from rewatch.tools.footage import footage_of, relevance
from rewatch.tools.look import look
from rewatch.tools.vision import Reply, Seen
from rewatch.tools.vision.footage import Footage

SAID = (
    (0.0, 8.0, "Welcome back to our cooking channel."),
    (10.0, 18.0, "First we chop two onions and some garlic."),
    (20.0, 28.0, "Heat the oil in a heavy pan."),
    (30.0, 38.0, "The volcano erupted in the year seventy-nine and buried the town."),
    (40.0, 48.0, "Stir until everything is golden."),
    (50.0, 58.0, "Add salt, pepper and a little water."),
)
QUESTION = "When did the volcano erupt and bury the town?"


def test_frames_are_as_relevant_as_what_is_said_around_them(tmp_path: Path) -> None:
    with Library.open(tmp_path) as library:
        video = put_talk(library, "talk", 60.0, SAID)
        context = ToolContext(library, (video,))
        found = relevance(context, video, [4.0, 14.0, 24.0, 34.0, 44.0, 54.0], QUESTION)
        assert [value > 0 for value in found] == [False, False, False, True, False, False]
        assert relevance(context, video, [4.0], QUESTION) == [found[3]]  # it stands for the whole video


def test_nothing_known_makes_nothing_relevant(tmp_path: Path) -> None:
    with Library.open(tmp_path) as library:
        video = put_talk(library, "talk", 60.0, [])
        assert relevance(ToolContext(library, (video,)), video, [4.0, 14.0], QUESTION) == [0.0, 0.0]


class Told(CountingVlm):
    """Remembers what it was told of the frames."""

    def __init__(self) -> None:
        super().__init__()
        self.footage: list[Footage | None] = []

    def answer(
        self, frames: Sequence[Frame], prompt: str, schema: type[Reply], footage: Footage | None = None
    ) -> Seen[Reply]:
        self.footage.append(footage)
        return super().answer(frames, prompt, schema, footage)


@pytest.mark.parametrize("shots", [(), (0.0, 3.0, 8.0)])
def test_a_look_tells_shots_relevance_and_what_the_run_was_shown(
    shots: tuple[float, ...], tmp_path: Path
) -> None:
    with Library.open(tmp_path / "library") as library:
        video = library.recognise(red_video(tmp_path / "wall.mp4"))
        store, spans = library.store, [Span(*edges) for edges in pairwise([*shots, 12.0])]
        with store.transaction():
            store.put_video(video)
            store.replace_segments(video.video_id, "shot", [Segment("shot", span, "") for span in spans])
            said = [Sentence(0, video.video_id, "subtitle", Span(a / 5, b / 5), text) for a, b, text in SAID]
            vectors = library.encoder.encode_texts([item.text for item in said])
            store.add_vectors(library.encoder.space_id, store.add_sentences(video.video_id, said), vectors)
        vlm = Told()
        context = context_with(library, video, vlm)
        for question in (QUESTION, "Is it red?"):
            look(context, video.video_id, Span(0.0, 12.0), question)
        first, second = vlm.footage
        assert first is not None
        assert second is not None
        seconds = [frame.seconds for frame in vlm.shown[0]]
        expected = tuple(sum(start <= second for start in shots) for second in seconds)
        assert first.shots == (expected if shots else None)
        assert first.relevance() == relevance(context, video, seconds, QUESTION)
        assert 0 < sum(value > 0 for value in first.relevance()) < len(seconds)
        assert first.shown is second.shown is context.shown
        assert first.video_id == video.video_id


def test_relevance_is_found_out_only_when_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Library.open(tmp_path) as library:
        video = put_talk(library, "talk", 60.0, SAID)

        def refuse(*given: object) -> None:
            raise AssertionError("nobody asked")

        monkeypatch.setattr(type(library.encoder), "encode_texts", refuse)
        told = footage_of(ToolContext(library, (video,)), video, [], "?")
        with pytest.raises(AssertionError, match="nobody asked"):
            told.relevance()
