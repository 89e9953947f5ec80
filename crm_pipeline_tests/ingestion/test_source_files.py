"""The load manifest: a file by its content, once, for ever."""

from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

import pytest

from crm_pipeline.errors import UserError
from crm_pipeline.ingestion.load import SourceFilesRecipe
from crm_pipeline.ingestion.reading.copy import write_copy
from crm_pipeline.warehouse.connection import Warehouse
from crm_pipeline.warehouse.materialize import Outcome, materialize
from crm_pipeline_tests.ingestion.loading import HEADER, lines_source, project_with

FIRST, SECOND = f"{HEADER}\na,tea,2024-01-01,1,2\n", f"{HEADER}\na,tea,2024-01-01,1,3\nb,tea,2024-01-02,1,2\n"


def load(folder: Path, files: dict[str, str], day: int, **settings) -> Outcome:
    """Load at noon UTC of a day in June 2024."""
    project = project_with(folder, files, **settings)
    warehouse = Warehouse(project)
    warehouse.prepare()
    recipe = SourceFilesRecipe(project, warehouse.raw_files, lambda: datetime(2024, 6, day, 12, tzinfo=UTC))
    return materialize(warehouse, recipe, [None], run_id="run")


def manifest(folder: Path, columns: str) -> list[tuple]:
    with Warehouse(project_with(folder, {})).connect() as connection:
        sql = f"select {columns} from ingestion.source_files order by loaded_at, file_name"
        return connection.execute(sql).fetchall()


def raw_files(folder: Path) -> int:
    return len(list((folder / "warehouse" / "raw").iterdir()))


def test_the_same_file_again_changes_nothing(tmp_path: Path) -> None:
    assert load(tmp_path, {"lines.csv": FIRST}, day=1).built == [None]
    assert load(tmp_path, {"lines.csv": FIRST}, day=2).built == []
    assert raw_files(tmp_path) == 1


def test_a_corrected_file_is_a_new_row_and_the_old_one_stays(tmp_path: Path) -> None:
    load(tmp_path, {"lines.csv": FIRST}, day=1)
    load(tmp_path, {"lines.csv": SECOND}, day=2)
    assert manifest(tmp_path, "file_name, row_count, byte_count, is_current, loaded_at::date::varchar") == [
        ("lines.csv", 1, len(FIRST), False, "2024-06-01"),
        ("lines.csv", 2, len(SECOND), True, "2024-06-02"),
    ]
    assert raw_files(tmp_path) == 2


def test_a_correction_taken_back_is_current_again_since_it_was_first_loaded(tmp_path: Path) -> None:
    for day, text in enumerate((FIRST, SECOND, FIRST), start=1):
        load(tmp_path, {"lines.csv": text}, day=day)
    assert manifest(tmp_path, "row_count, is_current, day(loaded_at)") == [(1, True, 1), (2, False, 2)]


def test_files_that_are_delivered_and_moved_away_stay_current(tmp_path: Path) -> None:
    sources = {"lines": lines_source("*.csv")}
    load(tmp_path, {"may.csv": FIRST}, day=1, sources=sources)
    (tmp_path / "may.csv").unlink()
    load(tmp_path, {"june.csv": SECOND}, day=2, sources=sources)
    assert manifest(tmp_path, "file_name, is_current") == [("may.csv", True), ("june.csv", True)]


def test_a_lost_copy_is_made_again(tmp_path: Path) -> None:
    load(tmp_path, {"lines.csv": FIRST, "other.csv": FIRST}, day=1)
    for path in (tmp_path / "warehouse" / "raw").iterdir():
        path.unlink()
    load(tmp_path, {}, day=2, data_through="2024-01-31")
    assert raw_files(tmp_path) == 1
    assert manifest(tmp_path, "is_current, data_through::varchar, day(loaded_at)") == [(True, "2024-01-31", 1)]


def test_a_file_that_two_sources_read_is_copied_once(tmp_path: Path) -> None:
    both = {"lines": lines_source("a.csv"), "more": lines_source("a.csv")}
    with patch("crm_pipeline.ingestion.load.write_copy", wraps=write_copy) as copied:
        load(tmp_path, {"a.csv": FIRST}, day=1, sources=both)
    assert copied.call_count == 1
    assert manifest(tmp_path, "source, row_count, is_current") == [("lines", 1, True), ("more", 1, True)]


def of_an_earlier_version(folder: Path) -> None:
    """What was loaded looks as if a version had done it that knew no names of copies."""
    with Warehouse(project_with(folder, {})).connect() as connection:
        connection.execute("alter table ingestion.source_files drop column copy_name")
        connection.execute("update quality.table_versions set code_hash = 'earlier'")


def test_a_manifest_of_an_earlier_version_is_read_and_its_files_are_copied_again(tmp_path: Path) -> None:
    load(tmp_path, {"lines.csv": FIRST}, day=1)
    of_an_earlier_version(tmp_path)
    load(tmp_path, {"lines.csv": SECOND}, day=2)
    assert manifest(tmp_path, "row_count, is_current, day(loaded_at)") == [(1, False, 1), (2, True, 2)]


def test_a_moved_file_of_an_earlier_version_is_asked_for(tmp_path: Path) -> None:
    sources = {"lines": lines_source("*.csv")}
    load(tmp_path, {"may.csv": FIRST}, day=1, sources=sources)
    of_an_earlier_version(tmp_path)
    (tmp_path / "may.csv").unlink()
    with pytest.raises(UserError, match=r"may\.csv: this file was read by an earlier version .* put the file back"):
        load(tmp_path, {"june.csv": SECOND}, day=2, sources=sources)


def test_a_source_taken_out_of_the_project_is_no_longer_current(tmp_path: Path) -> None:
    both = {"lines": lines_source("a.csv"), "more": lines_source("b.csv")}
    load(tmp_path, {"a.csv": FIRST, "b.csv": SECOND}, day=1, sources=both)
    load(tmp_path, {}, day=2, sources={"lines": both["lines"]})
    assert manifest(tmp_path, "source, is_current") == [("lines", True), ("more", False)]
