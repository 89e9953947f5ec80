"""The delta of a staged table: rows of file versions that went and came, and the verdicts that this changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crm_pipeline.contract.table import Table
from crm_pipeline.ingestion.entity import Entity
from crm_pipeline.ingestion.mapping import LoadedFile
from crm_pipeline.ingestion.repeated_keys import REPEATED, judge_repeated_keys
from crm_pipeline.ingestion.superseded import find_newest_versions, mark_older_versions
from crm_pipeline.ingestion.values import literal
from crm_pipeline.warehouse.changes import ADDED, REMOVED, SCHEMA
from crm_pipeline.warehouse.delta import KEYS, count_rows, has_key, is_small, take_live

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Files = Mapping[str, Sequence[LoadedFile]]
"""The files of each source."""
STAGED_FILES = f"{SCHEMA}.staged_files"
CLAIMED = f"(verdict in ('clean', 'duplicate') or rule = {literal(REPEATED)})"
"""Rows that are clean but for their key."""


@dataclass(frozen=True)
class FileChange:
    """Since a staged table was built: the files that went, as (source, file name), and those that came."""

    gone: tuple[tuple[str, str], ...]
    new: Files

    @property
    def new_rows(self) -> int:
        """Rows of the files that came."""
        return sum(file.row_count for files in self.new.values() for file in files)


def remember_files(connection: DuckDBPyConnection, table: Table, files: Files) -> None:
    """Write down of which file contents a staged table is made, in the transaction that publishes it."""
    connection.execute(f"create schema if not exists {SCHEMA}")
    connection.execute(
        f"create table if not exists {STAGED_FILES} "
        "(table_name varchar not null, source varchar not null, file_name varchar not null, copy varchar not null)"
    )
    connection.execute(f"delete from {STAGED_FILES} where table_name = ?", [table.name])
    rows = [(table.name, source, file.name, file.copy.stem) for source, found in files.items() for file in found]
    if rows:
        connection.executemany(f"insert into {STAGED_FILES} values (?, ?, ?, ?)", rows)


def remembered_files(connection: DuckDBPyConnection, table: Table) -> dict[str, dict[str, str]]:
    """Per source the name of each file and of its copy, as the table was last built."""
    there = connection.execute(
        "select count(*) from duckdb_tables() where schema_name = ? and table_name = 'staged_files' "
        "and database_name = current_database()",
        [SCHEMA],
    ).fetchone()
    found: dict[str, dict[str, str]] = {}
    if there and there[0]:
        sql = f"select source, file_name, copy from {STAGED_FILES} where table_name = ? order by all"
        for source, name, copy in connection.execute(sql, [table.name]).fetchall():
            found.setdefault(source, {})[name] = copy
    return found


def file_change(before: Mapping[str, Mapping[str, str]], now: Files) -> FileChange:
    """Compare the files that a table is made of with the current ones."""
    gone = []
    current = {(source, file.name): file.copy.stem for source, files in now.items() for file in files}
    for source, files in sorted(before.items()):
        gone += [(source, name) for name, copy in sorted(files.items()) if current.get((source, name)) != copy]
    new = {
        source: [file for file in files if before.get(source, {}).get(file.name) != file.copy.stem]
        for source, files in now.items()
    }
    return FileChange(tuple(gone), new)


def take_files(connection: DuckDBPyConnection, table: Table, gone: Sequence[tuple[str, str]]) -> None:
    """The live rows of these files go."""
    for source, name in gone:
        take_live(connection, table, f"where t.source = {literal(source)} and t.file_name = {literal(name)}")


def take_lines_of_orders(
    connection: DuckDBPyConnection, table: Table, sources: Sequence[str], changed_orders: str
) -> dict[str, list[str]]:
    """The live lines of joined sources whose order changed go; returns their files per source.

    They stay in the temporary table `stale_lines` (source, file_name, position), to be read again.
    """
    joined = ", ".join(literal(name) for name in sources)
    connection.execute(
        f"create or replace temporary table changed_orders as select distinct order_id from ({changed_orders})"
    )
    connection.execute(
        f"create or replace temporary table stale_lines as select t.rowid as live_row, source, file_name, position "
        f"from {table.qualified_name} as t semi join changed_orders as o on t.order_id = o.order_id "
        f"where source in ({joined}) and t.rowid not in (select live_row from {REMOVED})"
    )
    connection.execute("drop table changed_orders")
    take_live(connection, table, "where t.rowid in (select live_row from stale_lines)")
    found: dict[str, list[str]] = {}
    for source, name in connection.execute(
        "select distinct source, file_name from stale_lines order by all"
    ).fetchall():
        found.setdefault(source, []).append(name)
    return found


def judge_touched_keys(connection: DuckDBPyConnection, entity: Entity, table: Table, table_rows: int) -> bool:
    """Judge keys again that occur in rows that go or come, over all their rows; False when those are many.

    Live rows with such a key go and come again as clean, so that the rules for repeated keys see all rows of the key,
    as in a full build; those whose verdict stays the same are left alone in the end.
    """
    names = [name for name in entity.key if name in table.column_names]
    key = ", ".join(f'"{name}"' for name in names)
    connection.execute(
        f"create or replace temporary table {KEYS} as select distinct {key} from ("
        f"select {key} from {ADDED} where verdict = 'clean' union all select {key} from {REMOVED} where {CLAIMED})"
    )
    columns = ", ".join(f'"{name}"' for name in table.column_names)
    live = ", ".join(f't."{name}"' for name in table.column_names)
    connection.execute(
        f"create or replace temporary table rejudged as select t.rowid as live_row, {live} "
        f"from {table.qualified_name} as t semi join {KEYS} as k on {has_key(connection, names, 't')} "
        f"where {CLAIMED} and t.rowid not in (select live_row from {REMOVED})"
    )
    if not is_small(count_rows(connection, "rejudged"), table_rows):
        return False
    find_newest_versions(connection, table, "rejudged")
    connection.execute(f"insert into {REMOVED} select * from rejudged")
    connection.execute(
        f"insert into {ADDED} select * replace ('clean' as verdict, null as rule) from (select {columns} from rejudged)"
    )
    connection.execute("drop table rejudged")
    mark_older_versions(connection, ADDED)
    judge_repeated_keys(connection, entity, ADDED)
    return True
