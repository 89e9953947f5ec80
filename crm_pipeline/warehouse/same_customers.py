"""One customer under several keys: staged tables show the customer whom a key belongs to, so that no query has to ask.

`cleaned.customer_forwarding` holds the few keys that are not their customer's id. While a table of `cleaned` or
`quality` is built, the views of the staged tables have the id in place of the key (`Table.keys_as_delivered` are the
exception). Where nothing forwards, the views are as they would be without.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from crm_pipeline.contract.table import Table

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FORWARDING = "customer_forwarding"
LOCATION = f'"cleaned"."{FORWARDING}"'
CHANGED_KEYS = "changed_customer_keys"
"""Temporary table: keys whose customer changes, with every id that they had or get, themselves included."""


def shows_customers(reader: Table, table: Table) -> bool:
    """Whether ``reader`` sees customers' ids in a staged table rather than the keys that the source wrote."""
    is_reader = reader.stage in ("cleaned", "quality") and not reader.keys_as_delivered
    return is_reader and table.stage == "staged" and "customer_id" in table.column_names


def reads_customers(reader: Table, upstream: Mapping[str, Table]) -> bool:
    """Whether a table depends on which keys forward."""
    return any(shows_customers(reader, table) for table in upstream.values())


def some_forward(connection: DuckDBPyConnection) -> bool:
    """Whether any key belongs to a customer of another id."""
    there = connection.execute(
        "select count(*) from duckdb_tables() where schema_name = 'cleaned' and table_name = ? "
        "and database_name = current_database()",
        [FORWARDING],
    ).fetchone()
    if not there or not there[0]:
        return False
    return connection.execute(f"select 1 from {LOCATION} limit 1").fetchone() is not None


def with_customers(connection: DuckDBPyConnection, table: Table, query: str) -> str:
    """The rows of a staged table with the id of the customer in place of the key.

    What is told of one customer under two of their keys, such as a letter sent to both, is one event: the one known
    first counts, the others become duplicates.
    """
    if not some_forward(connection):
        return query
    named = (
        f"select r.* replace (coalesce(f.customer_id, r.customer_id) as customer_id) from ({query}) as r "
        f"left join {LOCATION} as f on r.customer_id = f.source_customer_id"
    )
    if not table.event_key:
        return named
    key = ", ".join(f'"{name}"' for name in table.event_key)
    # of an answer given and refused at one moment the refusal counts
    refusal = "is_granted, " if "is_granted" in table.column_names else ""
    first = f"row_number() over (partition by {key} order by known_at, {refusal}source, file_name, position) = 1"
    names = ", ".join(f'"{name}"' for name in table.column_names)
    is_shared = f"verdict = 'clean' and customer_id in (select customer_id from {LOCATION})"
    return (
        f"with named as ({named}) select {names} from named where ({is_shared}) is not true union all "
        f"select {names} from (select * replace (case when {first} then verdict else 'duplicate' end as verdict) "
        f"from named where {is_shared})"
    )


def follow_forwarding(
    connection: DuckDBPyConnection, reader: Table, changed: Mapping[Table, str], upstream: Mapping[str, Table]
) -> dict[Table, str]:
    """Changed rows as ``reader`` sees them: with every id that their keys had or get.

    ``changed`` has a query of changed rows per upstream table (`query_delta.changed_rows`). Where keys come to forward
    elsewhere, the rows of these keys count as changed. Keys that are computed again in vain do no harm.
    """
    found = {table: query for table, query in changed.items() if table.name != FORWARDING}
    moved = next((query for table, query in changed.items() if table.name == FORWARDING), None)
    connection.execute(
        f"create or replace temporary table {CHANGED_KEYS} as "
        + (
            f"select distinct key.source_customer_id, id.customer_id from ({moved}) as key, "
            "lateral (select unnest([key.source_customer_id, key.customer_id]) as customer_id) as id"
            if moved
            else "select null::varchar as source_customer_id, null::varchar as customer_id where false"
        )
    )
    forwards = some_forward(connection)
    for table in upstream.values():
        if not shows_customers(reader, table):
            continue
        queries = [found[table]] if table in found else []
        rows = [f"select {_names(table)} from ({query})" for query in queries]
        shown = list(rows)
        if forwards:
            shown += [
                f"select r.* replace (f.customer_id as customer_id) from ({query}) as r "
                f"inner join {LOCATION} as f on r.customer_id = f.source_customer_id"
                for query in rows
            ]
        if moved:
            live = f"select {_names(table)} from vault.{table.qualified_name}"
            shown += [
                f"select r.* replace (c.customer_id as customer_id) from ({query}) as r "
                f"inner join {CHANGED_KEYS} as c on r.customer_id = c.source_customer_id"
                for query in [*rows, live]
            ]
        if shown:
            found[table] = " union all ".join(shown)
    return found


def _names(table: Table) -> str:
    return ", ".join(f'"{name}"' for name in table.column_names)
