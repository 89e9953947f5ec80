"""A warehouse in memory whose ledger a test fills by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import duckdb

from crm_pipeline.contract.catalog import declared_transforms
from crm_pipeline.warehouse.ledger import Ledger
from crm_pipeline_tests.kit import Rows, fill_table, memory_warehouse

BUILT_AT = datetime(2024, 3, 1, 4)


def ledger_warehouse(**tables: Rows) -> duckdb.DuckDBPyConnection:
    """An empty ledger, and tables of stage `quality` with the given rows."""
    connection = memory_warehouse()
    Ledger(connection).create()
    for name, rows in tables.items():
        fill_table(connection, declared_transforms()[name].table, rows)
    return connection


def add_version(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    part: str | None,
    rows: int,
    *,
    nulls: Sequence[float] = (0.0,),
    checks: Sequence[tuple[str, str, int | None]] = (),
    run_id: str = "run-1",
    code: str = "code",
) -> int:
    """One version of a table part: null shares of its columns, and checks as (name, status, failing rows)."""
    version = Ledger(connection).next_version()
    day = date.fromisoformat(part) if part else None
    connection.execute(
        "insert into quality.table_versions values (?, ?, ?, 'content', '{}', ?, ?, ?, ?, 0, 0)",
        [version, table, day, code, rows, run_id, BUILT_AT],
    )
    for number, share in enumerate(nulls):
        connection.execute(
            "insert into quality.table_profiles values (?, ?, ?, ?, ?, ?, 0, 0, 0, 0)",
            [table, day, version, f"column_{number}", rows, share],
        )
    for name, status, failing in checks:
        connection.execute(
            "insert into quality.check_results values (?, ?, ?, 'warning', ?, 'seen', 'wanted', ?, ?, ?)",
            [table, day, name, status, failing, run_id, BUILT_AT],
        )
    return version
