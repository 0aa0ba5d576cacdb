"""What was made of pictures is kept in files that may vanish, break or be shared, and are never believed blindly."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from talks import put_talk

from rewatch.memory.encoded_pictures import EncodedPictures
from rewatch.memory.library import Library

_WRITER = """
import sys
from pathlib import Path
from rewatch.memory.encoded_pictures import EncodedPictures
pictures, fill = EncodedPictures(Path(sys.argv[1])), sys.argv[2].encode()
for _ in range(200):
    pictures.put("talk", "key", fill * 100_000)
    found = pictures.get("talk", "key")
    assert found is not None and len(found) == 100_000 and len(set(found)) == 1, found
"""


@pytest.fixture
def pictures(tmp_path: Path) -> EncodedPictures:
    return EncodedPictures(tmp_path / "pictures", most_bytes=1000)


def files(tmp_path: Path) -> list[Path]:
    return sorted(path for path in (tmp_path / "pictures").glob("*/*"))


def test_what_was_put_is_found_by_its_video_and_key_alone(pictures: EncodedPictures) -> None:
    pictures.put("talk", "one", b"first")
    pictures.put("talk", "one", b"second")
    assert pictures.get("talk", "one") == b"second"
    assert pictures.get("talk", "two") is None
    assert pictures.get("film", "one") is None


@pytest.mark.parametrize("damage", [b"", b"\0", b"\xff" * 40], ids=["empty", "short", "overwritten"])
def test_a_damaged_file_is_no_result(damage: bytes, pictures: EncodedPictures, tmp_path: Path) -> None:
    pictures.put("talk", "one", b"a result of some length")
    (path,) = files(tmp_path)
    path.write_bytes(damage)
    assert pictures.get("talk", "one") is None
    pictures.put("talk", "one", b"made again")
    assert pictures.get("talk", "one") == b"made again"


def test_every_single_byte_counts(pictures: EncodedPictures, tmp_path: Path) -> None:
    pictures.put("talk", "one", b"result")
    (path,) = files(tmp_path)
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert pictures.get("talk", "one") is None
    path.write_bytes(whole)
    assert pictures.get("talk", "one") == b"result"


def test_the_least_recently_used_go_when_all_are_too_large(pictures: EncodedPictures, tmp_path: Path) -> None:
    for number, key in enumerate(("old", "used", "new")):
        pictures.put("talk", key, bytes(250))
        os.utime(tmp_path / "pictures" / "talk" / key, (number, number))
    assert pictures.get("talk", "old") is not None  # which makes it the latest
    pictures.put("film", "next", bytes(300))
    kept = [path.name for path in files(tmp_path)]
    assert kept == ["next", "new", "old"]
    assert sum(path.stat().st_size for path in files(tmp_path)) <= 1000


def test_what_is_larger_than_all_may_be_is_not_kept(pictures: EncodedPictures, tmp_path: Path) -> None:
    pictures.put("talk", "small", b"small")
    pictures.put("talk", "large", bytes(1000))
    assert [path.name for path in files(tmp_path)] == ["small"]


def test_what_a_killed_process_left_makes_room(pictures: EncodedPictures, tmp_path: Path) -> None:
    pictures.put("talk", "one", b"result")
    left = tmp_path / "pictures" / "talk" / "unfinished-x"
    left.write_bytes(bytes(900))
    os.utime(left, (1, 1))
    pictures.put("talk", "two", bytes(200))
    assert [path.name for path in files(tmp_path)] == ["one", "two"]


def test_a_folder_that_cannot_be_written_keeps_nothing_and_breaks_nothing(tmp_path: Path) -> None:
    (tmp_path / "pictures").write_bytes(b"a file where the folder should be")
    pictures = EncodedPictures(tmp_path / "pictures")
    pictures.put("talk", "one", b"result")
    assert pictures.get("talk", "one") is None


def test_processes_that_write_the_same_at_once_read_whole_results(tmp_path: Path) -> None:
    together = [
        subprocess.Popen([sys.executable, "-c", _WRITER, str(tmp_path / "pictures"), fill]) for fill in "ab"
    ]
    assert [process.wait(timeout=60) for process in together] == [0, 0]
    assert [path.name for path in files(tmp_path)] == ["key"]


def test_a_forgotten_video_leaves_nothing_and_others_stay(tmp_path: Path) -> None:
    with Library.open(tmp_path) as library:
        for name in ("talk", "film"):
            put_talk(library, name, 60.0, [])
            library.pictures.put(name, "one", b"result")
        library.forget("talk")
        assert library.pictures.get("talk", "one") is None
        assert library.pictures.get("film", "one") == b"result"
        assert not (tmp_path / "pictures" / "talk").exists()
