"""Tests of tables: inline input tables in, the built rows out, through the same as-of path as a real run.

    assert_builds(
        customer_rfm,
        snapshot_date="2024-02-01",
        orders='''customer_id, ordered_at, net_amount
                  ada,         2024-01-01, 10   -- one fact per row
                  ada,         2024-01-11, 30''',
        expected='''customer_id, frequency, recency
                    ada,         1,         10''',
    )

Values are separated by commas (quote those that hold one), blank is null, and `--` starts a comment.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

import duckdb
import pandas as pd
import pyarrow as pa

from crm_pipeline.contract.catalog import Transform, declared_transforms
from crm_pipeline.contract.table import Column, Table
from crm_pipeline.ingestion.entities import ENTITIES
from crm_pipeline.pipeline import all_tables
from crm_pipeline.project import Project
from crm_pipeline.schedule import add_months
from crm_pipeline.warehouse.as_of import location_of
from crm_pipeline.warehouse.audit import audit_rows
from crm_pipeline.warehouse.candidate import Builder, Part, candidate_name

Rows: TypeAlias = "str | pd.DataFrame | pa.Table"
"""An inline table, or a frame where a test needs many rows."""

ALWAYS = "1970-01-01"
"""When a row was known that has no time."""

SOURCE = {
    "entity": "order_lines",
    "path": "order_lines.csv",
    "columns": {name: name for name in ("order_id", "product_id", "ordered_at", "quantity", "net_amount")},
}

_USUAL = {"verdict": "clean", "line_type": "product"}
_ONE = ("order_part", "line_count", "product_count", "quantity", "table_version")


def make_project(folder: Path | str = "shop", **settings: Any) -> Project:
    """A valid project in memory; ``settings`` are the keys of crm.yaml that a test is about."""
    values = {
        "name": "shop",
        "currency": "EUR",
        "snapshots": {"every": "month", "first": "2024-01-01"},
        "sources": {"lines": SOURCE},
    }
    return Project.model_validate({**values, **settings, "folder": folder})


def parse_rows(text: str) -> tuple[list[str], list[list[str | None]]]:
    """Header and rows of an inline table; ValueError names the line that has too few or too many values."""
    lines = [re.sub(r"(^|\s)--.*$", "", line).strip() for line in text.splitlines()]
    parsed = list(csv.reader([line for line in lines if line], skipinitialspace=True))
    if not parsed:
        raise ValueError("an inline table needs at least its header")
    header = [name.strip() for name in parsed[0]]
    rows: list[list[str | None]] = []
    for values in parsed[1:]:
        if len(values) != len(header):
            raise ValueError(f"inline table: {values} has {len(values)} values for the {len(header)} columns {header}")
        rows.append([value.strip() or None for value in values])
    return header, rows


def memory_warehouse() -> duckdb.DuckDBPyConnection:
    """An in-memory warehouse with its vault, set up as `Warehouse.connect` does."""
    connection = duckdb.connect(":memory:", config={"threads": 2})
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("set enable_progress_bar = false")
    connection.execute("attach ':memory:' as vault")
    return connection


def fill_table(
    connection: duckdb.DuckDBPyConnection, table: Table, rows: Rows, snapshot_dates: Sequence[date] = ()
) -> None:
    """Create ``table`` where the as-of views look for it, with ``rows``.

    Columns that ``rows`` leave out are filled: a time from the row's own time (`known_at` from `ordered_at`),
    `is_return` from the signs, lines are products, the snapshot date from the only one of ``snapshot_dates``,
    identifiers with a number, the rest with null, zero or false.
    ValueError when ``rows`` name a column that the table does not have.
    """
    frame = _arrow(rows)
    unknown = set(frame.column_names) - set(table.column_names)
    if unknown:
        raise ValueError(f"{table.name} has no columns {sorted(unknown)}; it has {list(table.column_names)}")
    given = [column for column in table.columns if column.name in frame.column_names]
    casts = ", ".join(f'cast("{column.name}" as {column.type}) as "{column.name}"' for column in given)
    filled = ", ".join(
        f'cast({_default(table, column, given, snapshot_dates)} as {column.type}) as "{column.name}"'
        if column not in given
        else f'"{column.name}"'
        for column in table.columns
    )
    version = ", 1::bigint as table_version" if table.kind == "append_only" else ""
    location = location_of(table, "live")
    connection.execute(f"create schema if not exists {location.rsplit('.', 1)[0]}")
    numbers = pa.array(range(1, frame.num_rows + 1), pa.int64())
    connection.register("given_rows", frame.append_column("row_number", numbers))
    connection.execute(
        f"create or replace table {location} as with typed as (select row_number, {casts} from given_rows) "
        f"select {filled}{version} from typed order by row_number"
    )
    connection.unregister("given_rows")


def _arrow(rows: Rows) -> pa.Table:
    """The rows as a table; NaN becomes null."""
    if isinstance(rows, str):
        header, values = parse_rows(rows)
        return pa.table({name: pa.array([row[i] for row in values], pa.string()) for i, name in enumerate(header)})
    return rows if isinstance(rows, pa.Table) else pa.Table.from_pandas(rows, preserve_index=False)


def _default(table: Table, column: Column, given: Sequence[Column], snapshot_dates: Sequence[date]) -> str:
    """The expression that fills a column which a test leaves out."""
    name, kind = column.name, column.type.split("(")[0]
    is_nullable, identifies = _staged_flags(table, column) or (column.nullable, name in table.grain)
    if name == table.partition_column:
        if len(snapshot_dates) != 1:
            raise ValueError(f"{table.name}: several snapshots are built, so its rows must name their {name}")
        return f"date '{snapshot_dates[0]}'"
    if name == "is_return":
        signs = [f'"{item.name}" < 0' for item in given if item.name in ("quantity", "net_amount")]
        is_negative = " or ".join(signs) or "false"
        return (
            f"line_type = 'product' and ({is_negative})" if any(i.name == "line_type" for i in given) else is_negative
        )
    if kind == "timestamp" and (name == "known_at" or not is_nullable):
        times = [f'"{item.name}"' for item in given if item.type == "timestamp"]
        return f"coalesce({', '.join([*times[:1], repr(ALWAYS)])})"
    if is_nullable and not identifies:
        return "null"
    if name in _ONE:
        return "1"
    if name == "part_type":
        has_flag = any(item.name == "is_return" for item in given)
        return "if(is_return, 'return', 'order')" if has_flag else "'order'"
    if name in _USUAL:
        return repr(_USUAL[name])
    if kind == "varchar":
        return f"'{name}-' || row_number" if identifies and name.endswith("_id") else f"'{name}'"
    if kind == "date":
        return f"date '{snapshot_dates[0] if snapshot_dates else ALWAYS}'"
    return "row_number" if identifies else "false" if kind == "boolean" else "0"


def _staged_flags(table: Table, column: Column) -> tuple[bool, bool] | None:
    """Whether a column of a staged table may be null, and whether it identifies a clean row: as its entity says."""
    entity = ENTITIES.get(table.name.removeprefix("staged_")) if table.stage == "staged" else None
    if entity is None:
        return None
    own = next((item for item in entity.columns if item.name == column.name), None)
    is_nullable = column.nullable if own is None else not own.required
    first = next(name for name in entity.key if name in entity.column_names)
    return is_nullable, column.name in (first, entity.generated_key, "position")


def transform_for(module: ModuleType | Transform) -> Transform:
    """The transform that a table's module declares."""
    if isinstance(module, Transform):
        return module
    return declared_transforms()[module.__name__.rsplit(".", 1)[1]]


