"""Dagster's history of runs in SQLite files, written without waiting for the disk at every event.

Dagster opens a file, writes one event and closes it again. As the last to close, it moves the write-ahead log into the
file each time, and waits for the disk twice: a run of two thousand events spends more time on its history than on its
tables. Within `quick_history` one idle connection per file stays open, so that the log is moved rarely, and commits do
not wait for the disk. A process that is killed loses no event by that; a machine that loses power may lose the last
ones, and the files stay whole (https://www.sqlite.org/pragma.html#pragma_synchronous).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

COMMIT_TO_OPERATING_SYSTEM = "pragma synchronous = normal"


class _History:
    """The SQLite files below one folder that were connected to since."""

    def __init__(self, home: Path) -> None:
        self.home = home.resolve()
        self.users = 0
        self._idle: dict[Path, sqlite3.Connection] = {}
        self._changing = Lock()

    def connected(self, connection: Any, record: object) -> None:
        """SQLAlchemy opened a connection: of whichever database, perhaps one of these files."""
        if not isinstance(connection, sqlite3.Connection):
            return
        file = connection.execute("pragma database_list").fetchone()[2]
        if not file or not Path(file).resolve().is_relative_to(self.home):
            return
        connection.execute(COMMIT_TO_OPERATING_SYSTEM)
        with self._changing:
            if Path(file) not in self._idle and self.users:
                self._keep_open(Path(file))

    def _keep_open(self, file: Path) -> None:
        """A connection of our own, once the file has a write-ahead log, which belongs to connections that have read."""
        idle = sqlite3.connect(file, check_same_thread=False)
        try:
            if idle.execute("pragma journal_mode").fetchone()[0] == "wal":
                idle.execute("select count(*) from sqlite_master").fetchone()
                self._idle[file] = idle
                return
        except sqlite3.Error:
            idle.close()  # Dagster's own statement will meet the same and say so: nothing depends on this one
            return
        idle.close()

    def close(self) -> None:
        """Let go of all files; each one's log is moved into it."""
        with self._changing:
            while self._idle:
                self._idle.popitem()[1].close()


_histories: dict[Path, _History] = {}
_counting = Lock()


@contextmanager
def quick_history(home: Path) -> Iterator[None]:
    """Write the SQLite files below ``home`` quickly, as long as the outermost of such blocks lasts."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    with _counting:
        history = _histories.setdefault(home, _History(home))
        history.users += 1
        if history.users == 1:
            event.listen(Engine, "connect", history.connected)
    try:
        yield
    finally:
        with _counting:
            history.users -= 1
            if not history.users:
                event.remove(Engine, "connect", history.connected)
                del _histories[home]
                history.close()
