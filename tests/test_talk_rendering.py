"""A script becomes a video whose slides, reveals and words come when the timeline says."""

from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pysubs2
import pytest

from rewatch.evals.talks.encode import encode_shot
from rewatch.evals.talks.presenter import INSET
from rewatch.evals.talks.render import is_rendered, render_talk
from rewatch.evals.talks.script import Talk, bundled_talks, load_talk, parse_talk
from rewatch.evals.talks.slides import draw_slide
from rewatch.evals.talks.timeline import FRAMES_PER_SECOND, Shot, Timeline, build_timeline
from rewatch.memory.errors import InputError, StorageError

SCRIPT = """# Kettles
minutes: 0.9
words_per_minute: 150
theme: band

## Heat
### heat | What heat is
- A flow, not a thing
+ It stops at balance

Heat is a flow between two bodies, and it is not stored anywhere. (+) And it stops at balance.
(speaker) Let me look at you while I say this. (slide) Good.

### boil | Boiling water | picture
draw: cup
- At sea level: 100 degrees

Now we boil some water. (pause 20 kettle whistles) That took a while.

## Numbers
### metals | Some numbers | table
- name | melts at
- lead | 327

Here is a table.
"""


_ROUND = 250
"""At the latest after so many frames a shot repeats itself."""
_BESIDE_THE_PERSON = np.ones((90, 160), bool)
_BESIDE_THE_PERSON[INSET[1] // 4 - 1 : INSET[3] // 4 + 1, INSET[0] // 4 - 1 : INSET[2] // 4 + 1] = False


@pytest.fixture(scope="module")
def talk() -> Talk:
    return parse_talk(SCRIPT, "kettles")


@pytest.fixture(scope="module")
def timeline(talk: Talk) -> Timeline:
    return build_timeline(talk)


@pytest.fixture(scope="module")
def video(talk: Talk, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render_talk(talk, tmp_path_factory.mktemp("talk"), processes=1)


@pytest.fixture(scope="module")
def frames(video: Path) -> list[np.ndarray]:
    with av.open(video) as container:
        return [frame.to_ndarray(format="gray")[::4, ::4].astype(int) for frame in container.decode(video=0)]


def test_the_file_is_as_long_as_the_script_says(video: Path, timeline: Timeline) -> None:
    with av.open(video) as container:
        assert container.streams.video[0].frames == timeline.num_frames == 0.9 * 60 * FRAMES_PER_SECOND
        assert container.streams.video[0].codec_context.name == "h264"
        assert container.streams.audio[0].codec_context.name == "aac"
        times = [
            float(packet.pts * packet.time_base)
            for packet in container.demux(video=0)
            if packet.pts is not None
        ]
    assert sorted(times) == pytest.approx(np.arange(timeline.num_frames) / FRAMES_PER_SECOND)


def test_the_picture_changes_at_the_frames_where_shots_begin_and_nowhere_else(
    frames: list[np.ndarray], timeline: Timeline
) -> None:
    beside = [np.where(_BESIDE_THE_PERSON, frame, 0) for frame in frames]
    changes = {
        number
        for number in range(1, len(frames))
        if np.count_nonzero(np.abs(beside[number] - beside[number - 1]) > 50) > 10
    }
    moving = {
        n for shot in timeline.shots if shot.view == "speaker" for n in range(shot.first + 1, shot.last)
    }
    assert len(timeline.shots) == 6
    assert max(shot.last - shot.first for shot in timeline.shots) > 2 * _ROUND
    assert changes - moving == {shot.first for shot in timeline.shots[1:]}


@pytest.mark.parametrize("num_frames", [1, 2, 3, 239, 240, 241, 242, 243, 481])
def test_shots_of_any_length_join_to_an_unbroken_stream(timeline: Timeline, num_frames: int) -> None:
    shots = [Shot(7, 7 + num_frames, 2, 2, "slide"), Shot(7 + num_frames, 40 + num_frames, 0, 1, "slide")]
    packets = [packet for shot in shots for packet in encode_shot(timeline, shot)]
    assert sorted(packet.pts for packet in packets) == list(range(7, 40 + num_frames))
    assert [packet.dts for packet in packets] == list(range(5, 38 + num_frames))


def test_the_person_moves_while_the_slide_stands(frames: list[np.ndarray], timeline: Timeline) -> None:
    middle = (timeline.shots[0].first + timeline.shots[0].last) // 2
    assert np.abs(frames[middle] - frames[middle - 25]).max() > 20


def test_a_line_is_drawn_only_once_it_is_revealed(talk: Talk) -> None:
    hidden, shown = (np.asarray(draw_slide(talk, 0, revealed)).astype(int) for revealed in (1, 2))
    rows = np.flatnonzero(np.abs(hidden - shown).max(axis=(1, 2)) > 50)
    assert 90 < rows.min() < rows.max() < 140


def test_subtitles_hold_every_word_in_order_at_its_time(video: Path, timeline: Timeline) -> None:
    cues = list(pysubs2.load(str(video.with_suffix(".srt"))))
    spoken = " ".join(cue.plaintext for cue in cues if not cue.text.startswith("["))
    assert spoken.split() == " ".join(sentence.text for sentence in timeline.sentences).split()
    for sentence in timeline.sentences:
        assert any(abs(cue.start / 1000 - sentence.span.start_seconds) < 6 for cue in cues)
    assert [cue.text for cue in cues if cue.text.startswith("[")] == ["[kettle whistles]"]


def test_cues_are_cut_by_length_and_not_by_sentence(video: Path) -> None:
    cues = list(pysubs2.load(str(video.with_suffix(".srt"))))
    lines = [line for cue in cues for line in cue.plaintext.splitlines()]
    assert max(map(len, lines)) <= 42
    assert max(cue.plaintext.count("\n") for cue in cues) == 1
    assert all(0.9 <= (cue.end - cue.start) / 1000 <= 6.01 for cue in cues)
    assert all(first.end <= second.start for first, second in pairwise(cues))


def test_a_view_of_the_speaker_is_no_part_of_what_the_slide_shows(timeline: Timeline) -> None:
    first = timeline.slides[0]
    assert len(first.shown) == 2
    said = timeline.sentences[2].span
    assert first.shown[0].end_seconds < said.start_seconds
    assert first.shown[1].start_seconds == said.end_seconds


def test_rendering_again_changes_nothing(video: Path, talk: Talk) -> None:
    before = video.stat().st_mtime_ns
    assert is_rendered(talk, video.parent)
    assert render_talk(talk, video.parent, processes=1) == video
    assert video.stat().st_mtime_ns == before


def test_a_changed_script_is_another_talk(video: Path) -> None:
    assert not is_rendered(parse_talk(SCRIPT.replace("327", "328"), "kettles"), video.parent)


@pytest.mark.parametrize("name", bundled_talks())
def test_bundled_talks_fill_their_minutes(name: str) -> None:
    talk = load_talk(name)
    timeline = build_timeline(talk)
    assert timeline.duration_seconds == pytest.approx(talk.minutes * 60, abs=0.05)
    texts = [sentence.text for sentence in timeline.sentences if len(sentence.text) > 30]
    assert len(texts) == len(set(texts))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (SCRIPT.replace("| table", "| chart"), "layout 'chart'"),
        (SCRIPT.replace("minutes: 0.9", "minutes: 90"), "does not fill"),
        (SCRIPT.replace("(+) ", ""), "as many marks"),
        (SCRIPT.replace("lead | 327", "lead | 327 €"), "cannot draw '€'"),
        (SCRIPT.replace("### metals", "### boil"), "must be there and differ"),
        (SCRIPT.replace("theme: band", "theme: neon"), "theme 'neon'"),
        (SCRIPT.replace("draw: cup", "* cup"), "neither"),
        (SCRIPT.replace("draw: cup", "draw: unicorn"), "drawing 'unicorn'"),
        ("no title", "opens with"),
    ],
)
def test_a_broken_script_is_refused_with_its_place(wrong: str, message: str) -> None:
    with pytest.raises(InputError, match=message.replace("(", r"\(")):
        build_timeline(parse_talk(wrong, "kettles"))


def test_a_folder_that_cannot_be_written_is_one_clear_line(talk: Talk, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"cannot write .*kettles\.mp4"):
        render_talk(talk, tmp_path / "file" / "below", processes=1)
