"""A library knows its videos by their content, finds them again, and tells what it has read of them."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_stages import SPACE, FrameStage, TextStage
from videos import numbered_frames, render

from rewatch.memory.errors import InputError, VideoError
from rewatch.memory.folder import default_folder
from rewatch.memory.ingest.stage import StageContext, StageOutcome
from rewatch.memory.library import Library
from rewatch.memory.store import Store
from rewatch.memory.types import Coverage, CoverageStatus, Span


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render(tmp_path_factory.mktemp("films") / "film.mp4", numbered_frames(50))


@pytest.fixture
def talk(film: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(film, tmp_path / "A talk.mp4"))


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(tmp_path / "library", [FrameStage(parts=2), TextStage(parts=2)]) as opened:
        yield opened


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Files whose content was read to recognise them."""
    from rewatch.memory.ingest import probe as module

    read: list[Path] = []
    fingerprint = module.fingerprint
    monkeypatch.setattr(module, "fingerprint", lambda path: read.append(path) or fingerprint(path))
    return read


def test_adding_indexes_and_adding_again_reads_nothing(
    library: Library, talk: Path, hashed: list[Path]
) -> None:
    seen: list[str] = []
    video = library.add(talk, progress=lambda stage, done, total: seen.append(stage))
    assert (video.path, video.duration_seconds, video.width) == (talk, 2.0, 192)
    assert set(seen) == {"frames", "text"}
    seen.clear()
    assert library.add(talk, progress=lambda stage, done, total: seen.append(stage)) == video
    assert (seen, hashed) == ([], [talk])
    assert library.videos() == [video]
    assert len(library.store.samples(video.video_id)) == 20


def test_a_renamed_file_is_the_same_video(library: Library, talk: Path, hashed: list[Path]) -> None:
    video = library.add(talk)
    renamed = talk.rename(talk.with_name("renamed.mp4"))
    assert library.add(renamed).video_id == video.video_id
    assert [known.path for known in library.videos()] == [renamed]
    library.add(renamed)
    assert hashed == [talk, renamed]
    assert library.find("renamed").path == renamed


def test_a_changed_file_is_another_video(library: Library, talk: Path) -> None:
    before = library.add(talk)
    render(talk, numbered_frames(30))
    after = library.add(talk)
    assert after.video_id != before.video_id
    assert after.duration_seconds == pytest.approx(1.2)
    assert {video.video_id for video in library.videos()} == {before.video_id, after.video_id}
    assert library.find(talk) == after


