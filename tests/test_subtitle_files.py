"""Subtitle files beside a video: which are read, in any encoding, whatever is wrong with them."""

import os
from pathlib import Path

import pytest
from videos import numbered_frames, render

from rewatch.memory.ingest.cues import Cue, clean_text, to_lines
from rewatch.memory.ingest.settings import IngestSettings
from rewatch.memory.ingest.subtitle_files import files_beside, parse_cues
from rewatch.memory.ingest.subtitles import SubtitleStage, read_subtitles
from rewatch.memory.library import Library
from rewatch.memory.store import Store
from rewatch.memory.types import TextLine, VideoInfo

TWO_CUES = "1\n00:00:01,000 --> 00:00:02,000\nFirst line.\n\n2\n00:00:03,000 --> 00:00:04,500\nSecond line.\n"
ASS = (
    "[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\nFormat: Name\nStyle: Default\n\n[Events]\n"
    "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
    "Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,{\\i1}Hello{\\i0}, you\\Nthere {note}\n"
    "Comment: 0,0:00:02.00,0:00:03.00,Default,,0,0,0,,not shown\n"
    "Dialogue: 0,0:00:03.00,0:00:04.00,Default,,0,0,0,,{\\p1}m 0 0 l 10 10{\\p0}\n"
)
VTT = (
    "WEBVTT - a title\n\nNOTE written\nby hand\n\nSTYLE\n::cue { color: red }\n\nintro\n"
    "00:01.000 --> 00:02.000 align:start\n<v Ada Lovelace>We are <00:01.500><c.loud>here</c> &amp; &lt;there&gt;\n\n"
    "12\n01:00:03.000 --> 01:00:04.000\nsmaller: a < b {x}\n"
)


def video_at(path: Path, *, duration: float = 60.0, offset: float = 0.0) -> VideoInfo:
    path.write_bytes(b"stands for a video")
    return VideoInfo("id", path, duration, 64, 36, 25.0, "h264", "mov", 0, offset, True)


def lines_of(cues: list[Cue], duration: float = 60.0, shift: float = 0.0) -> list[TextLine]:
    return to_lines(cues, shift_seconds=shift, duration_seconds=duration, source="x.srt")[0]


def times(lines: tuple[TextLine, ...] | list[TextLine]) -> list[tuple[float, float, str]]:
    return [(line.span.start_seconds, line.span.end_seconds, line.text) for line in lines]


@pytest.mark.parametrize(
    ("name", "belongs"),
    [
        ("talk.srt", True),
        ("talk.SRT", True),
        ("talk.en.srt", True),
        ("talk.pt-BR.vtt", True),
        ("talk.en.sdh.srt", True),
        ("talk.mp4.ass", True),
        ("talk.ssa", True),
        ("talk.part2.srt", False),
        ("talker.srt", False),
        ("talk.txt", False),
        ("other.srt", False),
    ],
)
def test_a_file_belongs_to_the_video_of_its_name(tmp_path: Path, name: str, belongs: bool) -> None:
    (tmp_path / name).write_text(TWO_CUES)
    assert [file.name for file in files_beside(tmp_path / "talk.mp4")] == ([name] if belongs else [])


def test_english_comes_first_and_signs_only_last(tmp_path: Path) -> None:
    names = ["talk.en.srt", "talk.en.sdh.srt", "talk.srt", "talk.de.srt", "talk.en.forced.srt"]
    for name in reversed(names):
        (tmp_path / name).write_text(TWO_CUES)
    assert [file.name for file in files_beside(tmp_path / "talk.mp4")] == names


def test_only_one_file_is_read_and_lines_say_which(tmp_path: Path) -> None:
    (tmp_path / "talk.de.srt").write_text(TWO_CUES.replace("line", "Zeile"))
    (tmp_path / "talk.en.srt").write_text(TWO_CUES)
    read = read_subtitles(video_at(tmp_path / "talk.mp4"))
    assert times(read.lines) == [(1, 2, "First line."), (3, 4.5, "Second line.")]
    assert {line.source for line in read.lines} == {"talk.en.srt"}
    assert read.note == "read from talk.en.srt"


