"""What goes wrong with the files, in one sentence that says what to do."""

import errno
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from crm_pipeline.errors import WarehouseError
from crm_pipeline.warehouse import connection as connection_module
from crm_pipeline.warehouse.connection import Warehouse, translated
from crm_pipeline_tests.kit import make_project

HOLD = "import sys, duckdb; held = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    monkeypatch.setattr(connection_module, "FILE_WAIT_SECONDS", 0.2)
    found = Warehouse(make_project(tmp_path))
    found.prepare()
    return found


@contextmanager
def held_by_another_process(path: Path) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        yield
    finally:
        process.communicate("")


def one_sentence(error: pytest.ExceptionInfo[WarehouseError], path: Path) -> str:
    text = str(error.value)
    assert text.startswith(f"{path}: ")
    assert "\n" not in text
    return text


def test_a_file_that_another_process_writes_is_said_to_be(warehouse: Warehouse) -> None:
    with held_by_another_process(warehouse.live), pytest.raises(WarehouseError) as error, warehouse.connect():
        pass
    assert "another process has this file open, process " in one_sentence(error, warehouse.live)


def test_a_locked_vault_is_named_when_it_is_attached(warehouse: Warehouse) -> None:
    with (
        held_by_another_process(warehouse.vault),
        pytest.raises(WarehouseError) as error,
        warehouse.connect(attach=True),
    ):
        pass
    assert "another process has this file open" in one_sentence(error, warehouse.vault)


def test_a_damaged_block_is_told_as_a_damaged_file(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        connection.execute("create table much as select range as a, md5(range::varchar) as b from range(100000)")
    content = bytearray(warehouse.live.read_bytes())
    content[12_288:-4096] = bytes(byte ^ 255 for byte in content[12_288:-4096])
    warehouse.live.write_bytes(content)
    with pytest.raises(WarehouseError) as error, warehouse.connect() as connection:
        connection.execute("select max(b) from much").fetchall()
    said = one_sentence(error, warehouse.live)
    assert "cannot be opened as a DuckDB file" in said and "restore it from a backup" in said


def test_a_file_that_is_no_database_is_said_to_be(warehouse: Warehouse) -> None:
    warehouse.live.write_bytes(b"certainly no database" * 1000)
    with pytest.raises(WarehouseError) as error, warehouse.connect():
        pass
    assert "cannot be opened as a DuckDB file" in one_sentence(error, warehouse.live)


def test_the_connection_is_closed_after_an_error(warehouse: Warehouse) -> None:
    with pytest.raises(duckdb.CatalogException), warehouse.connect() as connection:
        connection.execute("select * from nowhere")
    with held_by_another_process(warehouse.live):
        pass  # another process can open it: it is closed here


def test_a_folder_that_is_a_file_cannot_hold_a_warehouse(tmp_path: Path) -> None:
    (tmp_path / "warehouse").write_text("a file")
    with pytest.raises(WarehouseError) as error:
        Warehouse(make_project(tmp_path)).prepare()
    one_sentence(error, tmp_path / "warehouse")


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.EACCES, "cannot be written (read-only or no permission); correct the permissions or choose another"),
        (errno.EROFS, "cannot be written (read-only or no permission)"),
        (errno.ENOSPC, "the disk is full; free some space and run again (the last good tables are untouched)"),
    ],
)
def test_a_folder_that_cannot_be_written_says_why(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, number: int, expected: str
) -> None:
    def refuse(*arguments: object) -> None:
        raise OSError(number, "refused")

    monkeypatch.setattr(Path, "write_bytes", refuse)
    with pytest.raises(WarehouseError) as error:
        warehouse.prepare()
    assert expected in one_sentence(error, warehouse.folder)


def test_a_nearly_full_disk_stops_a_run_before_it_starts(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "free_bytes", lambda folder: 5_000_000)
    with pytest.raises(WarehouseError) as error, warehouse.locked():
        pass
    assert "only 5 MB free on this disk, at least 200 MB needed" in one_sentence(error, warehouse.folder)


def test_a_second_run_is_turned_away_while_the_first_holds_the_lock(warehouse: Warehouse) -> None:
    other = Warehouse(warehouse.project)
    with warehouse.locked():
        with pytest.raises(WarehouseError) as error, other.locked():
            pass
        assert "another run is writing to this warehouse" in one_sentence(error, warehouse.live)
    with other.locked():
        pass


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (duckdb.IOException("IO Error: No space left on device"), "the disk is full"),
        (duckdb.OutOfMemoryException("Out of Memory Error: failed to allocate"), "not enough memory for this step"),
        (duckdb.IOException("IO Error: Cannot open file: Permission denied"), "cannot be written (read-only"),
    ],
)
def test_errors_of_the_engine_become_sentences(tmp_path: Path, error: duckdb.Error, expected: str) -> None:
    with pytest.raises(WarehouseError) as raised, translated(tmp_path):
        raise error
    assert expected in one_sentence(raised, tmp_path)


def test_mistakes_in_sql_are_not_dressed_up_as_troubles_with_files(tmp_path: Path) -> None:
    with pytest.raises(duckdb.BinderException), translated(tmp_path):
        raise duckdb.BinderException("Binder Error: no such column")


def test_a_reader_of_the_output_that_went_away_is_no_trouble_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(BrokenPipeError), translated(tmp_path / "crm.duckdb"):
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")
