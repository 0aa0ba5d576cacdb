"""The tables of a library, as numbered migrations.

Owns what the tables look like and how an older library becomes a current one; what is in them is `store`'s
work. sqlite-utils records each applied migration in `_sqlite_migrations`, in the transaction that applies it.
A released migration never changes: what a table needs later is a new migration below.

All times are seconds on the video's clock, spans are half-open `[start_seconds, end_seconds)`, and lists are
JSON texts, so that any SQLite tool can read the tables.
"""

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

MIGRATIONS = Migrations("rewatch")


def known_names() -> set[str]:
    """Names of all migrations below; a library that has others was written by a newer version."""
    # Of an empty database every migration is pending.
    with Database(memory=True, execute_plugins=False) as empty:
        return {migration.name for migration in MIGRATIONS.pending(empty)}


@MIGRATIONS(name="0001_videos_and_text")
def _videos_and_text(db: Database) -> None:
    """Create what ingest fills: videos, their stages, segments, sampled frames, text and vectors."""
    db.executescript(
        """
        CREATE TABLE videos (
            id TEXT PRIMARY KEY,            -- fingerprint of the content
            path TEXT NOT NULL,             -- for people; bytes that are not UTF-8 are replaced
            path_bytes BLOB NOT NULL,       -- the same, exact
            duration_seconds REAL NOT NULL,
            width INTEGER NOT NULL,
            height INTEGER NOT NULL,
            average_fps REAL NOT NULL,
            codec TEXT NOT NULL,
            container TEXT NOT NULL,
            rotation_degrees INTEGER NOT NULL,
            player_offset_seconds REAL NOT NULL,
            has_audio INTEGER NOT NULL,
            subtitle_languages TEXT NOT NULL
        );
        CREATE TABLE files (
            path_bytes BLOB PRIMARY KEY,
            path TEXT NOT NULL,
            video_id TEXT NOT NULL REFERENCES videos(id) ON DELETE CASCADE,
            size_bytes INTEGER NOT NULL,
            modified_ns INTEGER NOT NULL,
            changed_ns INTEGER NOT NULL,
            inode TEXT NOT NULL             -- text, for it may not fit 64 signed bits
        );
        CREATE INDEX files_by_video ON files(video_id);
        CREATE TABLE stages (
            video_id TEXT NOT NULL REFERENCES videos(id) ON DELETE CASCADE,
            name TEXT NOT NULL,
            params_hash TEXT NOT NULL,      -- '' when a stage that it needs was run again
            parameters TEXT NOT NULL,
            finished INTEGER NOT NULL,
            status TEXT NOT NULL,           -- read, absent or unavailable, once finished
            note TEXT NOT NULL,
            started_at TEXT NOT NULL,
            finished_at TEXT,
            PRIMARY KEY (video_id, name)
        );
        CREATE TABLE stage_parts (
            video_id TEXT NOT NULL,
            stage TEXT NOT NULL,
            key TEXT NOT NULL,
            done_seconds REAL NOT NULL,
            PRIMARY KEY (video_id, stage, key),
            FOREIGN KEY (video_id, stage) REFERENCES stages(video_id, name) ON DELETE CASCADE
        );
        CREATE TABLE segments (
            id INTEGER PRIMARY KEY,
            video_id TEXT NOT NULL REFERENCES videos(id) ON DELETE CASCADE,
            level TEXT NOT NULL,            -- shot, scene or chapter
            start_seconds REAL NOT NULL,
            end_seconds REAL NOT NULL,
            title TEXT NOT NULL
        );
        CREATE INDEX segments_by_time ON segments(video_id, level, start_seconds);
        CREATE TABLE frames (
            video_id TEXT NOT NULL REFERENCES videos(id) ON DELETE CASCADE,
            seconds REAL NOT NULL,
            histogram BLOB NOT NULL,
            screen BLOB NOT NULL,
            PRIMARY KEY (video_id, seconds)
        );
        CREATE TABLE text_lines (
            id INTEGER PRIMARY KEY,
            video_id TEXT NOT NULL REFERENCES videos(id) ON DELETE CASCADE,
            kind TEXT NOT NULL,             -- subtitle, speech, screen or caption
            start_seconds REAL NOT NULL,
            end_seconds REAL NOT NULL,
            text TEXT NOT NULL,
            source TEXT NOT NULL,
            box TEXT,                       -- [x0, y0, x1, y1], 0 to 1
            confidence REAL NOT NULL
        );
        CREATE INDEX text_lines_by_time ON text_lines(video_id, start_seconds);
        -- AUTOINCREMENT: an id that a vector or an observation has named is never given to another sentence.
        CREATE TABLE sentences (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            video_id TEXT NOT NULL REFERENCES videos(id) ON DELETE CASCADE,
            kind TEXT NOT NULL,
            start_seconds REAL NOT NULL,
            end_seconds REAL NOT NULL,
            text TEXT NOT NULL,
            boxes TEXT NOT NULL,
            squashed TEXT NOT NULL          -- letters and digits only, for screen text whose spaces were lost
        );
        CREATE INDEX sentences_by_time ON sentences(video_id, start_seconds);
        CREATE TABLE vector_spaces (
            space_id TEXT PRIMARY KEY,
            dimensions INTEGER NOT NULL,
            token TEXT NOT NULL,            -- random: tells this library's vectors from another's
            changes INTEGER NOT NULL        -- counts every change of its vectors
        );
        CREATE TABLE vectors (
            space_id TEXT NOT NULL REFERENCES vector_spaces(space_id),
            sentence_id INTEGER NOT NULL REFERENCES sentences(id) ON DELETE CASCADE,
            vector BLOB NOT NULL,           -- float32, little-endian, unit length
            PRIMARY KEY (space_id, sentence_id)
        );
        CREATE INDEX vectors_by_sentence ON vectors(sentence_id);
        CREATE TRIGGER vectors_counted_in AFTER INSERT ON vectors BEGIN
            UPDATE vector_spaces SET changes = changes + 1 WHERE space_id = new.space_id;
        END;
        CREATE TRIGGER vectors_counted_out AFTER DELETE ON vectors BEGIN
            UPDATE vector_spaces SET changes = changes + 1 WHERE space_id = old.space_id;
        END;
        CREATE TRIGGER vectors_counted_over AFTER UPDATE ON vectors BEGIN
            UPDATE vector_spaces SET changes = changes + 1 WHERE space_id = new.space_id;
        END;
        """
    )
    db.table("sentences").enable_fts(
        ["text"], tokenize="porter unicode61 remove_diacritics 2", create_triggers=True
    )


