"""A warehouse that is locked, read-only or on a full disk: one message, and the last good tables stay."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from crm_pipeline import resources
from crm_pipeline.warehouse import connection
from crm_pipeline_tests.acceptance.commands import crm
from crm_pipeline_tests.acceptance.contents import candidates, ledger_hashes, row_hashes
from crm_pipeline_tests.acceptance.test_bad_input import FAILURE, assert_one_message

RUN_LOCK = "from filelock import FileLock; held = FileLock(sys.argv[1]); held.acquire()"
WRITER = "import duckdb; held = duckdb.connect(sys.argv[1])"
READER = "import duckdb; held = duckdb.connect(sys.argv[1], read_only=True)"


@contextmanager
def held_by_another_process(path: Path, how: str) -> Iterator[None]:
    """Another process holds the file until the block ends."""
    script = f"import sys; {how}; print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None and holder.stdin is not None
        assert holder.stdout.readline().strip() == "held"
        try:
            yield
        finally:
            holder.stdin.close()
            holder.wait(timeout=30)


@contextmanager
def on_a_disk_of_its_own(folder: Path) -> Iterator[Callable[[str], None]]:
    """The warehouse on a file system of its own, whose mount options the block can change."""
    kept, there = folder.with_name("kept"), folder / "warehouse"
    there.rename(kept)
    there.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(there)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"needs the right to mount a file system: {mounted.stderr.strip()}")
    try:
        shutil.copytree(kept, there, dirs_exist_ok=True)
        yield lambda options: _remount(there, options)
    finally:
        subprocess.run(["umount", "--lazy", str(there)], check=True)


def _remount(path: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(path)], check=True)


needs_mount = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may mount a file system"
)


@pytest.mark.parametrize(
    ("name", "how", "says"),
    [
        ("run.lock", RUN_LOCK, ("another run is writing to this warehouse", "wait until it has ended")),
        ("crm.duckdb", WRITER, ("crm.duckdb: another process has this file open, process", "published.duckdb")),
        ("crm.duckdb", READER, ("crm.duckdb: another process has this file open", "published.duckdb")),
        ("vault.duckdb", WRITER, ("vault.duckdb: another process has this file open, process",)),
    ],
    ids=["a run", "a writer", "a reader", "a writer of the vault"],
)
def test_what_another_process_holds_is_left_alone(
    project: Path, monkeypatch: pytest.MonkeyPatch, name: str, how: str, says: tuple[str, ...]
) -> None:
    monkeypatch.setattr(resources, "LOCK_WAIT_SECONDS", 0.2)
    monkeypatch.setattr(connection, "FILE_WAIT_SECONDS", 0.2)
    before = ledger_hashes(project)
    with held_by_another_process(project / "warehouse" / name, how):
        ended = crm("run", project, "--force", "--select", "order_lines,staged_products")
    assert_one_message(ended, FAILURE, *says)
    assert ledger_hashes(project) == before
    assert row_hashes(project) == before


def test_who_looks_at_a_file_for_a_moment_is_waited_for(project: Path) -> None:
    """As `crm-pipeline status` does during a run."""
    looks = f"{READER}; import time; print('held', flush=True); time.sleep(2)"
    command = [sys.executable, "-c", f"import sys; {looks}", str(project / "warehouse" / "crm.duckdb")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as looker:
        assert looker.stdout is not None and looker.stdout.readline().strip() == "held"
        ended = crm("run", project, "--force", "--select", "order_lines")
    assert ended.code == 0, ended.text


def test_readers_of_the_copy_are_in_nobodys_way(project: Path) -> None:
    with held_by_another_process(project / "warehouse" / "published.duckdb", READER):
        ended = crm("run", project, "--force", "--select", "customer_rfm")
    assert ended.code == 0, ended.text


@needs_mount
def test_a_read_only_warehouse(project: Path) -> None:
    with on_a_disk_of_its_own(project) as remount:
        before = ledger_hashes(project)
        remount("ro")
        ended = crm("run", project, "--force", "--select", "customer_rfm")
        assert_one_message(ended, FAILURE, "warehouse: cannot be written (read-only or no permission)", "permissions")
        looked = crm("run", project, "--dry-run")
        assert looked.code == 0 and "Nothing to do" in looked.text
        assert ledger_hashes(project) == before


@needs_mount
def test_a_nearly_full_disk_stops_the_run_before_it_begins(project: Path) -> None:
    with on_a_disk_of_its_own(project):
        ended = crm("run", project, "--force")
        assert_one_message(ended, FAILURE, "MB free on this disk", "free some space and run again")


@needs_mount
@pytest.mark.parametrize("is_history_elsewhere", [False, True], ids=["history of runs", "tables"])
@pytest.mark.parametrize("spare_kilobytes", [100, pytest.param(1_500, marks=pytest.mark.full)])
def test_a_disk_that_fills_up_during_the_run(
    project: Path, monkeypatch: pytest.MonkeyPatch, spare_kilobytes: int, is_history_elsewhere: bool
) -> None:
    monkeypatch.setattr(connection, "SMALLEST_FREE_BYTES", 0)
    with on_a_disk_of_its_own(project) as remount:
        if is_history_elsewhere:
            shutil.rmtree(project / "warehouse" / "dagster")
            (project / "warehouse" / "dagster").symlink_to(project.with_name("kept") / "dagster")
        before = ledger_hashes(project)
        used = shutil.disk_usage(project / "warehouse").used // 1024
        remount(f"size={used + spare_kilobytes}k")
        ended = crm("run", project, "--force")
        assert_one_message(ended, FAILURE, "the disk is full; free some space and run again")
        remount("size=128m")
        assert ledger_hashes(project) == before
        assert row_hashes(project) == before
        again = crm("run", project, "--force", "--select", "customer_rfm")
        assert again.code == 0, again.text
        assert ledger_hashes(project) == before
        assert not candidates(project, "published.duckdb")
