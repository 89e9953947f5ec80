"""What a run wrote down about itself: `quality.table_versions` of the project's warehouse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

COLUMNS = ("table_name", "snapshot_date", "row_count", "seconds", "peak_memory_mb", "run_id")


def table_versions(project: Path) -> list[dict[str, Any]]:
    """Every table version in the ledger, slowest first; empty when no warehouse was written."""
    warehouse = project / "warehouse" / "crm.duckdb"
    if not warehouse.is_file():
        return []
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute(
            """select table_name, snapshot_date::varchar, row_count::bigint, seconds::double, peak_memory_mb::double,
                      run_id::varchar
               from quality.table_versions
               order by seconds desc nulls last, table_name, snapshot_date"""
        ).fetchall()
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows]