def build_candidate(
    connection: duckdb.DuckDBPyConnection,
    module: ModuleType | Transform,
    *,
    snapshot_dates: Sequence[date] = (),
    project: Project | None = None,
) -> Table:
    """Build a table's candidate from what ``connection`` holds; only tables with snapshots heed ``snapshot_dates``."""
    transform = transform_for(module)
    parts: list[Part] = list(snapshot_dates) if transform.table.is_partitioned else [None]
    tables = {**all_tables(), transform.table.name: transform.table}
    Builder(transform, tables, project or make_project()).build(connection, parts, lambda text: None)
    return transform.table


def built_rows(module: ModuleType | Transform, **given: Any) -> pd.DataFrame:
    """The same as `built_table` as a frame: decimals are floats, and nulls in numbers NaN."""
    built = built_table(module, **given)
    with duckdb.connect() as connection:
        frame: pd.DataFrame = connection.from_arrow(built).df()
    return frame


def built_table(
    module: ModuleType | Transform,
    *,
    snapshot_date: str | None = None,
    snapshot_dates: Sequence[str] = (),
    project: Mapping[str, Any] | None = None,
    **upstream: Rows,
) -> pa.Table:
    """The rows that a table's module builds, in stored order, after the contract's audit.

    Args:
        module: the module that declares the table (or a `Transform`).
        snapshot_date: the date to build, as of which inputs are shown; left out for tables without snapshots.
        snapshot_dates: several of them, built in one run.
        project: settings as in crm.yaml. Snapshots default to ``snapshot_dates``; to monthly ones for a single date.
        upstream: input tables by name; those left out are empty. The table's own name gives its earlier parts.

    Raises:
        AssertionError: the built rows break the table's own contract (grain, missing values, row rules).
        ValueError: an input that the table does not read, or with columns that it does not have.
    """
    dates = [date.fromisoformat(day) for day in (*((snapshot_date,) if snapshot_date else ()), *snapshot_dates)]
    transform = transform_for(module)
    table = transform.table
    if table.is_partitioned and not dates:
        raise ValueError(f"{table.name} is built per snapshot: give snapshot_date")
    unread = set(upstream) - set(transform.upstream)
    if unread:
        raise ValueError(f"{table.name} does not read {sorted(unread)}; it reads {list(transform.upstream)}")
    with closing(memory_warehouse()) as connection:
        for name, rows in upstream.items():
            fill_table(connection, all_tables().get(name, table), rows, dates)
        build_candidate(connection, transform, snapshot_dates=dates, project=_project_of(dates, project or {}))
        built = connection.sql(f"select * from {candidate_name(table)} order by rowid").to_arrow_table()
        broken = [result for result in audit_rows(connection, table, candidate_name(table)) if result.blocks]
    if broken:
        listed = "\n".join(f"  {result.name}: {result.observed}" for result in broken)
        raise AssertionError(f"{table.name} breaks its own contract:\n{listed}\n{built.to_pandas().to_string()}")
    return built


