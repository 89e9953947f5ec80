"""`crm-pipeline export-tables`: tables of the copy for readers as Parquet or CSV files, whole or not at all."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from crm_pipeline.errors import UserError
from crm_pipeline.pipeline import Pipeline
from crm_pipeline.report.published_file import open_published
from crm_pipeline.warehouse.connection import translated
from crm_pipeline.yaml_lines import closest

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from crm_pipeline.contract.table import Table

MARKER = "_export.json"
Format = Literal["parquet", "csv"]


def export_tables(
    pipeline: Pipeline, target: Path, names: Sequence[str], snapshot: date | None, kind: Format
) -> dict[str, int]:
    """Write tables below ``target``, replacing an earlier export at once; returns the rows of each.

    A table by snapshots is a folder with a file per snapshot, which pandas, Spark and DuckDB read as one table.
    ``snapshot``: only that part of them. UserError for unknown tables or a folder that holds something else.
    """
    tables = _chosen(pipeline, names)
    if target.exists() and not (target / MARKER).exists() and any(target.iterdir()):
        raise UserError(f"{target}: the folder holds something else than an earlier export; choose an empty or new one")
    draft = target.with_name(target.name + ".new")
    with translated(target), open_published(pipeline.warehouse) as connection:
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        there = set(connection.execute("select schema_name, table_name from duckdb_tables()").fetchall())
        rows = {
            table.name: _write(connection, table, draft, snapshot, kind)
            for table in tables
            if (table.stage, table.name) in there
        }
        (version,) = connection.execute("select max(version) from quality.table_versions").fetchall()[0]
        about = {"project": pipeline.project.name, "version": version, "rows": rows}
        (draft / MARKER).write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
        _replace(draft, target)
    return rows


def _chosen(pipeline: Pipeline, names: Sequence[str]) -> list[Table]:
    known = {name: table for name, table in pipeline.tables.items() if not table.is_in_vault}
    for name in names:
        if name not in known:
            raise UserError(f"{name}: no such table{closest(name, known)}")
    return [known[name] for name in names or known]


def _write(connection: DuckDBPyConnection, table: Table, folder: Path, snapshot: date | None, kind: Format) -> int:
    """One table as a file, or as a folder with a file per part; returns its rows."""
    place, name, key = folder / table.stage, table.qualified_name, table.partition_column
    if key is None:
        return _copy(connection, f"select * from {name}", place / f"{table.name}.{kind}", kind)
    days = connection.execute(f"select distinct {key} from {name} order by {key}").fetchall()
    return sum(
        _copy(
            connection, f"select * from {name} where {key} = date '{day}'", place / table.name / f"{day}.{kind}", kind
        )
        for (day,) in days
        if snapshot is None or day == snapshot
    )


def _copy(connection: DuckDBPyConnection, query: str, path: Path, kind: Format) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    quoted = str(path).replace("'", "''")
    (row,) = connection.execute(f"copy ({query}) to '{quoted}' (format {kind})").fetchall()
    return int(row[0])


def _replace(draft: Path, target: Path) -> None:
    """Put the draft in the target's place; between two renames a reader finds no folder, but never half of one."""
    former = target.with_name(target.name + ".old")
    shutil.rmtree(former, ignore_errors=True)
    if target.exists():
        target.rename(former)
    draft.rename(target)
    shutil.rmtree(former, ignore_errors=True)


def export_tables_command(
    pipeline: Pipeline, target: Path, names: Sequence[str], snapshot: date | None, kind: Format
) -> None:
    """Export and say what was written."""
    rows = export_tables(pipeline, target, names, snapshot, kind)
    click.echo(f"{target}: {len(rows)} tables, {sum(rows.values()):,} rows")
