"""`crm-pipeline export-tables`: tables of the copy for readers as Parquet or CSV files, whole or not at all."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from crm_pipeline.counting import counted
from crm_pipeline.errors import UserError
from crm_pipeline.pipeline import Pipeline
from crm_pipeline.report.page import chosen_snapshot
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
    ``snapshot``: only that part of them. UserError for unknown tables, ones asked for by name that are not published, a
    snapshot that is not published, or a folder that holds something else.
    """
    tables = _chosen(pipeline, names)
    if target.name in ("", ".."):
        hint = f"name one of its own, such as {target / 'export'}"
        raise UserError(f"{target}: the folder is replaced as a whole; {hint}")
    if target.exists() and not (target / MARKER).exists() and any(target.iterdir()):
        raise UserError(f"{target}: the folder holds something else than an earlier export; choose an empty or new one")
    with translated(target), open_published(pipeline.warehouse) as connection, _room_beside(target) as room:
        if snapshot is not None:
            chosen_snapshot(connection, snapshot)
        draft = room / "new"
        draft.mkdir()
        there = set(connection.execute("select schema_name, table_name from duckdb_tables()").fetchall())
        published = [table for table in tables if (table.stage, table.name) in there]
        if absent := [table.name for table in tables if names and table not in published]:
            raise UserError(
                f"{', '.join(absent)}: not published yet, so nothing was written; see `crm-pipeline status`"
            )
        rows = {table.name: _write(connection, table, draft, snapshot, kind) for table in published}
        (version,) = connection.execute("select max(version) from quality.table_versions").fetchall()[0]
        about = {"project": pipeline.project.name, "version": version, "rows": rows}
        (draft / MARKER).write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
        _replace(draft, target, room / "former")
    return rows


@contextmanager
def _room_beside(target: Path) -> Iterator[Path]:
    """A hidden folder of nobody else beside ``target``, gone at the end with all that is in it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    room = Path(tempfile.mkdtemp(prefix=".export-", dir=target.parent))
    try:
        yield room
    finally:
        shutil.rmtree(room, ignore_errors=True)


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


def _replace(draft: Path, target: Path, former: Path) -> None:
    """Put the draft in the target's place; between two renames a reader finds no folder, but never half of one."""
    if target.exists():
        target.rename(former)
    try:
        draft.rename(target)
    except OSError:
        if former.exists():
            former.rename(target)
        raise


def export_tables_command(
    pipeline: Pipeline, target: Path, names: Sequence[str], snapshot: date | None, kind: Format
) -> None:
    """Export and say what was written."""
    rows = export_tables(pipeline, target, names, snapshot, kind)
    click.echo(f"{target}: {counted(len(rows), 'table')}, {counted(sum(rows.values()), 'row')}")
    if empty := [name for name in dict.fromkeys(names) if not rows[name]]:
        click.echo(f"Without rows{f' at {snapshot}' if snapshot else ''}: {', '.join(empty)}")
