"""One name everywhere: a table's name is that of its module, its `.sql` and its test module."""

from pathlib import Path

import pytest

import crm_pipeline
from crm_pipeline.contract.catalog import STAGES, declared_transforms
from crm_pipeline.contract.lints import lint

PACKAGE = Path(crm_pipeline.__file__).parent
TESTS = Path(__file__).parent
TRANSFORMS = declared_transforms()


def test_every_sql_file_is_a_declared_table() -> None:
    files = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.sql")}
    found = {name for name in files if not name.startswith("simulation/")}  # those make the exports of example projects
    assert found == {f"{item.table.stage}/{name}.sql" for name, item in TRANSFORMS.items() if not item.query_of}


def test_a_shared_query_is_that_of_another_table_of_the_stage() -> None:
    shared = [item for item in TRANSFORMS.values() if item.query_of]
    assert [TRANSFORMS[str(item.query_of)].table.stage for item in shared] == [item.table.stage for item in shared]
    assert [TRANSFORMS[str(item.query_of)].sql for item in shared] == [item.sql for item in shared]


def test_every_module_that_declares_a_table_has_its_query() -> None:
    declaring = {
        f"{stage}/{path.stem}"
        for stage in STAGES
        for path in (PACKAGE / stage).glob("*.py")
        if "\nTABLE = " in path.read_text(encoding="utf-8")
    }
    # the load manifest is filled while files are copied
    assert declaring - {"ingestion/source_files"} == {f"{item.table.stage}/{name}" for name, item in TRANSFORMS.items()}


def test_every_table_has_its_test_module() -> None:
    lacking = [
        f"{item.table.stage}/test_{name}.py"
        for name, item in TRANSFORMS.items()
        if not (TESTS / item.table.stage / f"test_{name}.py").is_file()
    ]
    assert lacking == []


WHOLE = {"acceptance"}
"""Folders of tests that use the whole of it, as its users do."""


def test_every_test_folder_is_a_package_with_a_counterpart() -> None:
    folders = [path for path in TESTS.rglob("*") if path.is_dir() and any(path.glob("test_*.py"))]
    assert [path.name for path in folders if not (path / "__init__.py").is_file()] == []
    assert {path.name for path in folders if not (PACKAGE / path.relative_to(TESTS)).is_dir()} <= WHOLE


@pytest.mark.parametrize("name", list(TRANSFORMS))
def test_its_query_keeps_the_lints(name: str) -> None:
    item = TRANSFORMS[name]
    findings = lint(item.sql, f"{name}.sql", item.table.grain)
    assert [f"{name}.sql, line {finding.line}: {finding.message}" for finding in findings] == []


@pytest.mark.parametrize("name", list(TRANSFORMS))
def test_what_it_reads_is_declared(name: str) -> None:
    from crm_pipeline.pipeline import all_tables

    assert [upstream for upstream in TRANSFORMS[name].upstream if upstream not in all_tables()] == []
