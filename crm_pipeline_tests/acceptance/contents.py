"""What a warehouse holds: hashes that the ledger states, and hashes computed from the rows."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from crm_pipeline.contract.table import Table
from crm_pipeline.pipeline import all_tables
from crm_pipeline.warehouse.as_of import visible_rows
from crm_pipeline.warehouse.changes import SCHEMA as CHANGES
from crm_pipeline.warehouse.ledger import Ledger
from crm_pipeline.warehouse.row_hashes import content_hash, row_hash_columns

Hashes = dict[tuple[str, date | None], str]
FILES = ("crm.duckdb", "vault.duckdb")


def open_file(folder: Path, name: str = "crm.duckdb") -> duckdb.DuckDBPyConnection:
    """A file of the project's warehouse, for reading."""
    return duckdb.connect(str(folder / "warehouse" / name), read_only=True)


def query(folder: Path, sql: str, name: str = "crm.duckdb") -> list[tuple[Any, ...]]:
    """The rows of a query on one of the files."""
    with open_file(folder, name) as connection:
        return connection.execute(sql).fetchall()


def ledger_hashes(folder: Path, tables: Collection[str] | None = None) -> Hashes:
    """What both ledgers say: content hash per table and snapshot."""
    found: Hashes = {}
    for name in FILES:
        if (folder / "warehouse" / name).exists():
            with open_file(folder, name) as connection:
                for table, versions in Ledger(connection).current().items():
                    if tables is None or table in tables:
                        found |= {(table, part): version.content_hash for part, version in versions.items()}
    return found


def row_hashes(folder: Path) -> Hashes:
    """The same hashes, computed anew from the rows of the tables that the ledgers name."""
    found: Hashes = {}
    for name in FILES:
        if (folder / "warehouse" / name).exists():
            with open_file(folder, name) as connection:
                for table, versions in Ledger(connection).current().items():
                    found |= _hashes_of(connection, all_tables()[table], list(versions))
    return found


def _hashes_of(connection: duckdb.DuckDBPyConnection, table: Table, parts: list[date | None]) -> Hashes:
    part = f'"{table.partition_column}"' if table.is_partitioned else "cast(null as date)"
    rows = connection.execute(
        f"select {part} as part, {row_hash_columns(table)} "
        f"from ({visible_rows(table, table.qualified_name, None)}) group by part"
    ).fetchall()
    hashes = {part: content_hash(count, total, xor) for part, total, xor, count in rows}
    surplus = set(hashes) - set(parts)
    assert not surplus, f"{table.name} holds rows of {surplus}, which the ledger does not know"
    return {(table.name, key): hashes.get(key, content_hash(0, 0, 0)) for key in parts}


def as_of_hashes(folder: Path, day: date) -> Hashes:
    """Per event table the content hash of what was known before ``day``."""
    names = [name for name, table in all_tables().items() if table.is_event_table and not table.is_in_vault]
    with open_file(folder) as connection:
        return {(name, d): text for (name, d), text in Ledger(connection).as_of_hashes(names, [day]).items()}


def physical_tables(folder: Path, name: str) -> dict[str, tuple[object, ...]]:
    """Every table of a file, but what only the next delta needs: rows, a hash over them, and its description."""
    with open_file(folder, name) as connection:
        listed = connection.execute(
            "select schema_name, table_name, comment from duckdb_tables() "
            f"where not temporary and schema_name <> '{CHANGES}' order by all"
        ).fetchall()
        found: dict[str, tuple[object, ...]] = {}
        for schema, table, comment in listed:
            counted = connection.execute(
                f'select count(*), coalesce(sum(hash(t)::hugeint), 0) from "{schema}"."{table}" as t'
            ).fetchall()
            found[f"{schema}.{table}"] = (*counted[0], comment)
        return found


def candidates(folder: Path, name: str) -> list[str]:
    """Unpublished candidates that a file holds."""
    return [table for table in physical_tables(folder, name) if table.endswith("__candidate")]