def test_a_name_that_is_not_utf8_works(tmp_path: Path) -> None:
    stem = os.fsdecode(b'caf\xe9 "one"\ntwo')
    (tmp_path / f"{stem}.srt").write_text(TWO_CUES)
    read = read_subtitles(video_at(tmp_path / f"{stem}.mp4"))
    assert len(read.lines) == 2
    assert read.lines[0].source.encode() == 'caf\N{REPLACEMENT CHARACTER} "one"\ntwo.srt'.encode()


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("It’s a “quoted” line — with one dash", "utf-8"),
        ("It’s a “quoted” line — with one dash", "utf-8-sig"),
        ("It’s a “quoted” line — with one dash", "utf-16"),
        ("It’s a “quoted” line — with one dash", "utf-16-le"),
        ("It’s a “quoted” line — with one dash", "cp1252"),
        ("Ceci est un café déjà servi à l'hôtel, où l'été dure. Ça va très bien.", "latin-1"),
        ("El niño comió piñas en la mañana. ¿Qué pasó?", "latin-1"),
        ("Die Größe des Gerätes überrascht die Schüler sehr.", "cp1252"),
        ("Dzień dobry, dziś będziemy mówić o źródłach ciepła i żółwiach", "cp1250"),
        ("Привет, сегодня мы говорим об энтропии и о тепле в машине", "cp1251"),
        ("Привет, сегодня мы говорим об энтропии и о тепле в машине", "koi8-r"),
        ("Καλημέρα σας, σήμερα μιλάμε για την εντροπία", "cp1253"),
        ("今日はエントロピーについて話します。熱力学の第二法則。", "shift_jis"),
        ("今天我们讨论熵以及热力学第二定律的含义", "gb18030"),
    ],
)
def test_the_encoding_is_found(tmp_path: Path, text: str, encoding: str) -> None:
    cues = "".join(f"{n}\n00:00:0{n},000 --> 00:00:0{n},900\n{text} {n}\n\n" for n in range(1, 6))
    (tmp_path / "talk.srt").write_bytes(cues.encode(encoding))
    read = read_subtitles(video_at(tmp_path / "talk.mp4"))
    assert [line.text for line in read.lines] == [f"{text} {n}" for n in range(1, 6)]


def test_bytes_that_no_encoding_knows_are_replaced(tmp_path: Path) -> None:
    (tmp_path / "talk.srt").write_bytes(
        b"\xef\xbb\xbf" + TWO_CUES.replace("First", "F\udcffrst").encode("utf-8", "surrogateescape")
    )
    read = read_subtitles(video_at(tmp_path / "talk.mp4"))
    assert read.lines[0].text == "F\N{REPLACEMENT CHARACTER}rst line."


@pytest.mark.parametrize("extension", ["srt", "vtt", "ass", "ssa"])
@pytest.mark.parametrize(
    "content",
    [b"", b"just some words", bytes(range(256)) * 9, b"\0" * 300, b"[Events]\nFormat: a\nDialogue: 1"],
)
def test_garbage_is_named_in_the_note_and_hides_nothing_else(
    tmp_path: Path, extension: str, content: bytes
) -> None:
    (tmp_path / f"talk.en.{extension}").write_bytes(content)
    video = video_at(tmp_path / "talk.mp4")
    alone = read_subtitles(video)
    assert not alone.lines
    assert f"talk.en.{extension}" in alone.note
    assert "\n" not in alone.note
    (tmp_path / "talk.fr.srt").write_text(TWO_CUES)
    assert {line.source for line in read_subtitles(video).lines} == {"talk.fr.srt"}


def test_no_subtitles_at_all_are_said_so(tmp_path: Path) -> None:
    read = read_subtitles(video_at(tmp_path / "talk.mp4"))
    assert (read.lines, read.note) == ((), "no subtitle file beside the video, no text track in it")


def test_times_are_shifted_from_the_containers_clock_to_the_videos(tmp_path: Path) -> None:
    (tmp_path / "talk.srt").write_text(TWO_CUES)
    read = read_subtitles(video_at(tmp_path / "talk.mp4", offset=1.5))
    assert times(read.lines) == [(0, 0.5, "First line."), (1.5, 3, "Second line.")]


def test_what_lies_outside_the_video_is_cut_and_counted(tmp_path: Path) -> None:
    (tmp_path / "talk.srt").write_text(TWO_CUES + "\n3\n00:00:30,000 --> 00:00:40,000\nToo late.\n")
    read = read_subtitles(video_at(tmp_path / "talk.mp4", duration=4.0))
    assert times(read.lines) == [(1, 2, "First line."), (3, 4, "Second line.")]
    assert "1 of 3 entries lie outside the video" in read.note


