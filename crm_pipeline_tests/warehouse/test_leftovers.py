"""Drafts of killed processes go with the next run; those at work stay."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from crm_pipeline.warehouse.connection import Warehouse
from crm_pipeline.warehouse.leftovers import remove_leftovers
from crm_pipeline.warehouse.write_aside import LONGEST_WRITE_SECONDS, is_abandoned, write_aside
from crm_pipeline_tests.kit import make_project


@pytest.fixture(scope="module")
def gone() -> int:
    """The number of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    return process.pid


def put(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("customer_id")
    return path


def test_a_run_removes_what_killed_ones_left(tmp_path: Path, gone: int) -> None:
    audiences = {"them": {"segment": "at risk", "path": "out[1]/{snapshot}/{audience}.csv"}}
    folder = tmp_path / "warehouse"
    left = [
        put(folder / f".alerts.json.{gone}.draft"),
        put(folder / "audiences" / "them" / f".2024-02-01.csv.{gone}.draft"),
        put(folder / "audiences" / "history" / "them" / f".000001_2024-02-01.parquet.{gone}.draft"),
        put(folder / "backups" / f".churn_model_1.parquet.{gone}.draft"),
        put(folder / "reports" / f".2024-02-01.html.{gone}.draft"),
        put(folder / "reports" / "2024-02-01.html.new"),
        put(tmp_path / "out[1]" / "2024-02-01" / f".them.csv.{gone}.draft"),
    ]
    kept = [
        put(folder / "audiences" / "them" / f".2024-02-01.csv.{os.getppid()}.draft"),
        put(folder / "audiences" / "them" / "2024-02-01.csv"),
        put(tmp_path / "out[1]" / "2024-02-01" / "them.csv"),
        put(tmp_path / f".notes.{gone}.draft"),
    ]
    removed = remove_leftovers(Warehouse(make_project(tmp_path, audiences=audiences)))
    assert sorted(removed) == sorted(path.name for path in left)
    assert not [path for path in left if path.exists()] and all(path.exists() for path in kept)


def test_a_draft_is_abandoned_with_its_process_or_after_a_day(tmp_path: Path, gone: int) -> None:
    at_work = put(tmp_path / f".x.csv.{os.getppid()}.draft")
    assert is_abandoned(put(tmp_path / f".x.csv.{gone}.draft")) and not is_abandoned(at_work)
    day_ago = at_work.stat().st_mtime - LONGEST_WRITE_SECONDS - 60
    os.utime(at_work, (day_ago, day_ago))
    assert is_abandoned(at_work), "another process has the number by now"


def test_writing_a_file_removes_its_own_leftovers(tmp_path: Path, gone: int) -> None:
    put(tmp_path / f".x.csv.{gone}.draft")
    other = put(tmp_path / f".y.csv.{gone}.draft")
    with write_aside(tmp_path / "x.csv") as draft:
        draft.write_text("whole")
    assert sorted(tmp_path.iterdir()) == sorted([other, tmp_path / "x.csv"])
