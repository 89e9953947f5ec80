"""Older versions of a source's row: where a changed row is read again, only its newest version counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_pipeline.contract.table import Table
from crm_pipeline.warehouse.changes import ADDED, REMOVED
from crm_pipeline.warehouse.delta import count_rows

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NEWEST = "newest_versions"


def superseded_sql(table: str) -> str:
    """The statement that marks older versions of a source's row as duplicates, whatever their verdict was.

    A newer version says all that there is to say about its row, also when a rule rejects it.
    """
    return (
        f"update {table} as c set verdict = 'duplicate', rule = null from ("
        f"select source, source_key, max(source_version) as newest from {table} where source_key is not null "
        "group by source, source_key having min(source_version) < max(source_version)) as versions "
        "where c.source = versions.source and c.source_key = versions.source_key "
        "and c.source_version < versions.newest"
    )


def replace_versions(connection: DuckDBPyConnection, table: Table) -> bool:
    """Of the rows that a delta adds and the live ones of the same source rows, mark all but the newest versions.

    False when rows with versions go: what the older ones were before is no longer known.
    """
    if count_rows(connection, f"(from {REMOVED} where source_key is not null)"):
        return False
    if not count_rows(connection, f"(from {ADDED} where source_key is not null)"):
        return True
    find_newest_versions(connection, table, ADDED)
    names = ", ".join(f't."{name}"' for name in table.column_names)
    connection.execute(
        f"create or replace temporary table replaced_rows as select t.rowid as live_row, {names} "
        f"from {table.qualified_name} as t inner join {NEWEST} as v on t.source = v.source "
        "and t.source_key = v.source_key where t.source_version < v.newest and t.verdict <> 'duplicate'"
    )
    connection.execute(f"insert into {REMOVED} select * from replaced_rows")
    connection.execute(
        f"insert into {ADDED} select * exclude (live_row) replace ('duplicate' as verdict, null as rule) "
        "from replaced_rows"
    )
    connection.execute("drop table replaced_rows")
    mark_older_versions(connection, ADDED)
    return True


def find_newest_versions(connection: DuckDBPyConnection, table: Table, relation: str) -> None:
    """Make the temporary table of the newest version of each source row in ``relation``, over live and added rows."""
    rows = " union all ".join(
        f"select r.source, r.source_key, r.source_version from {place} as r "
        f"semi join (select distinct source, source_key from {relation} where source_key is not null) as g "
        "on r.source = g.source and r.source_key = g.source_key"
        for place in (table.qualified_name, ADDED)
    )
    connection.execute(
        f"create or replace temporary table {NEWEST} as "
        f"select source, source_key, max(source_version) as newest from ({rows}) group by source, source_key"
    )


def mark_older_versions(connection: DuckDBPyConnection, relation: str) -> None:
    """Mark the rows of a relation that have a newer version."""
    connection.execute(
        f"update {relation} as c set verdict = 'duplicate', rule = null from {NEWEST} as v "
        "where c.source = v.source and c.source_key = v.source_key and c.source_version < v.newest"
    )
    connection.execute(f"drop table {NEWEST}")
