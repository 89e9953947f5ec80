"""Puts a candidate in its table's place, and writes down what was measured and judged, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from crm_pipeline.contract.table import Table
from crm_pipeline.quality.profile import ColumnProfile
from crm_pipeline.warehouse.audit import CheckResult
from crm_pipeline.warehouse.candidate import Part, candidate_name
from crm_pipeline.warehouse.connection import transaction
from crm_pipeline.warehouse.ledger import Ledger, Version

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def retire(
    ledger: Ledger, table: Table, versions: Mapping[Part, Version], built: Sequence[Part], run_id: str
) -> Mapping[Part, Version]:
    """Drop a table that an earlier version of the contract built, with the parts that are not renewed now.

    They are stale in any case; readers keep them in their copy until all are built again.
    """
    ledger.connection.execute(f"drop table if exists {table.qualified_name}")
    for part in versions:
        if part not in built:
            ledger.remove(table.name, part, run_id)
    return {}


def swap(
    connection: DuckDBPyConnection,
    table: Table,
    parts: Sequence[Part],
    hashes: Mapping[Part, str],
    versions: Mapping[Part, Version],
    version: int,
) -> None:
    """Make the candidate's rows the table's (of ``parts``); ``version`` is the ledger's number of the first part."""
    candidate = candidate_name(table)
    if not table.is_partitioned:
        connection.execute(f"drop table if exists {table.qualified_name}")
        connection.execute(f'alter table {candidate} rename to "{table.name}"')
        comment_table(connection, table)
        return
    columns = ", ".join(f'"{column.name}" {column.type}' for column in table.columns)
    technical = ", table_version bigint" if table.kind == "append_only" else ""
    connection.execute(f"create table if not exists {table.qualified_name} ({columns}{technical})")
    comment_table(connection, table)
    names = ", ".join(f'"{name}"' for name in table.column_names)
    key = f'"{table.partition_column}"'
    if table.kind == "append_only":
        for offset, part in enumerate(parts):
            if part in versions and versions[part].content_hash == hashes[part]:
                continue
            connection.execute(
                f"insert into {table.qualified_name} ({names}, table_version) "
                f"select {names}, {version + offset} from {candidate} where {key} = ?",
                [part],
            )
    else:
        connection.execute(
            f"delete from {table.qualified_name} where list_contains($parts::date[], {key})", {"parts": list(parts)}
        )
        connection.execute(f"insert into {table.qualified_name} ({names}) select {names} from {candidate}")
    connection.execute(f"drop table {candidate}")


def comment_table(connection: DuckDBPyConnection, table: Table) -> None:
    """Descriptions travel with the file, so that BI tools show them."""
    connection.execute(f"comment on table {table.qualified_name} is '{_escape(table.description)}'")
    for column in table.columns:
        connection.execute(
            f"comment on column {table.qualified_name}.\"{column.name}\" is '{_escape(column.description)}'"
        )


def _escape(text: str) -> str:
    return text.replace("'", "''")


def insert_profiles(
    connection: DuckDBPyConnection, table: Table, profiles: Sequence[ColumnProfile], version: int
) -> None:
    """Append a table's profile to ``quality.table_profiles``."""
    rows = [
        (
            table.name,
            p.part,
            version,
            p.column,
            p.row_count,
            p.null_share,
            p.distinct_count,
            p.minimum,
            p.maximum,
            p.mean,
        )
        for p in profiles
    ]
    insert_rows(connection, "quality.table_profiles", rows)


def insert_results(connection: DuckDBPyConnection, table: Table, results: Sequence[CheckResult], run_id: str) -> None:
    """Append what was judged to ``quality.check_results``."""
    now = datetime.now(UTC).replace(tzinfo=None)
    rows = [
        (
            table.name,
            r.part,
            f"{r.check}: {r.name}",
            r.severity,
            r.status,
            r.observed,
            r.expected,
            r.failing_rows,
            run_id,
            now,
        )
        for r in results
    ]
    insert_rows(connection, "quality.check_results", rows)


def record_results(connection: DuckDBPyConnection, table: Table, results: Sequence[CheckResult], run_id: str) -> None:
    """Write down the results of a candidate that is not published, in a transaction of their own."""
    with transaction(connection):
        insert_results(connection, table, results, run_id)


def insert_rows(connection: DuckDBPyConnection, target: str, rows: Sequence[tuple[object, ...]]) -> None:
    """Insert many small rows at once (row by row takes a hundred times longer)."""
    import pyarrow as pa

    if rows:
        frame = pa.table({f"c{index}": list(values) for index, values in enumerate(zip(*rows, strict=True))})
        connection.register("new_rows", frame)
        connection.execute(f"insert into {target} select * from new_rows")
        connection.unregister("new_rows")
