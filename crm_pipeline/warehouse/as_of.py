"""As-of views: while a table is built for D, every upstream name shows only what was known before D.

A temporary view shadows an unqualified table name; no SQL file can peek, and none has to remember not to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING

from crm_pipeline.contract.table import Table
from crm_pipeline.errors import CrmError
from crm_pipeline.warehouse.same_customers import shows_customers, with_customers

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def check_visible(reader: Table, upstream: Table) -> None:
    """CrmError when a snapshot table reads a table whose rows do not say when they were known."""
    if reader.is_partitioned and not (upstream.is_partitioned or upstream.is_event_table or upstream.about_loads):
        raise CrmError(
            f"{reader.name} is built as of a snapshot date but reads {upstream.name}, "
            f"whose rows do not say when they were known; give {upstream.name} a known_at column "
            "or partition it by snapshot date"
        )


def visible_rows(table: Table, location: str, snapshot_date: date | None, *, before: bool = False) -> str:
    """The query that shows a table as of a date (None: all of it); ``before`` leaves out the date's own part."""
    names = ", ".join(f'"{name}"' for name in table.column_names)
    conditions = []
    if table.is_partitioned and snapshot_date is not None:
        conditions.append(f"\"{table.partition_column}\" {'<' if before else '<='} date '{snapshot_date}'")
    elif table.is_event_table and snapshot_date is not None:
        conditions.append(f"known_at < timestamp '{snapshot_date} 00:00:00'")
    if table.kind == "append_only":
        parts = f'select "{table.partition_column}", max(table_version) from {location} group by all'
        conditions.append(f'("{table.partition_column}", table_version) in ({parts})')
    where = f" where {' and '.join(conditions)}" if conditions else ""
    return f"select {names} from {location}{where}"


def location_of(table: Table, main: str) -> str:
    """Where a table is found on a connection whose main database is ``main`` (``live`` or ``vault``)."""
    home = "vault" if table.is_in_vault else "live"
    return table.qualified_name if home == main else f"{home}.{table.qualified_name}"


def is_there(connection: DuckDBPyConnection, table: Table, location: str) -> bool:
    """Whether the table was built yet."""
    database = location.split(".")[0] if location.count(".") == 2 else None
    sql = (
        "select count(*) from duckdb_tables() where schema_name = ? and table_name = ? "
        "and database_name = coalesce(?, current_database())"
    )
    row = connection.execute(sql, [table.stage, table.name, database]).fetchone()
    return bool(row and row[0])


def empty_rows(table: Table) -> str:
    """A query with the table's typed columns and no rows."""
    columns = ", ".join(f'cast(null as {column.type}) as "{column.name}"' for column in table.columns)
    return f"select {columns} where false"


def has_its_columns(connection: DuckDBPyConnection, table: Table, location: str) -> bool:
    """Whether the stored table has the contract's columns: an earlier version of the contract may have built it."""
    database = location.split(".")[0] if location.count(".") == 2 else None
    sql = (
        "select column_name, data_type from duckdb_columns() where schema_name = ? and table_name = ? "
        "and database_name = coalesce(?, current_database()) and column_name <> 'table_version'"
    )
    stored = connection.execute(sql, [table.stage, table.name, database]).fetchall()
    declared = connection.execute(f"describe {empty_rows(table)}").fetchall()
    return dict(stored) == {row[0]: row[1] for row in declared}


@contextmanager
def as_of_views(
    connection: DuckDBPyConnection,
    reader: Table,
    upstream: Mapping[str, Table],
    snapshot_date: date | None,
    main: str = "live",
    own_rows: str | None = None,
    restrict: Callable[[Table, str], str] = lambda table, query: query,
) -> Iterator[None]:
    """Shadow every upstream name by its as-of view for the time of the block.

    ``own_rows`` is the query that a table sees of itself (its earlier parts); tables not built yet are empty and typed.
    ``restrict`` turns the query of an upstream table into one that shows fewer rows.
    """
    created = []
    try:
        for name, table in upstream.items():
            check_visible(reader, table) if name != reader.name else None
            location = location_of(table, main)
            if name == reader.name:
                query = own_rows or empty_rows(table)
            elif is_there(connection, table, location):
                if not has_its_columns(connection, table, location):
                    raise CrmError(
                        f"{reader.name} reads {name}, which an earlier version of the code built with other columns; "
                        f"build it first: crm-pipeline run --select +{reader.name}"
                    )
                query = visible_rows(table, location, snapshot_date if reader.is_partitioned else None)
                if shows_customers(reader, table):
                    query = with_customers(connection, table, query)
                query = restrict(table, query)
            else:
                query = empty_rows(table)
            connection.execute(f'create or replace temporary view "{name}" as {query}')
            created.append(name)
        yield
    finally:
        for name in created:
            connection.execute(f'drop view if exists temp."{name}"')


def qualified_from(connection: DuckDBPyConnection, table: Table) -> str | None:
    """Where a table of the live file is found on this connection, or None when it is not built yet."""
    row = connection.execute("select count(*) from duckdb_databases() where database_name = 'live'").fetchone()
    location = location_of(table, "vault" if row and row[0] else "live")
    return location if is_there(connection, table, location) else None
