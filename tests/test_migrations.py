"""A library of an older version is brought up to date; one of a newer version is refused."""

import sqlite3
from pathlib import Path

import pytest
from small_stages import FrameStage, TextStage, ignore, video_at
from sqlite_utils import Database

from rewatch.memory.errors import StorageError
from rewatch.memory.ingest.pipeline import Pipeline
from rewatch.memory.ingest.settings import IngestSettings
from rewatch.memory.schema import MIGRATIONS
from rewatch.memory.store import Store
from rewatch.memory.types import Observation, Span

NAMES = [
    "0001_videos_and_text",
    "0002_observations_and_runs",
    "0003_frame_vectors",
    "0005_observed_compression",
]


def names(path: Path) -> list[str]:
    with sqlite3.connect(path) as db:
        found = [name for (name,) in db.execute("SELECT name FROM _sqlite_migrations ORDER BY id")]
    db.close()
    return found


def test_a_new_library_records_all_migrations(tmp_path: Path) -> None:
    Store.open(tmp_path).close()
    Store.open(tmp_path).close()
    assert names(tmp_path / "library.db") == NAMES


def test_an_older_library_is_migrated_with_its_rows(tmp_path: Path) -> None:
    with Database(tmp_path / "library.db") as older:
        MIGRATIONS.apply(older, stop_before=NAMES[1])
        columns = "id, path, path_bytes, duration_seconds, width, height, average_fps, codec, container"
        older.execute(
            f"INSERT INTO videos ({columns}, rotation_degrees, player_offset_seconds, has_audio, "
            "subtitle_languages) VALUES ('old', '/talk.mp4', CAST('/talk.mp4' AS BLOB), 60.0, 192, 96, 25.0, "
            "'h264', 'mov', 0, 0.0, 1, '[\"eng\"]')"
        )
        assert "observations" not in older.table_names()
    assert names(tmp_path / "library.db") == NAMES[:1]
    with Store.open(tmp_path) as store:
        video = store.video("old")
        assert video is not None
        assert (video.path, video.subtitle_languages) == (Path("/talk.mp4"), ("eng",))
        observation = Observation("o", "old", "search", "screen", Span(1.0, 2.0), "words")
        store.put_observation(observation)
        assert store.observation("o") == observation
    assert names(tmp_path / "library.db") == NAMES


def test_a_migration_that_fails_leaves_the_older_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Store.open(tmp_path).close()

    def broken(db: Database) -> None:
        db.execute("CREATE TABLE half (id INTEGER)")
        db.execute("CREATE TABLE half (id INTEGER)")

    with monkeypatch.context() as patched:
        patched.setattr(MIGRATIONS, "_migrations", [*MIGRATIONS._migrations])
        MIGRATIONS(name="9999_broken")(broken)
        with pytest.raises(StorageError):
            Store.open(tmp_path)
    with Store.open(tmp_path) as store:
        assert store.rows("SELECT name FROM sqlite_master WHERE name = 'half'") == []
    assert names(tmp_path / "library.db") == NAMES


def test_a_newer_library_is_refused_and_left_alone(tmp_path: Path) -> None:
    Store.open(tmp_path).close()
    path = tmp_path / "library.db"
    with sqlite3.connect(path) as newer:
        newer.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES "
            "('rewatch', '0009_of_tomorrow', '2100-01-01')"
        )
    newer.close()
    with pytest.raises(StorageError, match=r"newer version of rewatch.*0009_of_tomorrow.*upgrade"):
        Store.open(tmp_path)
    assert names(path) == [*NAMES, "0009_of_tomorrow"]


def test_tables_are_readable_with_plain_sqlite(tmp_path: Path) -> None:
    (tmp_path / "talk.mp4").write_bytes(b"video")
    with Store.open(tmp_path) as store:
        video = video_at(tmp_path / "talk.mp4")
        store.put_video(video)
        Pipeline(store, [FrameStage(), TextStage()]).run(video, IngestSettings(), ignore)
    db = sqlite3.connect(tmp_path / "library.db")
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert tables >= {
        *("videos", "files", "stages", "stage_parts", "segments", "frames", "text_lines", "sentences"),
        *("sentences_fts", "vector_spaces", "vectors", "observations", "runs", "claims", "evidence"),
    }
    found = db.execute(
        "SELECT path, start_seconds, text FROM sentences JOIN videos ON videos.id = video_id "
        "WHERE sentences.id IN (SELECT rowid FROM sentences_fts WHERE sentences_fts MATCH 'lines AND 7')"
    ).fetchall()
    assert found == [(str(tmp_path / "talk.mp4"), 7.0, "line 7 of 200 frames")]
    db.close()