def _project_of(dates: Sequence[date], settings: Mapping[str, Any]) -> Project:
    if not dates:
        return make_project(**settings)
    monthly = {"every": "month", "first": add_months(dates[0], -12)}
    return make_project(**{"snapshots": {"dates": list(dates)} if len(dates) > 1 else monthly, **settings})


def assert_builds(module: ModuleType | Transform, *, expected: str, **given: Any) -> None:
    """Build a table (arguments as `built_table`) and compare: columns of ``expected``, exactly its rows, in any order.

    Numbers of type double are compared to as many digits as ``expected`` writes in their column.
    """
    __tracebackhide__ = True
    assert_rows(transform_for(module).table, built_table(module, **given), expected)


def assert_rows(table: Table, built: pa.Table, expected: str) -> None:
    """AssertionError with the rows that are missing (-) and those that nobody expected (+)."""
    __tracebackhide__ = True
    header, rows = parse_rows(expected)
    contract = replace(table, columns=tuple(table.column(name) for name in header), grain=(), order_by=(),
                       kind="replaced", partition_column=None, delta_key=())  # fmt: skip
    with closing(memory_warehouse()) as connection:
        wanted = _texts(connection, contract, pd.DataFrame(rows, columns=header, dtype=object), rows)
        found = _texts(connection, contract, built.select(header), rows)
    missing, surplus = Counter(wanted) - Counter(found), Counter(found) - Counter(wanted)
    if not missing and not surplus:
        return
    marked = [("-", row) for row in missing.elements()] + [("+", row) for row in surplus.elements()]
    marked += [(" ", row) for row in (Counter(wanted) & Counter(found)).elements()]
    lines = [(" ", tuple(header)), *sorted(marked, key=lambda item: (item[1], item[0] == "+"))]
    widths = [max(len(row[index]) for _, row in lines) for index in range(len(header))]
    shown = "\n".join(
        f"  {mark} " + "  ".join(v.ljust(w) for v, w in zip(row, widths, strict=True)) for mark, row in lines
    )
    raise AssertionError(f"{table.name} is not as expected (- missing, + not expected):\n{shown}")


def _texts(
    connection: duckdb.DuckDBPyConnection,
    contract: Table,
    frame: pd.DataFrame | pa.Table,
    expected: Sequence[Sequence[str | None]],
) -> list[tuple[str, ...]]:
    """Every row as text, typed by the contract first, so that `30` and `30.0000` are one amount."""
    columns = []
    for index, column in enumerate(contract.columns):
        digits = max((len((row[index] or "").partition(".")[2]) for row in expected), default=0)
        typed = f'cast("{column.name}" as {column.type})'
        # adding zero turns -0.0 into 0.0
        columns.append(
            f"printf('%.{digits}f', round({typed}, {digits}) + 0)"
            if column.type == "double"
            else f"cast({typed} as varchar)"
        )
    connection.register("rows_to_show", frame)
    shown = connection.execute(f"select {', '.join(columns)} from rows_to_show").fetchall()
    connection.unregister("rows_to_show")
    return [tuple("" if value is None else value for value in row) for row in shown]
