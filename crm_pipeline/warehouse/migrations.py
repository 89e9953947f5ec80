"""Append-only tables that an earlier version of the contract wrote: migrated with their history, or refused.

What can be computed from the sources is built anew when its contract changes (`publishing.retire`). Registries cannot:
their former versions are the record of what was published. So their rows are kept: a new column is filled, a renamed
one (`Column.formerly`) carried over, a retyped one cast, and one that went stays in a backup, which is made first.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from crm_pipeline.contract.table import Column, Table
from crm_pipeline.errors import CrmError
from crm_pipeline.warehouse.as_of import has_its_columns, is_there, visible_rows
from crm_pipeline.warehouse.connection import transaction
from crm_pipeline.warehouse.ledger import Ledger
from crm_pipeline.warehouse.publishing import comment_table
from crm_pipeline.warehouse.row_hashes import content_hash, row_hash_columns
from crm_pipeline.warehouse.write_aside import write_aside

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

BACKUPS = "backups"
MIGRATIONS = """
create table if not exists quality.migrations (
    table_name varchar not null, column_name varchar not null, change varchar not null, type_before varchar,
    type_after varchar, backup varchar not null, run_id varchar not null, migrated_at timestamp not null
)
"""


@dataclass
class _Plan:
    """What becomes of each column: the expression that fills it, and what is to be noted."""

    expressions: list[str] = field(default_factory=list)
    notes: list[tuple[str, str, str | None, str | None]] = field(default_factory=list)
    """Column, change, type before, type after."""


def migrate(folder: Path, connection: DuckDBPyConnection, ledger: Ledger, table: Table, run_id: str) -> Path | None:
    """Bring a stored append-only table into its contract's shape, in one transaction, after a backup.

    Args:
        folder: where backups go.
        connection: to the live file, without an open transaction.
        ledger: of that file.
        table: the contract as it is now.
        run_id: written down with the migration.

    Returns:
        The backup (Parquet, every version of every row), or None where there was nothing to do.

    Raises:
        CrmError: where a value would be lost or invented, or a newer version of the code was here; nothing is changed.
    """
    if table.kind != "append_only" or not is_there(connection, table, table.qualified_name):
        return None
    if has_its_columns(connection, table, table.qualified_name):
        return None
    plan = _plan(connection, table)
    backup = _back_up(folder, connection, table)
    with transaction(connection):
        connection.execute(MIGRATIONS)
        _rewrite(connection, table, plan)
        _note_hashes(ledger, table, run_id)
        now = datetime.now(UTC).replace(tzinfo=None)
        for name, change, before, after in plan.notes:
            connection.execute(
                "insert into quality.migrations values (?, ?, ?, ?, ?, ?, ?, ?)",
                [table.name, name, change, before, after, backup.name, run_id, now],
            )
    return backup


def _stored(connection: DuckDBPyConnection, table: Table) -> dict[str, str]:
    rows = connection.execute(
        "select column_name, data_type from duckdb_columns() where schema_name = ? and table_name = ? "
        "and database_name = current_database() and column_name <> 'table_version' order by column_index",
        [table.stage, table.name],
    ).fetchall()
    return dict(rows)


def _plan(connection: DuckDBPyConnection, table: Table) -> _Plan:
    stored = _stored(connection, table)
    plan, used = _Plan(), set()
    for column in table.columns:
        name = column.name if column.name in stored else column.formerly
        if name is None or name not in stored:
            _check_not_taken(connection, table, column)
            plan.expressions.append(_filled(table, column))
            plan.notes.append((column.name, "added", None, column.type))
            continue
        used.add(name)
        if name != column.name:
            plan.notes.append((column.name, f"renamed from {name}", stored[name], column.type))
        if _type(connection, column.type) != stored[name]:
            _check_not_back(connection, table, column, stored[name])
            _check_cast(connection, table, name, stored[name], column)
            plan.notes.append((column.name, "retyped", stored[name], column.type))
        plan.expressions.append(f'cast("{name}" as {column.type}) as "{column.name}"')
    for name in sorted(stored.keys() - used):
        if name not in table.dropped:
            _check_not_newer(connection, table, name)
        plan.notes.append((name, "removed", stored[name], None))
    return plan


def _type(connection: DuckDBPyConnection, declared: str) -> str:
    row = connection.execute(f"describe select cast(null as {declared}) as c").fetchone()
    assert row is not None
    return str(row[1])


def _filled(table: Table, column: Column) -> str:
    """A new column in old rows: what the contract fills in, else nothing, where that is allowed."""
    if column.fill is None and not column.nullable:
        raise CrmError(
            f"{table.name}: the column {column.name} is new and must not be missing, but earlier versions of its rows "
            "do not have it; nothing was changed. Its contract must say what stands for it (`fill`), or allow it to be "
            "missing"
        )
    return f'cast({column.fill or "null"} as {column.type}) as "{column.name}"'


def _check_cast(connection: DuckDBPyConnection, table: Table, name: str, before: str, column: Column) -> None:
    """CrmError when a value of the column does not survive as the new type."""
    lost = f'try_cast("{name}" as {column.type}) is null'
    if before != "VARCHAR":  # text may be written in several ways that mean the same
        lost += f' or try_cast(try_cast("{name}" as {column.type}) as {before}) is distinct from "{name}"'
    row = connection.execute(
        f'select count(*) from {table.qualified_name} where "{name}" is not null and ({lost})'
    ).fetchone()
    if row and row[0]:
        raise CrmError(
            f"{table.name}: {row[0]:,} values of the column {name} cannot become {column.type} from {before.lower()} "
            "without loss; nothing was changed. Go back to the former version of the code, or move the warehouse away "
            "and build it anew, which begins a new history"
        )


def _noted(connection: DuckDBPyConnection, table: Table, name: str) -> list[tuple[str, str, date, str]]:
    """What migrations did to a column, newest first: the change, the type before, the day, the backup."""
    there = connection.execute(
        "select 1 from duckdb_tables() where schema_name = 'quality' and table_name = 'migrations' "
        "and database_name = current_database()"
    ).fetchall()
    if not there:
        return []
    return connection.execute(
        "select change, type_before, migrated_at::date, backup from quality.migrations "
        "where table_name = ? and column_name = ? order by migrated_at desc, rowid desc",
        [table.name, name],
    ).fetchall()


def _newer(table: Table, what: str, day: date, backup: str, intent: str) -> CrmError:
    return CrmError(
        f"{table.name}: the column {what} by a newer version of the code on {day}, which this one does not know; "
        f"nothing was changed. Use the newer version (the table as it was before is in {BACKUPS}/{backup}); where this "
        f"is the newer one, its contract must say so ({intent})"
    )


def _check_not_newer(connection: DuckDBPyConnection, table: Table, name: str) -> None:
    """CrmError when a newer version of the code added or changed the column that this one does not know."""
    found = next((note for note in _noted(connection, table, name) if note[0] != "removed"), None)
    if found is not None:
        change, _, day, backup = found
        raise _newer(table, f"{name} was {change.split()[0]}", day, backup, f"`dropped` with {name}")


def _check_not_back(connection: DuckDBPyConnection, table: Table, column: Column, stored: str) -> None:
    """CrmError when the column would go back to a type that a newer version of the code took it from."""
    if column.retyped_from is not None and _type(connection, column.retyped_from) == stored:
        return
    before = _type(connection, column.type)
    for change, type_before, day, backup in _noted(connection, table, column.name):
        if change == "retyped" and type_before == before:
            intent = f"`retyped_from` {stored.lower()} of {column.name}"
            raise _newer(table, f"{column.name} was retyped from {before.lower()}", day, backup, intent)


def _check_not_taken(connection: DuckDBPyConnection, table: Table, column: Column) -> None:
    """CrmError when a newer version of the code removed the column, whose values would come back missing."""
    notes = _noted(connection, table, column.name)
    if notes and notes[0][0] == "removed" and column.fill is None:
        _, _, day, backup = notes[0]
        raise _newer(table, f"{column.name} was removed", day, backup, f"`fill` of {column.name}")


def _back_up(folder: Path, connection: DuckDBPyConnection, table: Table) -> Path:
    """Every row of the table as a Parquet file, put into its place when it is whole."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    path = folder / BACKUPS / f"{table.name}_{stamp}.parquet"
    with write_aside(path) as draft:
        quoted = str(draft).replace("'", "''")
        connection.execute(f"copy {table.qualified_name} to '{quoted}' (format parquet)")
        stored = connection.execute(f"select count(*) from {table.qualified_name}").fetchone()
        copied = connection.execute("select count(*) from read_parquet($path)", {"path": str(draft)}).fetchone()
        if stored != copied:
            raise CrmError(f"{path}: the backup of {table.name} is not whole; nothing was changed")
    return path


