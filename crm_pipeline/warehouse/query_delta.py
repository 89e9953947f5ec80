"""The delta of a table computed by SQL: the same query, run over the rows of the keys that changed upstream."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from crm_pipeline.contract.table import Table
from crm_pipeline.errors import CrmError
from crm_pipeline.warehouse.candidate import Builder
from crm_pipeline.warehouse.changes import ADDED, REMOVED, entries, following, log_name
from crm_pipeline.warehouse.delta import KEYS, count_rows, has_key, is_small, take_live, with_keys
from crm_pipeline.warehouse.incremental import Basis
from crm_pipeline.warehouse.same_customers import follow_forwarding, reads_customers
from crm_pipeline.warehouse.stale import hash_of_whole

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def fill_query_delta(connection: DuckDBPyConnection, builder: Builder, upstream: Sequence[Table], basis: Basis) -> bool:
    """Compute the rows of the touched keys anew; False where the changes upstream are unknown or many.

    CrmError when the query gives rows of other keys: then ``delta_key`` does not say how the table can be cut.
    """
    table = builder.transform.table
    if not table.delta_key or builder.transform.function is not None:
        return False
    changed = changed_rows(connection, upstream, basis)
    read = {item.name: item for item in upstream}
    if changed is not None and reads_customers(table, read):
        changed = follow_forwarding(connection, table, changed, read)
    if changed is None or not _fill_keys(connection, table, changed, basis.version.row_count):
        return False
    key = has_key(connection, table.delta_key, "t")
    take_live(connection, table, f"semi join {KEYS} as k on {key}")
    if not is_small(count_rows(connection, REMOVED), basis.version.row_count):
        return False
    builder.build_into(connection, ADDED, lambda read, query: restricted(connection, table, read, query))
    strangers = count_rows(connection, f"(from {ADDED} as t anti join {KEYS} as k on {key})")
    if strangers:
        raise CrmError(
            f"{table.name}.sql gives {strangers} rows for keys that it was not asked for; "
            f"correct delta_key {table.delta_key} in {table.name}.py"
        )
    return True


def restricted(connection: DuckDBPyConnection, table: Table, read: Table, query: str) -> str:
    """What the table may see of ``read`` while it is computed for the touched keys."""
    shared = {name: column for name in table.delta_key if (column := column_of(table, name, read))}
    return with_keys(connection, query, shared) if shared else query


def column_of(table: Table, name: str, read: Table) -> str | None:
    """What a column of the key of ``table`` is called in a table that it reads; None where that lacks it."""
    if name in read.column_names:
        return name
    is_key = name == "source_customer_id" and table.keys_as_delivered
    return "customer_id" if is_key and "customer_id" in read.column_names else None


def changed_rows(connection: DuckDBPyConnection, upstream: Sequence[Table], basis: Basis) -> Mapping[Table, str] | None:
    """Per changed upstream table a query of its changed rows; None when a log does not reach back to what was read."""
    found: dict[Table, str] = {}
    for table in upstream:
        recorded, now = basis.version.input_hashes.get(table.name), basis.inputs[table.name]
        if recorded == now:
            continue
        database = "vault" if table.is_in_vault else None
        steps = [entry.hashed(hash_of_whole) for entry in entries(connection, table, database)]
        chosen = following(steps, recorded or "", now)
        if chosen is None:
            return None
        found[table] = f"select * from {log_name(table, database)} where version >= {chosen[0].version}"
    return found


def _fill_keys(connection: DuckDBPyConnection, table: Table, changed: Mapping[Table, str], table_rows: int) -> bool:
    """Collect the touched keys; False when a changed table lacks part of the key, or too many rows changed."""
    key = ", ".join(f'"{name}"' for name in table.delta_key)
    columns = {read: [column_of(table, name, read) for name in table.delta_key] for read in changed}
    if any(None in found for found in columns.values()):
        return False
    if not all(is_small(count_rows(connection, f"({query})"), table_rows) for query in changed.values()):
        return False
    required = [f'"{name}" is not null' for name in table.delta_key if not table.column(name).nullable]
    rows = " union all ".join(
        "select "
        + ", ".join(f'"{column}" as "{name}"' for column, name in zip(columns[read], table.delta_key, strict=True))
        + f" from ({query})"
        for read, query in changed.items()
    )
    where = f" where {' and '.join(required)}" if required else ""
    types = ", ".join(f'cast(null as {table.column(name).type}) as "{name}"' for name in table.delta_key)
    connection.execute(
        f"create or replace temporary table {KEYS} as select distinct {key} from "
        f"({rows or f'select {types} where false'}){where}"
    )
    return True
