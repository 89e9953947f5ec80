"""Append-only tables of a former contract keep their history, or nothing is changed and it is said why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pytest

from crm_pipeline.contract import columns
from crm_pipeline.contract.table import Column, Table
from crm_pipeline.errors import CrmError
from crm_pipeline.warehouse.ledger import Ledger
from crm_pipeline.warehouse.migrations import migrate
from crm_pipeline.warehouse.row_hashes import hash_rows

OLD = Table(
    name="registry",
    description="A registry.",
    grain=("snapshot_date", "candidate"),
    columns=(
        columns.SNAPSHOT_DATE,
        Column("candidate", "varchar", "Its name."),
        Column("score", "double", "Its score.", nullable=True),
        Column("note", "varchar", "A note.", nullable=True),
    ),
    kind="append_only",
    stage="churn",
)
JANUARY, FEBRUARY = date(2024, 1, 1), date(2024, 2, 1)


def contract(*changed: Column, without: tuple[str, ...] = ()) -> Table:
    """The contract with columns changed or added, and without others."""
    names = {column.name for column in changed} | {column.formerly for column in changed} | set(without)
    return replace(OLD, columns=(*(column for column in OLD.columns if column.name not in names), *changed))


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """A registry with two snapshots, one of them in two versions."""
    with duckdb.connect(":memory:") as found:
        found.execute("create schema churn")
        found.execute(
            "create table churn.registry (snapshot_date date, candidate varchar, score double, note varchar, "
            "table_version bigint)"
        )
        found.execute(
            "insert into churn.registry values ('2024-01-01', 'tree', 1, 'a', 1), ('2024-01-01', 'tree', 2, 'b', 3), "
            "('2024-02-01', 'rule', null, null, 2)"
        )
        ledger = Ledger(found)
        ledger.create()
        for version, part in ((1, JANUARY), (2, FEBRUARY), (3, JANUARY)):
            ledger.append(version, "registry", part, f"content {version}", {"orders": "1"}, "code", 1, "run", 0, 0)
        yield found


def migrated(connection: duckdb.DuckDBPyConnection, folder: Path, table: Table) -> list[tuple[object, ...]]:
    """The rows after the migration, in order of version."""
    assert migrate(folder, connection, Ledger(connection), table, "run 2") is not None
    return connection.execute("select * exclude (snapshot_date) from churn.registry order by table_version").fetchall()


def test_a_new_column_is_filled_and_every_version_is_kept(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    table = contract(
        Column("format", "varchar", "New.", fill="'json'"), Column("trials", "integer", "New too.", nullable=True)
    )
    assert migrated(connection, tmp_path, table) == [
        ("tree", 1.0, "a", "json", None, 1),
        ("rule", None, None, "json", None, 2),
        ("tree", 2.0, "b", "json", None, 3),
    ]
    (backup,) = (tmp_path / "backups").iterdir()
    before = "select candidate, score, note, table_version from"
    assert connection.execute(f"{before} read_parquet('{backup}') order by 4").fetchall() == [
        ("tree", 1.0, "a", 1),
        ("rule", None, None, 2),
        ("tree", 2.0, "b", 3),
    ]
    noted = connection.execute("select column_name, change, backup, run_id from quality.migrations").fetchall()
    assert noted == [("format", "added", backup.name, "run 2"), ("trials", "added", backup.name, "run 2")]
    assert migrate(tmp_path, connection, Ledger(connection), table, "run 3") is None, "it has its shape now"


def test_the_ledger_states_the_rows_as_they_are_now(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    table = contract(Column("format", "varchar", "New.", fill="'json'"))
    migrated(connection, tmp_path, table)
    current = Ledger(connection).current()["registry"]
    newest = "(select * from churn.registry where table_version = 3)"
    assert current[JANUARY].content_hash == hash_rows(connection, table, newest).content_hash
    assert (current[JANUARY].version, current[FEBRUARY].version, current[JANUARY].code_hash) == (4, 5, "code")


def test_a_column_is_renamed_retyped_or_goes(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    table = contract(
        Column("points", "integer", "Its score.", nullable=True, formerly="score"), without=("note", "score")
    )
    assert migrated(connection, tmp_path, table) == [("tree", 1, 1), ("rule", None, 2), ("tree", 2, 3)]
    noted = connection.execute("select column_name, change, type_before, type_after from quality.migrations").fetchall()
    assert noted == [
        ("points", "renamed from score", "DOUBLE", "integer"),
        ("points", "retyped", "DOUBLE", "integer"),
        ("note", "removed", "VARCHAR", None),
    ]


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (contract(Column("format", "varchar", "New.")), "registry: the column format is new and must not be missing"),
        (contract(Column("note", "integer", "Typed.", nullable=True)), "2 values of the column note cannot become"),
        (contract(Column("score", "decimal(2, 1)", "Typed.", nullable=True)), "1 values of the column score cannot"),
    ],
)
def test_what_would_lose_or_invent_a_value_is_refused(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, table: Table, says: str
) -> None:
    connection.execute("update churn.registry set score = 1.25 where table_version = 1")
    before = connection.execute("select * from churn.registry order by rowid").fetchall()
    with pytest.raises(CrmError, match=says):
        migrate(tmp_path, connection, Ledger(connection), table, "run 2")
    assert connection.execute("select * from churn.registry order by rowid").fetchall() == before
    assert not (tmp_path / "backups").exists()


def test_an_older_version_of_the_code_does_not_take_a_column_away(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    migrated(connection, tmp_path, contract(Column("format", "varchar", "New.", fill="'json'")))
    with pytest.raises(CrmError, match="format was added by a newer version of the code"):
        migrate(tmp_path, connection, Ledger(connection), OLD, "run 3")


def test_a_column_that_a_migration_made_is_dropped_where_the_contract_says_so(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    extra = Column("extra", "varchar", "New.", fill="'x'")
    migrated(connection, tmp_path, contract(extra, Column("points", "double", "A score.", True, formerly="score")))
    third = contract(without=("score",))
    with pytest.raises(CrmError, match=r"extra was added by a newer version .* \(`dropped` with extra\)"):
        migrate(tmp_path, connection, Ledger(connection), third, "run 3")
    assert migrated(connection, tmp_path, replace(third, dropped=("extra", "points"))) == [
        ("tree", "a", 1),
        ("rule", None, 2),
        ("tree", "b", 3),
    ]
    with pytest.raises(CrmError, match="points was removed by a newer version"):
        again = contract(Column("points", "double", "A score.", nullable=True), without=("score",))
        migrate(tmp_path, connection, Ledger(connection), again, "run 4")
    with pytest.raises(ValueError, match="note is declared and dropped"):
        replace(OLD, dropped=("note",))


def test_an_older_version_of_the_code_does_not_retype_a_column_back(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    migrated(connection, tmp_path, contract(Column("score", "integer", "Its score.", nullable=True)))
    migrated(connection, tmp_path, contract(Column("score", "varchar", "Its score.", nullable=True)))
    older = contract(Column("score", "integer", "Its score.", nullable=True))
    for table in (OLD, older):
        with pytest.raises(CrmError, match=r"the column score was retyped from (double|integer) by a newer version"):
            migrate(tmp_path, connection, Ledger(connection), table, "run 3")
    meant = contract(Column("score", "double", "Its score.", nullable=True, retyped_from="varchar"))
    migrated(connection, tmp_path, meant)
    assert connection.execute("select score from churn.registry order by table_version").fetchall() == [
        (1.0,),
        (None,),
        (2.0,),
    ]


def test_a_migration_that_fails_half_way_changes_nothing(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = connection.execute("select * from churn.registry order by rowid").fetchall()

    def fail(*given: object) -> None:
        raise RuntimeError("cut off")

    monkeypatch.setattr("crm_pipeline.warehouse.migrations._note_hashes", fail)
    with pytest.raises(RuntimeError, match="cut off"):
        migrate(tmp_path, connection, Ledger(connection), contract(without=("note",)), "run 2")
    assert connection.execute("select * from churn.registry order by rowid").fetchall() == before
    assert Ledger(connection).current()["registry"][JANUARY].version == 3


def test_other_tables_are_left_to_be_built_anew(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    table = replace(contract(without=("note",)), kind="snapshot")
    assert migrate(tmp_path, connection, Ledger(connection), table, "run 2") is None
