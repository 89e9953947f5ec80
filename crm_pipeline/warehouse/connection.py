"""Opens the project's DuckDB files; what goes wrong there is said in words."""

from __future__ import annotations

import errno
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import duckdb
from filelock import FileLock, Timeout

from crm_pipeline.errors import WarehouseError
from crm_pipeline.project import Project

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Database = Literal["live", "vault"]
SMALLEST_FREE_BYTES = 200_000_000
MEMORY_SHARE = 0.25
FILE_WAIT_SECONDS = 30.0
"""How long a command waits for a file that another process has: one that looks at it takes a moment."""
FILE_POLL_SECONDS = 0.05
DISK_IS_FULL = "the disk is full; free some space and run again (the last good tables are untouched)"


def _memory_limit() -> str:
    """A quarter of the machine, at least 1 GB: models need their share beside DuckDB."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return f"{max(1000, int(total * MEMORY_SHARE / 1e6))}MB"


class Warehouse:
    """The files of one project.

    ``crm.duckdb`` is live, ``published.duckdb`` is for readers (``published.previous.duckdb``
    is what they saw before), ``vault.duckdb`` holds personal and raw data.
    """

    def __init__(self, project: Project) -> None:
        self.project = project
        self.folder = project.warehouse_folder
        self.live = self.folder / "crm.duckdb"
        self.published = self.folder / "published.duckdb"
        self.previous = self.folder / "published.previous.duckdb"
        self.vault = self.folder / "vault.duckdb"
        self.raw_files = self.folder / "raw"
        self.data_docs = self.folder / "data_docs"
        self.lock_file = self.folder / "run.lock"

    @property
    def exists(self) -> bool:
        """Whether anything was built yet."""
        return self.live.exists()

    def prepare(self) -> None:
        """Create the folder; WarehouseError when it cannot be written or the disk is nearly full."""
        try:
            self.raw_files.mkdir(parents=True, exist_ok=True)
            probe = self.folder / ".write_probe"
            probe.write_bytes(b"")
            probe.unlink()
        except OSError as error:
            raise WarehouseError(_explain_os(error, self.folder)) from None
        free = free_bytes(self.folder)
        if free < SMALLEST_FREE_BYTES:
            raise WarehouseError(
                f"{self.folder}: only {free / 1e6:.0f} MB free on this disk, "
                f"at least {SMALLEST_FREE_BYTES / 1e6:.0f} MB needed; "
                "free some space and run again (the last good tables are untouched)"
            )

    @contextmanager
    def locked(self, wait_seconds: float = 0) -> Iterator[None]:
        """Hold the one-writer lock; WarehouseError when another run holds it for longer than ``wait_seconds``."""
        self.prepare()
        lock = FileLock(self.lock_file)
        try:
            lock.acquire(timeout=wait_seconds)
        except Timeout:
            raise WarehouseError(
                f"{self.live}: another run is writing to this warehouse; wait until it has ended "
                "(crm-pipeline status shows it) and run again"
            ) from None
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def connect(
        self, database: Database = "live", *, read_only: bool = False, attach: bool = False
    ) -> Iterator[DuckDBPyConnection]:
        """A connection to the live file or the vault, closed on every way out.

        ``attach`` adds the other file, for reading, as ``vault`` or ``live``: one transaction writes one file.
        """
        path, other = (self.live, self.vault) if database == "live" else (self.vault, self.live)
        until = time.monotonic() + FILE_WAIT_SECONDS
        connection = _opened(path, until, read_only=read_only)
        try:
            connection.execute("set TimeZone = 'UTC'")
            connection.execute("set enable_progress_bar = false")
            connection.execute(f"set temp_directory = '{_quoted(self.folder / 'tmp')}'")
            if attach and other.exists():
                _attach(connection, other, "vault" if database == "live" else "live", until)
            with translated(path):
                yield connection
        finally:
            connection.close()


def _opened(path: Path, until: float, *, read_only: bool) -> DuckDBPyConnection:
    """A connection, waiting for whoever has the file: a command that looks at it, or a run between two tables."""
    with translated(path):
        while True:
            try:
                return duckdb.connect(str(path), read_only=read_only, config={"memory_limit": _memory_limit()})
            except duckdb.IOException as error:
                _wait_for_lock(error, until)


def _attach(connection: DuckDBPyConnection, path: Path, name: str, until: float) -> None:
    """Add another file for reading, waiting as `_opened` does."""
    with translated(path):
        while True:
            try:
                connection.execute(f"attach '{_quoted(path)}' as {name} (read_only)")
            except duckdb.IOException as error:
                _wait_for_lock(error, until)
            else:
                return


def _wait_for_lock(error: duckdb.IOException, until: float) -> None:
    """Wait a moment where another process has the file; raise everything else, and this too when time is up."""
    if not _is_of_lock(error) or time.monotonic() > until:
        raise error
    time.sleep(FILE_POLL_SECONDS)


def _is_of_lock(error: Exception) -> bool:
    return re.search(r"\block\b", str(error).lower()) is not None  # and not "block"


@contextmanager
def transaction(connection: DuckDBPyConnection) -> Iterator[None]:
    """All that is written inside becomes visible at once, or, after an error, nothing of it."""
    connection.execute("begin transaction")
    try:
        yield
        connection.execute("commit")
    except BaseException:
        # Some errors (a full disk, say) end the transaction themselves; what is to be told is that error.
        with suppress(duckdb.Error):
            connection.execute("rollback")
        raise


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def free_bytes(folder: Path) -> int:
    """Free space where the folder is or will be."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def is_full_disk(error: BaseException) -> bool:
    """Whether what DuckDB, SQLite or the system says means that no space is left."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    text = str(error).lower()
    signs = ("no space left", "space left on device", "disk is full", "max_temp_directory_size")
    return any(sign in text for sign in signs)


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn what DuckDB and the system say about a file into one sentence with what to do."""
    try:
        yield
    except duckdb.Error as error:
        text = str(error)
        low = text.lower()
        if is_full_disk(error):
            raise WarehouseError(f"{path}: {DISK_IS_FULL}") from error
        if "out of memory" in low or "could not allocate" in low:
            raise WarehouseError(
                f"{path}: not enough memory for this step ({text.splitlines()[0]}); "
                "close other programs or use a larger machine"
            ) from error
        is_of_file = isinstance(error, (duckdb.IOException, duckdb.ConnectionException, duckdb.SerializationException))
        if not is_of_file and not low.startswith("corrupt"):  # a block's checksum differs: of no class of its own
            raise
        if _is_of_lock(error):
            number = re.search(r"pid (\d+)", low)
            who = f", process {number[1]}" if number else ""
            raise WarehouseError(
                f"{path}: another process has this file open{who}: wait for a run, or close a notebook or BI tool "
                "(readers should open published.duckdb), and run again"
            ) from error
        if "read-only" in low or "permission denied" in low:
            raise WarehouseError(
                f"{path}: cannot be written (read-only or no permission); correct the file's permissions"
            ) from error
        raise WarehouseError(
            f"{path}: cannot be opened as a DuckDB file ({text.splitlines()[0]}); "
            "restore it from a backup or move it away to rebuild"
        ) from error
    except BrokenPipeError:
        raise  # of the terminal, whose reader (`| head`) is gone; no file's
    except OSError as error:
        raise WarehouseError(_explain_os(error, path)) from error


def _explain_os(error: OSError, path: Path) -> str:
    if is_full_disk(error):
        return f"{path}: {DISK_IS_FULL}"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return (
            f"{path}: cannot be written (read-only or no permission); "
            "correct the permissions or choose another project folder"
        )
    return f"{path}: {error.strerror or error}"
