"""The profile of a table after a delta, from the profile before and the rows that went and came.

Rows, missing values, means and ranges are those of the whole table. The count of distinct values is estimated from a
sketch (HyperLogLog), to which rows can be added but not taken off: until the next full build it may count values that
went.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from crm_pipeline.contract.table import Table
from crm_pipeline.quality.profile import MEASURED, ColumnProfile, measure, profile_table, read_profiles

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SKETCH_SCHEMA = "delta"


def _sketches(table: Table) -> str:
    return f'{SKETCH_SCHEMA}."{table.name}__sketches"'


def keep_sketches(connection: DuckDBPyConnection, table: Table) -> None:
    """Keep the sketches of the newest measurement of a table without parts, in the caller's transaction."""
    columns = ", ".join(f"sketch_{index}" for index in range(len(table.columns)))
    connection.execute(f"create schema if not exists {SKETCH_SCHEMA}")
    connection.execute(f"create or replace table {_sketches(table)} as select {columns} from {MEASURED}")


def known_profiles(connection: DuckDBPyConnection, table: Table, version: int) -> list[ColumnProfile] | None:
    """The profile of a version of a table without parts; None when it, or its sketches, was not kept."""
    kept = connection.execute(
        "select count(*) from duckdb_tables() where schema_name = ? and table_name = ? "
        "and database_name = current_database()",
        [SKETCH_SCHEMA, f"{table.name}__sketches"],
    ).fetchone()
    rows = connection.execute(
        "select column_name, row_count, null_share, distinct_count, minimum, maximum, mean "
        "from quality.table_profiles where table_name = ? and version = ?",
        [table.name, version],
    ).fetchall()
    by_name = {row[0]: ColumnProfile(None, *row) for row in rows}
    if not kept or not kept[0] or set(by_name) != set(table.column_names):
        return None
    return [by_name[name] for name in table.column_names]


def merge_profiles(
    connection: DuckDBPyConnection, table: Table, before: list[ColumnProfile], removed: str, added: str
) -> list[ColumnProfile]:
    """The live table's profile after the delta was applied; the sketches kept before are renewed.

    ``removed`` and ``added`` are relations with the rows that went and came.
    """
    gone = {item.column: item for item in profile_table(connection, table, removed)}
    new = {item.column: item for item in profile_table(connection, table, added)}
    distinct = {item.column: item.distinct_count for item in before}
    if new:
        distinct = _merge_sketches(connection, table, added)
    merged = [
        replace(_merged(item, gone.get(item.column), new.get(item.column)), distinct_count=distinct[item.column])
        for item in before
    ]
    lost = [item.column for item in before if _lost_extreme(item, gone.get(item.column))]
    return _with_ranges(connection, table, merged, lost)


def _merge_sketches(connection: DuckDBPyConnection, table: Table, added: str) -> dict[str, int | None]:
    """Merge the kept sketches with those of the rows that came, keep them, and read the counts."""
    combined = ", ".join(
        f"combine(kept.sketch_{index}, {MEASURED}.sketch_{index}) as sketch_{index}"
        for index in range(len(table.columns))
    )
    connection.execute(
        f"create or replace temporary table merged_sketches as select {combined} "
        f"from {_sketches(table)} as kept cross join {MEASURED}"
    )
    columns = ", ".join(f"sketch_{index}" for index in range(len(table.columns)))
    connection.execute(f"create or replace table {_sketches(table)} as select {columns} from merged_sketches")
    counts = ", ".join(f"finalize(sketch_{index})" for index in range(len(table.columns)))
    row = connection.execute(f"select {counts} from merged_sketches").fetchone() or ()
    connection.execute("drop table merged_sketches")
    return dict(zip(table.column_names, row, strict=True))


def _merged(before: ColumnProfile, gone: ColumnProfile | None, new: ColumnProfile | None) -> ColumnProfile:
    """Rows, missing values, mean and (outer) range; the mean from sums, so its last digits may differ."""
    rows = before.row_count - _rows(gone) + _rows(new)
    values = _values(before) - _values(gone) + _values(new)
    has_mean = any(item is not None and item.mean is not None for item in (before, new))
    total = _total(before) - _total(gone) + _total(new)
    return replace(
        before,
        row_count=rows,
        null_share=1 - values / rows if rows else None,
        minimum=_outer(min, before.minimum, new.minimum if new else None) if values else None,
        maximum=_outer(max, before.maximum, new.maximum if new else None) if values else None,
        mean=total / values if values and has_mean else None,
    )


def _rows(profile: ColumnProfile | None) -> int:
    return profile.row_count if profile else 0


def _values(profile: ColumnProfile | None) -> int:
    return round(profile.row_count * (1 - (profile.null_share or 0))) if profile else 0


def _total(profile: ColumnProfile | None) -> float:
    return (profile.mean or 0.0) * _values(profile) if profile else 0.0


def _outer(choose: Callable[[float, float], float], one: float | None, other: float | None) -> float | None:
    return other if one is None else one if other is None else choose(one, other)


def _lost_extreme(before: ColumnProfile, gone: ColumnProfile | None) -> bool:
    """Whether a row that went may have held the smallest or largest value."""
    if gone is None or gone.minimum is None or gone.maximum is None:
        return False
    return (before.minimum is not None and gone.minimum <= before.minimum) or (
        before.maximum is not None and gone.maximum >= before.maximum
    )


def _with_ranges(
    connection: DuckDBPyConnection, table: Table, profiles: list[ColumnProfile], names: list[str]
) -> list[ColumnProfile]:
    """Read the ranges of some columns from the live table."""
    if not names:
        return profiles
    chosen = replace(table, columns=tuple(table.column(name) for name in names), grain=(), order_by=(), delta_key=())
    measure(connection, chosen, table.qualified_name, MEASURED)
    fresh = {item.column: item for item in read_profiles(connection, chosen, MEASURED)}
    return [
        replace(item, minimum=fresh[item.column].minimum, maximum=fresh[item.column].maximum)
        if item.column in fresh
        else item
        for item in profiles
    ]
