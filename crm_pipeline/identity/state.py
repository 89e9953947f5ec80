"""What matching remembers in the vault from one run to the next, beside its table: histories are only added to."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SCHEMA = "identity"
DDL = f"""
create schema if not exists {SCHEMA};
create table if not exists {SCHEMA}.records (
    record_id varchar not null, source varchar not null, customer_key varchar not null, known_at timestamp not null,
    changed_at timestamp not null, content varchar not null
);
create table if not exists {SCHEMA}.models (
    version integer not null, record_count bigint not null, settings varchar not null, document varchar not null
);
create table if not exists {SCHEMA}.ledger (
    change_number bigint not null, kind varchar not null, from_customer_id varchar not null,
    to_customer_id varchar not null, record_count bigint not null, known_at timestamp not null,
    reason varchar not null, decided_by varchar not null
);
create table if not exists {SCHEMA}.facts (
    measure varchar not null, name varchar not null, value double, words varchar
);
"""
KEPT = ("normalised", "pairs")
"""Tables whose columns the matcher decides: made with the first rows."""


def next_name(table: str) -> str:
    """The temporary table of what is to be kept, until the transaction that publishes."""
    return f"temp.identity_next_{table}"


def has_state(connection: DuckDBPyConnection, table: str = "normalised") -> bool:
    """Whether an earlier run left this table."""
    row = connection.execute(
        "select count(*) from duckdb_tables() where schema_name = ? and table_name = ? "
        "and database_name = current_database()",
        [SCHEMA, table],
    ).fetchone()
    return bool(row and row[0])


def keep(connection: DuckDBPyConnection, *, is_whole: bool) -> None:
    """Write what a run found, in the caller's transaction.

    ``is_whole``: everything was computed anew; else only what touches the records of ``identity_touched`` changes.
    """
    connection.execute(DDL)
    for table in ("records", *KEPT):
        there = has_state(connection, table)
        if is_whole or not there:
            connection.execute(f"create or replace table {SCHEMA}.{table} as select * from {next_name(table)}")
            continue
        columns = ("left_id", "right_id") if table == "pairs" else ("record_id",)
        touched = " or ".join(f"{column} in (select record_id from temp.identity_touched)" for column in columns)
        connection.execute(f"delete from {SCHEMA}.{table} where {touched}")
        connection.execute(f"insert into {SCHEMA}.{table} by name select * from {next_name(table)}")
    for table in ("models", "ledger"):
        connection.execute(f"insert into {SCHEMA}.{table} select * from {next_name(table)}")
    connection.execute(f"delete from {SCHEMA}.facts")
    connection.execute(f"insert into {SCHEMA}.facts select * from {next_name('facts')}")
