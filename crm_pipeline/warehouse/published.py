"""The copy for readers: renewed at once, and only when nothing it holds is stale."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from crm_pipeline.contract.table import Table
from crm_pipeline.warehouse.changes import SCHEMA as CHANGES
from crm_pipeline.warehouse.connection import Warehouse, transaction, translated
from crm_pipeline.warehouse.reader_views import create_views

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LARGEST_FREE_SHARE = 0.5
READERS_STORAGE = "v1.4.0"
"""The oldest DuckDB that reads the copy: BI tools and the command line lag behind the live file's version."""


def newest_version(warehouse: Warehouse, path_is_published: bool = False) -> int:
    """The newest ledger entry of the live file or of the published copy; 0 when there is none."""
    path = warehouse.published if path_is_published else warehouse.live
    if not path.exists():
        return 0
    with translated(path), duckdb.connect(str(path), read_only=True) as connection:
        there = connection.execute(
            "select count(*) from duckdb_tables() where table_name = 'table_versions'"
        ).fetchone()
        if not there or not there[0]:
            return 0
        row = connection.execute("select coalesce(max(version), 0) from quality.table_versions").fetchone()
    return int(row[0]) if row else 0


def is_published(warehouse: Warehouse) -> bool:
    """Whether readers see the live file's newest state."""
    return warehouse.published.exists() and newest_version(warehouse) == newest_version(
        warehouse, path_is_published=True
    )


PUBLICATIONS = """
create table if not exists quality.publications (
    version bigint not null, run_id varchar not null, published_at timestamp not null
)
"""


def publications(connection: DuckDBPyConnection) -> list[tuple[int, str]]:
    """Newest ledger entry and run of every publication, in order; an open file without any has none."""
    there = connection.execute(
        "select 1 from duckdb_tables() where schema_name = 'quality' and table_name = 'publications'"
    ).fetchall()
    if not there:
        return []
    return connection.execute("select version, run_id from quality.publications order by version").fetchall()


def _note_publication(connection: DuckDBPyConnection, run_id: str) -> None:
    """Once per state, so that `diff` knows what readers saw when; a publication that was killed is noted already."""
    connection.execute(PUBLICATIONS)
    connection.execute(
        "insert into quality.publications select max(version), ?, ? from quality.table_versions "
        "having max(version) not in (select version from quality.publications)",
        [run_id, datetime.now(UTC).replace(tzinfo=None)],
    )


def _keep_previous(warehouse: Warehouse) -> None:
    """Give the present copy a second name, without a moment in which readers find none."""
    if not warehouse.published.exists():
        return
    draft = warehouse.previous.with_suffix(".new.duckdb")
    _remove_draft(draft)
    try:
        os.link(warehouse.published, draft)
    except OSError:  # a file system without links
        shutil.copyfile(warehouse.published, draft)
    os.replace(draft, warehouse.previous)


def publish_copy(warehouse: Warehouse, run_id: str, tables: Mapping[str, Table]) -> int:
    """Copy the live file, compacted and with its comments, into the old copy's place; returns its size in bytes.

    Views for readers are added, commented with the words of ``tables``, the contracts by name.

    The old copy stays as `published.previous.duckdb`.
    """
    draft = warehouse.published.with_suffix(".new.duckdb")
    _remove_draft(draft)
    with warehouse.connect() as connection:
        _note_publication(connection, run_id)
        _copy_for_readers(connection, draft, warehouse.folder / "audiences")
    with translated(draft), duckdb.connect(str(draft)) as connection:
        create_views(connection, tables)
    _keep_previous(warehouse)
    os.replace(draft, warehouse.published)
    return warehouse.published.stat().st_size


def _remove_draft(draft: Path) -> None:
    """What a killed run left: also the log beside the file, which would be replayed into a new one."""
    for path in (draft, draft.with_name(draft.name + ".wal")):
        path.unlink(missing_ok=True)


def _copy_for_readers(connection: DuckDBPyConnection, draft: Path, history: Path) -> None:
    """Write every table but those that only the next delta needs into a new file, and the history of audiences."""
    from crm_pipeline.audiences.history import copy_into

    connection.execute(f"attach '{_escape(str(draft))}' as copy (storage_version '{READERS_STORAGE}')")
    with transaction(connection):
        _copy_tables(connection, "copy", without=CHANGES)
    copy_into(connection, "copy", history)
    connection.execute("detach copy")


def _copy_tables(connection: DuckDBPyConnection, target: str, without: str) -> None:
    """Copy the tables of the open file, with their comments, but for one schema's (`copy from database` takes all)."""
    of_this = f"where database_name = current_database() and schema_name <> '{without}'"
    tables = connection.execute(f"select schema_name, table_name, comment from duckdb_tables() {of_this}").fetchall()
    columns = connection.execute(
        f"select schema_name, table_name, column_name, comment from duckdb_columns() {of_this} "
        "and not internal and comment is not null"
    ).fetchall()
    for schema, table, comment in tables:
        connection.execute(f'create schema if not exists {target}."{schema}"')
        connection.execute(f'create table {target}."{schema}"."{table}" as from "{schema}"."{table}"')
        if comment is not None:
            connection.execute(f"""comment on table {target}."{schema}"."{table}" is '{_escape(comment)}'""")
    for schema, table, column, comment in columns:
        connection.execute(f"""comment on column {target}."{schema}"."{table}"."{column}" is '{_escape(comment)}'""")


def _escape(text: str) -> str:
    return text.replace("'", "''")


def free_share(connection: DuckDBPyConnection) -> float:
    """Share of the file's blocks that hold nothing."""
    row = connection.execute(
        "select sum(free_blocks) / nullif(sum(total_blocks), 0) from pragma_database_size() "
        "where database_name = current_database()"
    ).fetchone()
    return float(row[0]) if row and row[0] is not None else 0.0


def compact(warehouse: Warehouse) -> bool:
    """Rewrite the live file when half of it is free; the old file stays until the new one is whole."""
    draft = warehouse.live.with_suffix(".compact.duckdb")
    _remove_draft(draft)
    with warehouse.connect() as connection:
        connection.execute("checkpoint")
        if free_share(connection) < LARGEST_FREE_SHARE:
            return False
        row = connection.execute("select current_database()").fetchone()
        assert row is not None
        connection.execute(f"attach '{_escape(str(draft))}' as compacted")
        connection.execute(f"copy from database {row[0]} to compacted")
        connection.execute("detach compacted")
    os.replace(draft, warehouse.live)
    return True
