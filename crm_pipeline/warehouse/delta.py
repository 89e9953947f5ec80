"""A delta: the rows of a live table that go and those that come, in two temporary tables, until they are applied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from crm_pipeline.contract.table import Table
from crm_pipeline.counting import said_of
from crm_pipeline.warehouse.audit import GRAIN, CheckResult, audit_rows
from crm_pipeline.warehouse.changes import ADDED, REMOVED

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

KEYS = "delta_keys"
"""The temporary table of the keys whose rows are computed again."""
LARGEST_SHARE = 0.2
"""Beyond this share of the table a full build is as quick."""
ALWAYS_SMALL = 10_000
"""Rows that count as few, however small the table."""


def is_small(rows: int, table_rows: int) -> bool:
    """Whether so many changed rows are few enough for a delta."""
    return rows <= max(ALWAYS_SMALL, LARGEST_SHARE * table_rows)


def create_delta(connection: DuckDBPyConnection, table: Table) -> None:
    """Two empty tables for a table's changes."""
    columns = ", ".join(f'"{column.name}" {column.type}' for column in table.columns)
    connection.execute(f"create or replace temporary table {REMOVED} (live_row bigint, {columns})")
    connection.execute(f"create or replace temporary table {ADDED} ({columns})")


def drop_delta(connection: DuckDBPyConnection) -> None:
    """Remove the temporary tables."""
    for name in (REMOVED, ADDED, KEYS):
        connection.execute(f"drop table if exists temp.{name}")


def count_rows(connection: DuckDBPyConnection, relation: str) -> int:
    """Rows of a relation."""
    row = connection.execute(f"select count(*) from {relation}").fetchone()
    return int(row[0]) if row else 0


def has_key(connection: DuckDBPyConnection, names: Sequence[str] | Mapping[str, str], alias: str) -> str:
    """The condition that joins ``alias`` to the keys ``k``: a missing value is a key like any other.

    Plain equality where no key is missing: the engine can then skip what lies outside the keys' range.
    ``names`` of the key's columns; a mapping says what they are called in ``alias``.
    """
    called = names if isinstance(names, Mapping) else {name: name for name in names}
    counts = ", ".join(f'count(*) - count("{name}")' for name in names)
    nulls = connection.execute(f"select {counts} from {KEYS}").fetchone() or ()
    return " and ".join(
        f'{alias}."{called[name]}" {"is not distinct from" if missing else "="} k."{name}"'
        for name, missing in zip(names, nulls, strict=True)
    )


def with_keys(connection: DuckDBPyConnection, query: str, names: Sequence[str] | Mapping[str, str]) -> str:
    """The rows of a query whose ``names`` are among the keys."""
    return f"select r.* from ({query}) as r semi join {KEYS} as k on {has_key(connection, names, 'r')}"


def take_live(connection: DuckDBPyConnection, table: Table, condition: str) -> None:
    """Add the live rows ``t`` that satisfy a condition to those that go."""
    names = ", ".join(f't."{name}"' for name in table.column_names)
    connection.execute(f"insert into {REMOVED} select t.rowid, {names} from {table.qualified_name} as t {condition}")


def rows_after_delta(table: Table) -> str:
    """The relation of the rows as they will be when the delta is applied."""
    names = ", ".join(f'"{name}"' for name in table.column_names)
    return (
        f"(select {names} from {table.qualified_name} as t where t.rowid not in (select live_row from {REMOVED}) "
        f"union all select {names} from {ADDED})"
    )


def drop_unchanged(connection: DuckDBPyConnection, table: Table) -> None:
    """Leave rows alone that would go and come again just as they are."""
    grain = " and ".join(f'a."{name}" = r."{name}"' for name in table.grain)
    rest = [name for name in table.column_names if name not in table.grain]
    same = " and ".join(f'a."{name}" is not distinct from r."{name}"' for name in rest) or "true"
    connection.execute(
        f"create or replace temporary table delta_same as select r.live_row, a.rowid as added_row "
        f"from {REMOVED} as r inner join {ADDED} as a on {grain} where {same}"
    )
    connection.execute(f"delete from {REMOVED} where live_row in (select live_row from delta_same)")
    connection.execute(f"delete from {ADDED} where rowid in (select added_row from delta_same)")
    connection.execute("drop table delta_same")


def audit_delta(connection: DuckDBPyConnection, table: Table) -> list[CheckResult]:
    """Judge the rows that come; their grain also against the live rows that stay, which were judged when they came."""
    results = audit_rows(connection, table, ADDED)
    if table.delta_key and set(table.delta_key) <= set(table.grain):
        return results  # every live row of the keys goes, so none can share a grain
    grain = " and ".join(f't."{name}" = a."{name}"' for name in table.grain)
    taken = count_rows(
        connection,
        f"(select t.rowid from {table.qualified_name} as t semi join {ADDED} as a on {grain} "
        f"where t.rowid not in (select live_row from {REMOVED}))",
    )
    if taken:
        name = f"unique({', '.join(table.grain)}) against the rows that stay"
        results.append(
            CheckResult(
                GRAIN, name, "critical", "failed", failing_rows=taken, expected="0",
                observed=f"{said_of(taken, 'row', 'shares', 'share')} a grain",
            )
        )  # fmt: skip
    return results


def apply_delta(connection: DuckDBPyConnection, table: Table) -> None:
    """Change the live table, inside the caller's transaction."""
    names = ", ".join(f'"{name}"' for name in table.column_names)
    order = ", ".join(f'"{name}"' for name in table.stored_order)
    if count_rows(connection, REMOVED):
        connection.execute(f"delete from {table.qualified_name} where rowid in (select live_row from {REMOVED})")
    connection.execute(f"insert into {table.qualified_name} ({names}) select {names} from {ADDED} order by {order}")
