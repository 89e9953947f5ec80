"""Rows and columns that differ between two contents, by hand and by law."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import date

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_pipeline.contract.catalog import declared_transforms
from crm_pipeline.contract.table import Column, Table
from crm_pipeline.diff.contents import Contents, compare_rows
from crm_pipeline.warehouse.ledger import Version

TABLE = Table(
    name="things",
    description="",
    grain=("id",),
    columns=(
        Column("id", "integer", ""),
        Column("size", "integer", "", nullable=True),
        Column("name", "varchar", ""),
        Column("loaded_at", "integer", "", is_volatile=True),
    ),
    kind="replaced",
    partition_column=None,
    stage="cleaned",
)
BEFORE = "select * from (values (1, 10, 'a', 1), (2, null, 'b', 1), (3, 30, 'c', 1)) as t(id, size, name, loaded_at)"
AFTER = "select * from (values (2, 20, 'b', 9), (3, 31, 'd', 9), (4, 40, 'e', 9)) as t(id, size, name, loaded_at)"


def test_rows_and_columns_by_hand() -> None:
    """1 went, 4 came, 2 has a size now, 3 has another size and name; when they were loaded does not matter."""
    with duckdb.connect() as connection:
        found = compare_rows(connection, TABLE, BEFORE, AFTER)
    assert (found.added, found.removed, found.changed) == (1, 1, 2)
    assert found.columns == {"size": 2, "name": 1}


def test_a_table_that_is_all_grain() -> None:
    table = replace(TABLE, grain=("id", "size", "name"))
    with duckdb.connect() as connection:
        found = compare_rows(connection, table, BEFORE, BEFORE.replace("10, 'a'", "11, 'a'"))
    assert (found.added, found.removed, found.changed, found.columns) == (
        2,
        2,
        0,
        {},
    )  # a null in the grain is no equal


@given(
    st.dictionaries(st.integers(0, 9), st.integers(0, 3), max_size=9),
    st.dictionaries(st.integers(0, 9), st.integers(0, 3), max_size=9),
)
def test_rows_balance_and_swap(before: dict[int, int], after: dict[int, int]) -> None:
    def query(rows: dict[int, int]) -> str:
        given_rows = [f"select {key} as id, {size} as size, 'n' as name, 0 as loaded_at" for key, size in rows.items()]
        return " union all ".join(given_rows) or "select 0 as id, 0 as size, 'n' as name, 0 as loaded_at where false"

    with duckdb.connect() as connection:
        there = compare_rows(connection, TABLE, query(before), query(after))
        back = compare_rows(connection, TABLE, query(after), query(before))
    assert len(before) + there.added - there.removed == len(after)
    assert there.changed == sum(before[key] != after[key] for key in before.keys() & after.keys())
    assert (back.added, back.removed, back.changed) == (there.removed, there.added, there.changed)


def version(number: int, content: str) -> Version:
    return Version(number, content, {}, "code", 1)


def test_a_content_is_found_by_its_hash_in_whatever_file_holds_it() -> None:
    rfm, day = declared_transforms()["customer_rfm"].table, date(2024, 2, 1)
    held = {"published": {("customer_rfm", day): "new"}, "previous": {("customer_rfm", day): "old"}}
    with duckdb.connect() as connection:
        contents = Contents(connection, held)
        assert "previous." in str(contents.query(rfm, day, version(1, "old")))
        assert "published." in str(contents.query(rfm, day, version(2, "new")))
        assert contents.query(rfm, day, version(3, "older")) is None
        assert contents.query(rfm, date(2024, 3, 1), version(2, "new")) is None


@pytest.mark.parametrize(("number", "shown"), [(4, None), (5, "first"), (8, "first"), (9, "second"), (99, "second")])
def test_registries_keep_every_version(number: int, shown: str | None) -> None:
    """Entries 5 and 9 wrote rows; an entry between them found the same content again."""
    columns = (Column("id", "integer", ""), Column("day", "date", ""), Column("name", "varchar", ""))
    table = replace(TABLE, name="things_model", kind="append_only", partition_column="day", columns=columns)
    day = date(2024, 2, 1)
    with closing(duckdb.connect()) as connection:
        connection.execute("attach ':memory:' as live; create schema live.cleaned")
        connection.execute("create table live.cleaned.things_model (id int, day date, name varchar, table_version int)")
        connection.execute(
            "insert into live.cleaned.things_model values (1, '2024-02-01', 'first', 5), (1, '2024-02-01', 'second', 9)"
        )
        query = Contents(connection, {"live": {("things_model", day): "any"}}).query(table, day, version(number, "x"))
        assert (query and connection.execute(query).fetchall()) == (shown and [(1, day, shown)])