def test_a_relative_path_is_stored_whole(
    library: Library, talk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(talk.parent)
    assert library.add(Path(talk.name)).path == talk


def test_a_name_of_any_bytes(library: Library, film: Path, tmp_path: Path) -> None:
    odd = Path(shutil.copy(film, tmp_path / os.fsdecode(b"caf\xe9 \n'\".mp4")))
    assert library.add(odd).path == odd
    assert library.find(odd).path == odd
    assert library.find(odd.name).path == odd


def test_a_file_that_grows_while_it_is_probed_is_refused(
    library: Library, talk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rewatch.memory.ingest import probe as module

    probe = module.probe

    def grow(path: Path) -> Any:
        info = probe(path)
        with path.open("ab") as file:
            file.write(b"more")
        return info

    monkeypatch.setattr(module, "probe", grow)
    with pytest.raises(VideoError, match="changed while it was being read"):
        library.add(talk)
    assert library.videos() == []


@pytest.mark.parametrize("name", ["path", "name", "stem", "id", "beginning of id", "upper case id"])
def test_find_by(library: Library, talk: Path, name: str) -> None:
    video = library.add(talk)
    names = {
        "path": str(talk),
        "name": talk.name,
        "stem": talk.stem,
        "id": video.video_id,
        "beginning of id": video.video_id[:4],
        "upper case id": video.video_id.upper(),
    }
    assert library.find(names[name]) == video
    talk.unlink()  # what was read can be asked although the file is gone
    assert library.find(names[name]) == video


def test_find_what_is_not_there(library: Library, talk: Path) -> None:
    with pytest.raises(InputError, match=r"A talk\.mp4 is not indexed yet; run `rewatch index`"):
        library.find(talk)
    library.add(talk)
    for name in ("other.mp4", "zzzz", "", "a", "n" * 300):
        with pytest.raises(InputError, match="names no video"):
            library.find(name)


def test_a_file_that_was_moved_is_found_where_it_is_now(
    library: Library, talk: Path, hashed: list[Path]
) -> None:
    video = library.add(talk)
    moved = talk.rename(talk.with_name("moved.mp4"))
    assert library.find(moved).path == moved
    assert library.find(video.video_id).path == moved
    assert library.find(moved).path == moved
    assert hashed == [talk, moved]
    library.require_file(library.find(video.video_id))


def test_another_file_in_the_place_of_a_video_is_told(library: Library, talk: Path, film: Path) -> None:
    video = library.add(talk)
    library.require_file(video)
    os.utime(talk, ns=(0, 0))  # touched, with the same content
    library.require_file(video)
    for content in (b"short", talk.read_bytes()[:-1] + b"!"):
        talk.write_bytes(content)
        with pytest.raises(
            VideoError, match=rf"A talk\.mp4 holds another file now, .* {video.video_id[:12]}"
        ):
            library.require_file(video)
    other = library.add(render(talk, numbered_frames(30)))
    library.require_file(other)
    with pytest.raises(VideoError, match="holds another file now"):
        library.require_file(video)
    talk.unlink()
    with pytest.raises(VideoError, match=r"A talk\.mp4, where .* was, is gone; `rewatch index`"):
        library.require_file(video)
    library.find(film)  # the same content as the first one's, elsewhere
    library.require_file(library.find(video.video_id))


def test_touching_a_file_costs_one_reading(library: Library, talk: Path, hashed: list[Path]) -> None:
    video = library.add(talk)
    os.utime(talk, ns=(0, 0))
    for _ in range(3):
        library.require_file(video)
    assert hashed == [talk, talk]


@pytest.mark.parametrize("name", ["id", "stem", "path"])
def test_what_is_missing_is_read_by_whatever_name(tmp_path: Path, talk: Path, name: str) -> None:
    frames, text = FrameStage(parts=2), TextStage(parts=2)
    with Library.open(tmp_path / "library", [frames]) as library:
        video = library.add(talk)
    names = {"id": video.video_id[:12], "stem": talk.stem, "path": str(talk)}
    with Library.open(tmp_path / "library", [frames, text]) as library:
        assert library.prepare(names[name]) == video
        assert text.ran == ["part 0", "part 1"]


@pytest.mark.parametrize("place", ["gone", "taken"])
def test_what_was_read_is_asked_when_the_file_is_no_longer_there(
    library: Library, talk: Path, place: str
) -> None:
    video = library.add(talk)
    talk.unlink()
    if place == "taken":
        render(talk, numbered_frames(30))
    assert library.prepare(video.video_id) == video
    assert library.videos() == [video]


def test_a_folder_does_not_hide_the_video_of_its_name(
    library: Library, talk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = library.add(talk)
    (tmp_path / "elsewhere" / talk.stem).mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert library.prepare(talk.stem) == video


def add_two_of_one_name(library: Library, folder: Path) -> None:
    for number in range(2):
        (folder / f"{number}").mkdir()
        library.add(render(folder / f"{number}" / "talk.mp4", numbered_frames(10 + number)))


def test_a_name_of_several_videos_is_told_before_a_question(library: Library, tmp_path: Path) -> None:
    add_two_of_one_name(library, tmp_path)
    with pytest.raises(InputError, match=r"talk\.mp4 names 2 videos: .*; give the id"):
        library.prepare("talk.mp4")


def test_find_more_than_one(library: Library, tmp_path: Path) -> None:
    add_two_of_one_name(library, tmp_path)
    with pytest.raises(InputError, match=r"names 2 videos: .*; give the id"):
        library.find("talk.mp4")


def test_forgetting(library: Library, talk: Path) -> None:
    video = library.add(talk)
    index = library.index(SPACE)
    query = np.eye(4, dtype=np.float32)[0]
    assert len(index.search(query, 5)) == 2
    library.forget(video.video_id)
    assert library.videos() == []
    assert talk.exists()
    assert not index.path.exists()
    assert index.search(query, 5) == []
    with pytest.raises(InputError, match="names no video"):
        library.forget(video.video_id)
    assert library.add(talk).video_id == video.video_id
    assert len(library.store.samples(video.video_id)) == 20


def named(name: str, status: CoverageStatus, note: str = "") -> FrameStage:
    class ToldStage(FrameStage):
        def clear(self, store: Store, video_id: str) -> None:
            """It has no rows."""

        def outcome(self, context: StageContext) -> StageOutcome:
            return StageOutcome(status, note)

    return ToldStage(name=name, parts=0)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (("read", "absent"), ("read", "subtitles")),
        (("absent", "read"), ("read", "speech")),
        (("absent", "unavailable"), ("unavailable", "speech")),
        (("unavailable", "absent"), ("unavailable", "subtitles")),
        (("absent", "absent"), ("absent", "subtitles; speech")),
    ],
)
def test_coverage_of_speech(
    tmp_path: Path,
    talk: Path,
    told: tuple[CoverageStatus, CoverageStatus],
    expected: tuple[CoverageStatus, str],
) -> None:
    stages = [named("subtitles", told[0], "subtitles"), named("speech", told[1], "speech")]
    with Library.open(tmp_path / "library", stages) as library:
        video = library.add(talk)
        spans = (Span(0.0, 2.0),) if expected[0] == "read" else ()
        assert library.coverage(video.video_id)[0] == Coverage("speech", expected[0], spans, note=expected[1])


def test_coverage_of_the_screen_states_its_spacing(tmp_path: Path, talk: Path) -> None:
    stages = [FrameStage(parts=2), named("screen", "read")]
    with Library.open(tmp_path / "library", stages) as library:
        video = library.add(talk)
        screen = library.coverage(video.video_id)[1]
        assert (screen.status, screen.spans) == ("read", (Span(0.0, 2.0),))
        assert screen.spacing_seconds == pytest.approx(0.1)
        assert library.coverage(video.video_id, Span(1.0, 5.0))[1].spans == (Span(1.0, 2.0),)
        assert library.coverage(video.video_id, Span(5.0, 6.0))[1].spans == ()


def test_coverage_before_anything_was_read(tmp_path: Path, talk: Path) -> None:
    with Library.open(tmp_path / "library", []) as library:
        video = library.add(talk)
        found = library.coverage(video.video_id)
        assert [(item.channel, item.status) for item in found] == [
            ("speech", "unavailable"),
            ("screen", "unavailable"),
            ("visual", "unavailable"),
        ]
        assert all(item.note for item in found)
        with pytest.raises(InputError, match="names no video"):
            library.coverage("none")


def test_encoder_and_index_belong_together(library: Library) -> None:
    assert library.index() is library.index(library.encoder.space_id)
    assert library.encoder is library.encoder


def test_the_default_folder_follows_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_folder() == tmp_path / "rewatch"
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    assert default_folder().is_absolute()
