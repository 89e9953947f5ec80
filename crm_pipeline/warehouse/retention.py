"""Which snapshots are kept: monthly ones for good, weekly and daily ones for 35 days."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta

from crm_pipeline.contract.table import Table
from crm_pipeline.schedule import SnapshotGrid
from crm_pipeline.warehouse.connection import Warehouse, transaction
from crm_pipeline.warehouse.ledger import Ledger

KEPT_DAYS = 35


def expired(grid: SnapshotGrid, known: Collection[date], today: date) -> list[date]:
    """Snapshots to remove: of a weekly or daily series those older than 35 days, but the first of each month."""
    if grid.every not in ("week", "day"):
        return []
    first_of_month: dict[tuple[int, int], date] = {}
    for day in sorted(known):
        first_of_month.setdefault((day.year, day.month), day)
    limit = today - timedelta(days=KEPT_DAYS)
    return [day for day in sorted(known) if day < limit and first_of_month[day.year, day.month] != day]


def remove_expired(
    warehouse: Warehouse, tables: Collection[Table], grid: SnapshotGrid, today: date, run_id: str
) -> list[date]:
    """Delete expired snapshots of snapshot tables, and write into the ledger that they are gone."""
    removed: set[date] = set()
    with warehouse.connect() as connection:
        ledger = Ledger(connection)
        current = ledger.current()
        with transaction(connection):
            for table in tables:
                if table.kind != "snapshot" or table.name not in current:
                    continue
                known = [part for part in current[table.name] if part is not None]
                for day in expired(grid, known, today):
                    connection.execute(
                        f'delete from {table.qualified_name} where "{table.partition_column}" = ?', [day]
                    )
                    ledger.remove(table.name, day, run_id, is_expired=True)
                    removed.add(day)
    return sorted(removed)