def test_cues_may_come_in_any_order() -> None:
    assert times(lines_of([Cue(5, 6, "b"), Cue(1, 2, "a")])) == [(1, 2, "a"), (5, 6, "b")]


def test_a_cue_without_length_lasts_until_it_is_read_or_the_next_one_comes() -> None:
    found = times(lines_of([Cue(1, 1, "x" * 30), Cue(10, 9, "y" * 30), Cue(11, 12, "z")]))
    assert found == [(1, 3, "x" * 30), (10, 11, "y" * 30), (11, 12, "z")]


def test_equal_cues_that_touch_are_one() -> None:
    assert times(lines_of([Cue(1, 2, "a b"), Cue(1, 2, "a b"), Cue(2, 3, "a b"), Cue(9, 10, "a b")])) == [
        (1, 3, "a b"),
        (9, 10, "a b"),
    ]


def test_rolling_captions_give_each_word_once() -> None:
    rolling = [
        Cue(0, 2, "hello everyone"),
        Cue(2, 4, "hello everyone\nwelcome to the talk"),
        Cue(4, 4.01, "welcome to the talk"),
        Cue(4.01, 6, "welcome to the talk\ntoday we look"),
        Cue(6, 8, "today we look\nat heat"),
    ]
    assert times(lines_of(rolling)) == [
        (0, 2, "hello everyone"),
        (2, 4.01, "welcome to the talk"),
        (4.01, 6, "today we look"),
        (6, 8, "at heat"),
    ]


def test_a_word_that_is_said_twice_stays() -> None:
    assert [line.text for line in lines_of([Cue(0, 1, "It is no"), Cue(1, 2, "no, wait a moment")])] == [
        "It is no",
        "no, wait a moment",
    ]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("<i>slanted</i> <font color='red'>red</font>", "slanted red"),
        ("{\\an8}above", "above"),
        ("tom &amp; jerry &#39;s", "tom & jerry 's"),
        ("a < b and {x}", "a < b and {x}"),
        ("one<br/>two\\Nthree", "one\ntwo\nthree"),
        ("<v Roger>Hi", "Roger: Hi"),
        ("MARIE: who is it?", "MARIE: who is it?"),
        ("  \u200b ", ""),
    ],
)
def test_markup_is_stripped(written: str, shown: str) -> None:
    assert clean_text(written) == shown


_MANY = 200_000


@pytest.mark.parametrize("mark", ["<", "<i ", "<v ", "<v.a", "<c", "<br ", "{\\", "{\\p1", "{", "<font x"])
@pytest.mark.parametrize("extension", ["srt", "vtt", "ass"])
def test_marks_that_never_end_are_text_and_take_no_longer(mark: str, extension: str) -> None:
    text = "Hello " + mark * _MANY
    if extension == "ass":
        # A drawing is no text; what begins one is.
        written = ASS[: ASS.index("Comment")] + f"Dialogue: 0,0:00:05.00,0:00:06.00,Default,,0,0,0,,{text}\n"
        shown = parse_cues(written, ".ass")[-1].text
        assert shown.startswith("Hello <" if mark[0] == "<" else "Hello {" if mark != "{\\p1" else "")
    else:
        stop = "," if extension == "srt" else "."
        written = f"1\n00:00:01{stop}000 --> 00:00:02{stop}000\n{text}\n"
        (cue,) = parse_cues(written if extension == "srt" else f"WEBVTT\n\n{written}", f".{extension}")
        assert cue.text.count(mark[0]) == _MANY
    assert clean_text(text).count(mark[0]) == _MANY


@pytest.mark.parametrize("mark", ["<v", "<v.a", "<br", "<", "</", "&#"])
@pytest.mark.parametrize("filler", [" ", "\n", "9"])
def test_a_mark_that_goes_on_for_long_is_text(mark: str, filler: str) -> None:
    shown = clean_text(f"{mark}{filler * _MANY}x")
    assert shown in (mark + "9" * _MANY + "x", f"{mark} x", f"{mark}\nx", "\ufffdx")


def test_a_number_beyond_all_characters_is_one_unknown_character() -> None:
    assert clean_text(f"a &#{'9' * 6000}; b &#8364; c &#x{'f' * 6000};") == "a \ufffd b € c \ufffd"


