"""The change log: which rows went and came between two versions of a table, so that its readers can follow by deltas.

``delta.<table>`` holds the rows, ``quality.table_changes`` says from which content to which each entry leads. Both are
written in the transaction that changes the table; a full build drops them, for it says nothing about single rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from crm_pipeline.contract.table import Table

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SCHEMA = "delta"
"""Schema of what only the next delta needs; readers' copies do not have it."""
KEPT_ENTRIES = 7
REMOVED, ADDED = "delta_removed", "delta_added"
"""Temporary tables of the rows that go (with the live table's row number, ``live_row``) and of those that come."""


@dataclass(frozen=True)
class ChangeEntry:
    """One step of a table from one content to the next."""

    version: int
    from_hash: str
    to_hash: str
    row_count: int

    def hashed(self, as_input: Callable[[str], str]) -> ChangeEntry:
        """The same step between contents as readers write them down."""
        return replace(self, from_hash=as_input(self.from_hash), to_hash=as_input(self.to_hash))


def log_name(table: Table, database: str | None = None) -> str:
    """Where the changed rows of a table are kept."""
    return f'{f"{database}." if database else ""}{SCHEMA}."{table.name}"'


def log_changes(connection: DuckDBPyConnection, table: Table, version: int, from_hash: str, to_hash: str) -> None:
    """Append the rows of the delta at hand; entries that are too old to be followed are dropped."""
    columns = ", ".join(f'"{column.name}" {column.type}' for column in table.columns)
    names = ", ".join(f'"{name}"' for name in table.column_names)
    connection.execute(f"create schema if not exists {SCHEMA}")
    connection.execute(f"create table if not exists {log_name(table)} (version bigint, is_added boolean, {columns})")
    connection.execute(
        f"insert into {log_name(table)} select {version}, false, {names} from {REMOVED} "
        f"union all select {version}, true, {names} from {ADDED}"
    )
    connection.execute(
        f"insert into quality.table_changes select ?, ?, ?, ?, count(*) from {log_name(table)} where version = ?",
        [table.name, version, from_hash, to_hash, version],
    )
    old = [entry.version for entry in entries(connection, table)][:-KEPT_ENTRIES]
    if old:
        connection.execute(f"delete from {log_name(table)} where version <= ?", [old[-1]])
        connection.execute(
            "delete from quality.table_changes where table_name = ? and version <= ?", [table.name, old[-1]]
        )


def forget_changes(connection: DuckDBPyConnection, table: Table) -> None:
    """Drop the log of a table that was built whole: its readers are built whole as well."""
    connection.execute(f"drop table if exists {log_name(table)}")
    connection.execute("delete from quality.table_changes where table_name = ?", [table.name])


def entries(connection: DuckDBPyConnection, table: Table, database: str | None = None) -> list[ChangeEntry]:
    """The entries of a table's log, oldest first; none when nothing was logged."""
    there = connection.execute(
        "select count(*) from duckdb_tables() where schema_name = 'quality' and table_name = 'table_changes' "
        "and database_name = coalesce(?, current_database())",
        [database],
    ).fetchone()
    if not there or not there[0]:
        return []
    rows = connection.execute(
        f"select version, from_hash, to_hash, row_count from {f'{database}.' if database else ''}quality.table_changes "
        "where table_name = ? order by version",
        [table.name],
    ).fetchall()
    return [ChangeEntry(*row) for row in rows]


def following(found: list[ChangeEntry], from_hash: str, to_hash: str) -> list[ChangeEntry] | None:
    """The entries that lead from one content to another; None when the log has a gap or does not reach back so far.

    Where a content stood more than once, the earliest time counts: keys that are computed again in vain do no harm.
    """
    start = next((index for index, entry in enumerate(found) if entry.from_hash == from_hash), None)
    if start is None or found[-1].to_hash != to_hash:
        return None
    chosen = found[start:]
    if any(later.from_hash != earlier.to_hash for earlier, later in pairwise(chosen)):
        return None
    return chosen
