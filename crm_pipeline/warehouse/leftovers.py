"""Removes what a killed run left: candidates that were never published, and drafts of files."""

from __future__ import annotations

import glob
from pathlib import Path

from crm_pipeline.warehouse.candidate import CANDIDATE
from crm_pipeline.warehouse.connection import Database, Warehouse
from crm_pipeline.warehouse.write_aside import DRAFTS, is_abandoned

LOCKED_DRAFTS = ("*.new.duckdb*", "*.compact.duckdb*", "raw/*.new", "raw/*.all", "data_docs/*.new", "reports/*.new")
"""Only the holder of the one-writer lock writes them."""
OTHER_DRAFTS = (DRAFTS, f"reports/{DRAFTS}", f"backups/{DRAFTS}", f"audiences/**/{DRAFTS}")
"""Others write them as well, so a draft may be at work."""


def remove_leftovers(warehouse: Warehouse) -> list[str]:
    """Drop every candidate of both files, delete drafts; returns their names. The caller holds the one-writer lock."""
    removed: list[str] = []
    drafts = [path for pattern in LOCKED_DRAFTS for path in sorted(warehouse.folder.glob(pattern))]
    for path in [*drafts, *_abandoned(warehouse)]:
        path.unlink(missing_ok=True)
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


def _abandoned(warehouse: Warehouse) -> list[Path]:
    """Drafts below the warehouse, and beside audiences with a `path` of their own, that nobody writes any more."""
    found = {path for pattern in OTHER_DRAFTS for path in warehouse.folder.glob(pattern)}
    for name, audience in warehouse.project.audiences.items():
        if audience.path is not None:
            filled = warehouse.project.folder / Path(audience.filled_path(name, "{snapshot}")).expanduser()
            draft = filled.with_name(f".{filled.name}{DRAFTS[1:].replace('*', '{any}')}")
            pattern = glob.escape(str(draft)).replace("{snapshot}", "*").replace("{any}", "*")
            found |= {Path(path) for path in glob.glob(pattern)}
    return sorted(path for path in found if is_abandoned(path))
