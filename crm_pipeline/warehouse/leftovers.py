"""Removes what a killed run left: candidates that were never published, and drafts of files."""

from __future__ import annotations

from crm_pipeline.warehouse.candidate import CANDIDATE
from crm_pipeline.warehouse.connection import Database, Warehouse

DRAFTS = ("*.new.duckdb*", "*.compact.duckdb*", "raw/*.new", "raw/*.all", "data_docs/*.new")


def remove_leftovers(warehouse: Warehouse) -> list[str]:
    """Drop every candidate of both files, delete drafts; returns their names. The caller holds the one-writer lock."""
    removed: list[str] = []
    for pattern in DRAFTS:
        for path in sorted(warehouse.folder.glob(pattern)):
            path.unlink()
            removed.append(path.name)
    databases: tuple[Database, ...] = ("live", "vault")
    for database in databases:
        if not (warehouse.live if database == "live" else warehouse.vault).exists():
            continue
        with warehouse.connect(database) as connection:
            found = connection.execute(
                "select schema_name, table_name from duckdb_tables() where ends_with(table_name, ?) "
                "and database_name = current_database() order by all",
                [CANDIDATE],
            ).fetchall()
            for schema, name in found:
                connection.execute(f'drop table "{schema}"."{name}"')
                removed.append(name)
    return removed
