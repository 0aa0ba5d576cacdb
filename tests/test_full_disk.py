"""A full disk, a read-only folder or a damaged library is said in one line, and what was stored stays."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from small_stages import FrameStage, TextStage, ignore, rows_of, video_at

from rewatch.memory.errors import StorageError
from rewatch.memory.ingest.pipeline import Pipeline
from rewatch.memory.ingest.settings import IngestSettings
from rewatch.memory.store import Store
from rewatch.memory.types import FrameSample, VideoInfo


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "library") as opened:
        yield opened


@pytest.fixture
def video(tmp_path: Path, store: Store) -> VideoInfo:
    path = tmp_path / "talk.mp4"
    path.write_bytes(b"video")
    info = video_at(path)
    store.put_video(info)
    return info


def set_free_pages(store: Store, count: int) -> None:
    """Let SQLite report a full disk once the file has grown by so many pages."""
    size = store.rows("PRAGMA page_count")[0][0]
    store.rows(f"PRAGMA max_page_count = {size + count}")


def test_a_full_disk_keeps_whole_parts_and_the_next_run_completes(store: Store, video: VideoInfo) -> None:
    stages = [FrameStage(parts=200), TextStage()]
    set_free_pages(store, 4)
    with pytest.raises(StorageError, match=r"no space left in .*free some space") as failure:
        Pipeline(store, stages).run(video, IngestSettings(), ignore)
    assert "\n" not in str(failure.value)
    (record,) = store.stage_records(video.video_id)
    assert 0 < len(record.parts) < 200
    assert len(store.samples(video.video_id)) == 10 * len(record.parts)
    set_free_pages(store, 1_000_000)
    Pipeline(store, stages).run(video, IngestSettings(), ignore)
    assert len(store.samples(video.video_id)) == 2000
    assert len(rows_of(store, video.video_id)["sentences"]) == 20


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on the size of files")
def test_a_write_that_the_system_refuses_is_one_line(tmp_path: Path, video: VideoInfo) -> None:
    program = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from rewatch.memory.store import Store; from rewatch.memory.types import FrameSample\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "store = Store.open(Path(sys.argv[1]))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))\n"
        "try:\n"
        "    for number in range(1000):\n"
        "        store.add_samples(sys.argv[2], [FrameSample(float(number), bytes(5000), b'')])\n"
        "except Exception as error:\n"
        "    print(type(error).__name__, error, sep=': ')\n"
    )
    arguments = [sys.executable, "-c", program, str(tmp_path / "library"), video.video_id]
    told = subprocess.run(arguments, capture_output=True, text=True, check=True, timeout=60).stdout
    assert told.startswith("StorageError: ")
    assert told.count("\n") == 1
    with Store.open(tmp_path / "library") as store:
        assert store.rows("PRAGMA integrity_check") == [("ok",)]
        samples = store.samples(video.video_id)
        assert samples
        assert [sample.seconds for sample in samples] == list(range(len(samples)))


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(StorageError, match=r"cannot use the library folder .*taken.*--library"):
        Store.open(tmp_path / "taken")
    with pytest.raises(StorageError, match="--library"):
        Store.open(tmp_path / "taken" / "inside")


def test_a_library_file_that_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "library.db").mkdir()
    with pytest.raises(StorageError, match=r"cannot be written.*--library"):
        Store.open(tmp_path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="modes do not bind this user")
def test_a_read_only_folder(tmp_path: Path, store: Store, video: VideoInfo) -> None:
    store.close()
    library = tmp_path / "library"
    for path in (*library.iterdir(), library):
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        with pytest.raises(StorageError, match="cannot be written"), Store.open(library) as closed:
            closed.add_samples(video.video_id, [FrameSample(0.0, b"", b"")])
    finally:
        library.chmod(0o755)


@pytest.mark.parametrize("damage", ["text", "header", "middle"])
def test_a_damaged_library_is_said(tmp_path: Path, store: Store, video: VideoInfo, damage: str) -> None:
    Pipeline(store, [FrameStage(), TextStage()]).run(video, IngestSettings(), ignore)
    store.close()
    path = tmp_path / "library" / "library.db"
    content = bytearray(path.read_bytes())
    if damage == "text":
        content = bytearray(b"this is no database " * 500)
    else:
        start = 0 if damage == "header" else 4096
        content[start : start + 40_000] = b"\xa5" * 40_000
    path.write_bytes(content)
    with (
        pytest.raises(StorageError, match="damaged or no library"),
        Store.open(tmp_path / "library") as opened,
    ):
        rows_of(opened, video.video_id)
