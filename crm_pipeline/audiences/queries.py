"""Queries of audiences: one select over the tables that readers see, checked before anything runs."""

from __future__ import annotations

import re
from datetime import date
from functools import cache

import duckdb
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from crm_pipeline.audiences.views import VIEWS

KEY = "customer_id"
PLAIN = re.compile(
    r"VARCHAR|JSON|UUID|BOOLEAN|U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DECIMAL\(\d+,\s*\d+\)|FLOAT|DOUBLE|DATE"
    r"|TIME( WITH TIME ZONE)?|TIMESTAMP(_S|_MS|_NS| WITH TIME ZONE)?|ENUM\(.*\)|\"NULL\"",
    re.DOTALL,
)
"""Types of one plain value, as DuckDB names them: what CSV, Parquet and databases have all in common."""


def check_query(query: str) -> None:
    """ValueError, in words, where a query is not one select over declared tables with a column `customer_id`."""
    parameters = _parameters(query)
    unknown = sorted(parameters - {"snapshot_date"})
    if unknown:
        raise ValueError(f"${unknown[0]} is not known in a query; $snapshot_date is")
    values = {"snapshot_date": date(2000, 1, 1)} if parameters else None
    cursor = _empty_tables().cursor()
    try:
        cursor.execute(f"set search_path = '{','.join((*stages(), 'main'))}'")
        described = cursor.execute(f"describe {query.rstrip().rstrip(';')}", values).fetchall()
    except duckdb.Error as error:
        raise ValueError(
            f"the query does not run: {str(error).splitlines()[0]}; tables and their columns are listed in "
            "docs/data_dictionary.md"
        ) from None
    finally:
        cursor.close()
    tables = sqlglot.parse_one(query.rstrip().rstrip(";"), dialect="duckdb").find_all(exp.Table)
    if qualified := [table for table in tables if table.name.lower() in VIEWS and table.db]:
        raise ValueError(f"{qualified[0].sql()}: expected {qualified[0].name} alone, for it belongs to no stage")
    found = [row[0] for row in described]
    if KEY not in found:
        raise ValueError(f"the query has no column {KEY}; it selects {', '.join(found)}")
    taken = [name for name in ("audience", "snapshot_date") if name in found]
    if taken:
        raise ValueError(f"the export has a column {taken[0]} of its own; leave it out of the query")
    if len({name.lower() for name in found}) != len(found):
        raise ValueError("two columns of the query have the same name")
    for name, kind, *_ in described:
        if PLAIN.fullmatch(kind) is None:
            raise ValueError(
                f"the column {name} is of the type {kind}, which has no place in a file of plain values; make it text "
                "with a cast to varchar, or leave it out"
            )


def names_snapshot(query: str) -> bool:
    """Whether a query has the parameter `$snapshot_date`."""
    return "snapshot_date" in _parameters(query)


def _parameters(query: str) -> set[str]:
    try:
        statements = sqlglot.parse(query, dialect="duckdb")
    except SqlglotError as error:
        raise ValueError(f"the query does not parse: {str(error).splitlines()[0]}") from None
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise ValueError("expected one query that begins with select or with")
    return {found.name for found in statements[0].find_all(exp.Parameter, exp.Placeholder) if found.name}


@cache
def _empty_tables() -> duckdb.DuckDBPyConnection:
    """Every declared table and view without rows, beyond which nothing can be reached."""
    from crm_pipeline.audiences.views import VIEWS
    from crm_pipeline.pipeline import all_tables

    connection = duckdb.connect(":memory:")
    for name, columns in VIEWS.items():
        connection.execute(f"create table main.{name} ({columns})")
    for table in all_tables().values():
        if not table.is_in_vault:
            columns = ", ".join(f'"{column.name}" {column.type}' for column in table.columns)
            technical = ", table_version bigint" if table.kind == "append_only" else ""
            connection.execute(f'create schema if not exists "{table.stage}"')
            connection.execute(f"create table {table.qualified_name} ({columns}{technical})")
    connection.execute("set enable_external_access = false")
    return connection


@cache
def stages() -> tuple[str, ...]:
    """The stages whose tables a query names without their stage."""
    from crm_pipeline.pipeline import all_tables

    return tuple(sorted({table.stage for table in all_tables().values() if not table.is_in_vault}))