def _rewrite(connection: DuckDBPyConnection, table: Table, plan: _Plan) -> None:
    draft = f'"{table.stage}"."{table.name}__migrated"'
    connection.execute(f"drop table if exists {draft}")
    connection.execute(
        f"create table {draft} as select {', '.join(plan.expressions)}, table_version from {table.qualified_name} "
        "order by rowid"
    )
    connection.execute(f"drop table {table.qualified_name}")
    connection.execute(f'alter table {draft} rename to "{table.name}"')
    comment_table(connection, table)


def _note_hashes(ledger: Ledger, table: Table, run_id: str) -> None:
    """The same versions have other contents now: an entry for each part, made of what it was made of."""
    key = f'"{table.partition_column}"'
    rows = ledger.connection.execute(
        f"select {key} as part, {row_hash_columns(table)} from ({visible_rows(table, table.qualified_name, None)}) "
        "group by part"
    ).fetchall()
    contents = {part: content_hash(count, total, xor) for part, total, xor, count in rows}
    for part, version in sorted(ledger.current().get(table.name, {}).items(), key=lambda item: str(item[0])):
        ledger.append(
            ledger.next_version(),
            table.name,
            part,
            contents.get(part, content_hash(0, 0, 0)),
            version.input_hashes,
            version.code_hash,
            version.row_count,
            run_id,
            0.0,
            0.0,
        )