def test_a_caption_of_very_many_words_takes_no_longer() -> None:
    first, second = "a " * _MANY, "a " * (_MANY - 1) + "b"
    lines = lines_of([Cue(1, 2, first), Cue(2, 3, second)])
    assert [line.text.split()[-1] for line in lines] == ["a", "b"]


def test_webvtt_notes_styles_and_names_are_no_text() -> None:
    assert parse_cues(VTT, ".vtt") == [
        Cue(1, 2, "Ada Lovelace: We are here & <there>"),
        Cue(3603, 3604, "smaller: a < b {x}"),
    ]


def test_ass_comments_drawings_and_overrides_are_no_text() -> None:
    assert [cue for cue in parse_cues(ASS, ".ass") if cue.text] == [Cue(1, 2, "Hello, you\nthere")]


def test_a_file_added_or_changed_later_changes_the_parameters(tmp_path: Path) -> None:
    video, stage = video_at(tmp_path / "talk.mp4"), SubtitleStage()
    with Store.open(tmp_path / "library") as store:
        without = stage.parameters(video, IngestSettings(), store)
        (tmp_path / "talk.srt").write_text(TWO_CUES)
        added = stage.parameters(video, IngestSettings(), store)
        os.utime(tmp_path / "talk.srt", (1, 1))
        assert stage.parameters(video, IngestSettings(), store) == added
        (tmp_path / "talk.srt").write_text(TWO_CUES + "\n")
        changed = stage.parameters(video, IngestSettings(), store)
    assert len({str(without), str(added), str(changed)}) == 3


@pytest.fixture
def indexed(tmp_path: Path) -> Path:
    """A video whose subtitles were read into the folder `library` beside it."""
    video = render(tmp_path / "talk.mp4", numbered_frames(50), fps=10)
    (tmp_path / "talk.srt").write_text(TWO_CUES)
    with Library.open(tmp_path / "library") as library:
        library.add(video, IngestSettings(read_screen=False))
    return video


def read_again(video: Path) -> tuple[list[str], set[str], str]:
    """Index a video again: the texts of its lines, the stages that ran, and what is told of its speech."""
    ran: set[str] = set()
    with Library.open(video.parent / "library") as library:
        info = library.add(video, progress=lambda stage, done, total: ran.add(stage))
        speech = library.coverage(info.video_id)[0]
        return [line.text for line in library.store.text_lines(info.video_id)], ran, speech.note


def test_what_was_read_stays_when_the_video_is_renamed_without_its_file(indexed: Path) -> None:
    assert read_again(indexed) == (["First line.", "Second line."], set(), "read from talk.srt")
    texts, ran, note = read_again(indexed.rename(indexed.with_name("lecture.mp4")))
    assert (texts, ran) == (["First line.", "Second line."], set())
    assert note.startswith(
        "read from talk.srt; no subtitle file is beside lecture.mp4 any more; what was read stays"
    )
    assert "`rewatch forget`" in note


def test_a_file_of_the_new_name_is_read_in_place_of_what_stayed(indexed: Path) -> None:
    renamed = indexed.rename(indexed.with_name("lecture.mp4"))
    read_again(renamed)
    indexed.with_suffix(".srt").rename(renamed.with_suffix(".srt"))
    texts, ran, note = read_again(renamed)
    assert (texts, note) == (["First line.", "Second line."], "read from lecture.srt")
    assert "subtitles" in ran


def test_forgetting_drops_the_words_of_a_file_that_was_removed(indexed: Path) -> None:
    indexed.with_suffix(".srt").unlink()
    assert read_again(indexed)[0] == ["First line.", "Second line."]
    with Library.open(indexed.parent / "library") as library:
        library.forget(library.find(indexed).video_id)
    texts, _, note = read_again(indexed)
    assert texts == []
    assert "read from" not in note


def test_a_broken_file_that_was_removed_is_no_longer_spoken_of(tmp_path: Path) -> None:
    video = render(tmp_path / "talk.mp4", numbered_frames(50), fps=10)
    (tmp_path / "talk.srt").write_bytes(b"no cues")
    assert "talk.srt holds no subtitles" in read_again(video)[2]
    (tmp_path / "talk.srt").unlink()
    assert "talk.srt" not in read_again(video)[2]
