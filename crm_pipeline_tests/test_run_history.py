"""The history of runs: quick within the block, whole after it, and nobody else's business."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import sqlalchemy as sa

from crm_pipeline.run_history import quick_history

FULL, NORMAL = 2, 1


def with_log(path: Path) -> Path:
    """An SQLite file with a write-ahead log, as Dagster makes them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path)
    connection.execute("pragma journal_mode = wal")
    connection.execute("create table events (number integer)")
    connection.commit()
    connection.close()
    return path


def write(path: Path, number: int) -> int:
    """One event by a connection of its own; how far its commit went."""
    engine = sa.create_engine(f"sqlite:///{path}", poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.text("insert into events values (:number)"), {"number": number})
        return int(connection.execute(sa.text("pragma synchronous")).scalar_one())


def test_commits_do_not_wait_and_the_log_stays_between_connections(tmp_path: Path) -> None:
    events = with_log(tmp_path / "history" / "runs" / "one.db")
    log = events.with_name("one.db-wal")
    assert write(events, 1) == FULL and not log.exists()
    with quick_history(tmp_path):
        with quick_history(tmp_path):
            assert write(events, 2) == NORMAL and log.stat().st_size > 0
        assert write(events, 3) == NORMAL and log.exists()
    assert not log.exists()
    assert write(events, 4) == FULL
    with sqlite3.connect(events) as connection:
        assert connection.execute("select number from events order by number").fetchall() == [(1,), (2,), (3,), (4,)]


def test_other_files_and_files_without_a_log_are_left_alone(tmp_path: Path) -> None:
    elsewhere = with_log(tmp_path / "shop.db")
    plain = tmp_path / "home" / "plain.db"
    plain.parent.mkdir()
    with sqlite3.connect(plain) as connection:
        connection.execute("create table events (number integer)")
    with quick_history(tmp_path / "home"):
        assert write(elsewhere, 1) == FULL
        assert not elsewhere.with_name("shop.db-wal").exists()
        assert write(plain, 1) == NORMAL
        plain.unlink()  # nothing holds it
    assert not plain.exists()


WRITES = """
import sys, time
from pathlib import Path
from crm_pipeline.run_history import quick_history
from crm_pipeline_tests.test_run_history import write
with quick_history(Path(sys.argv[1]).parent):
    for number in range(50):
        write(Path(sys.argv[1]), number)
    print("written", flush=True)
    time.sleep(60)
"""


def test_a_killed_process_loses_no_event(tmp_path: Path) -> None:
    events = with_log(tmp_path / "one.db")
    process = subprocess.Popen([sys.executable, "-c", WRITES, str(events)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "written\n"
    process.kill()
    process.wait()
    with sqlite3.connect(events) as connection:
        assert connection.execute("select count(*) from events").fetchone() == (50,)