@MIGRATIONS(name="0002_observations_and_runs")
def _observations_and_runs(db: Database) -> None:
    """Create what the agent fills: what its tools saw, its runs, their claims and evidence."""
    db.executescript(
        """
        CREATE TABLE observations (
            id TEXT PRIMARY KEY,
            video_id TEXT NOT NULL REFERENCES videos(id) ON DELETE CASCADE,
            tool TEXT NOT NULL,
            query TEXT NOT NULL,
            channel TEXT NOT NULL,
            start_seconds REAL NOT NULL,
            end_seconds REAL NOT NULL,
            text TEXT NOT NULL,
            boxes TEXT NOT NULL,
            frame_seconds TEXT NOT NULL,
            score REAL NOT NULL,
            probability REAL,
            model TEXT NOT NULL,
            params_hash TEXT NOT NULL,
            cost TEXT NOT NULL,
            error TEXT NOT NULL,
            seen_at TEXT NOT NULL
        );
        CREATE INDEX observations_by_time ON observations(video_id, start_seconds);
        CREATE TABLE runs (
            id TEXT PRIMARY KEY,
            question TEXT NOT NULL,
            thread TEXT NOT NULL,
            found INTEGER NOT NULL,
            stopped TEXT NOT NULL,
            answer TEXT NOT NULL,           -- the whole answer as JSON
            ended_at TEXT NOT NULL
        );
        CREATE TABLE run_videos (
            run_id TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
            video_id TEXT NOT NULL,
            PRIMARY KEY (run_id, video_id)
        );
        CREATE TABLE claims (
            run_id TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
            position INTEGER NOT NULL,
            text TEXT NOT NULL,
            verdict TEXT NOT NULL,          -- supported, refuted or unverified
            evidence_ids TEXT NOT NULL,
            PRIMARY KEY (run_id, position)
        );
        CREATE TABLE evidence (
            run_id TEXT NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
            id TEXT NOT NULL,
            video_id TEXT NOT NULL,
            start_seconds REAL NOT NULL,
            end_seconds REAL NOT NULL,
            source TEXT NOT NULL,
            text TEXT NOT NULL,
            boxes TEXT NOT NULL,
            frame_seconds TEXT NOT NULL,
            score REAL,
            PRIMARY KEY (run_id, id)
        );
        """
    )


@MIGRATIONS(name="0003_frame_vectors")
def _frame_vectors(db: Database) -> None:
    """Let an embedding space hold the vectors of frames."""
    db.executescript(
        """
        ALTER TABLE vector_spaces ADD COLUMN holds TEXT NOT NULL DEFAULT 'sentences';  -- or frames
        -- AUTOINCREMENT: what an id has stood for is never another vector, so that an index can be brought
        -- up to date from the ids alone.
        CREATE TABLE frame_vectors (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            space_id TEXT NOT NULL REFERENCES vector_spaces(space_id),
            video_id TEXT NOT NULL REFERENCES videos(id) ON DELETE CASCADE,
            seconds REAL NOT NULL,          -- the frame's own timestamp
            vector BLOB NOT NULL,           -- float32, little-endian, unit length
            UNIQUE (space_id, video_id, seconds)
        );
        CREATE INDEX frame_vectors_by_space ON frame_vectors(space_id);  -- in the order of the ids
        CREATE INDEX frame_vectors_by_video ON frame_vectors(video_id);
        CREATE TRIGGER frame_vectors_counted_in AFTER INSERT ON frame_vectors BEGIN
            UPDATE vector_spaces SET changes = changes + 1 WHERE space_id = new.space_id;
        END;
        CREATE TRIGGER frame_vectors_counted_out AFTER DELETE ON frame_vectors BEGIN
            UPDATE vector_spaces SET changes = changes + 1 WHERE space_id = old.space_id;
        END;
        """
    )


@MIGRATIONS(name="0005_observed_compression")
def _observed_compression(db: Database) -> None:
    """Let an observation tell how the pictures that it was made from were compressed."""
    db.execute("ALTER TABLE observations ADD COLUMN compression TEXT")  # JSON; NULL where they were not
