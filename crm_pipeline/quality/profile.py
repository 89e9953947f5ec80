"""A table's profile: per part and column the rows, nulls, distinct values, range and mean, made by one SQL query.

Every row is counted and no value leaves the warehouse but the range and mean of numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crm_pipeline.contract.table import Column, Table
from crm_pipeline.warehouse.candidate import Part

if TYPE_CHECKING:
    import pandas as pd
    from duckdb import DuckDBPyConnection

MEASURED = "measured_rows"
"""The temporary table of the newest measurement."""
NUMERIC = ("decimal", "double", "float", "integer", "bigint", "smallint", "tinyint", "hugeint")


@dataclass(frozen=True)
class ColumnProfile:
    """The profile of one column of one part; numbers are None where they have no meaning."""

    part: Part
    column: str
    row_count: int
    null_share: float | None
    distinct_count: int | None
    minimum: float | None
    maximum: float | None
    mean: float | None


def _aggregates(column: Column) -> list[str]:
    name = f'"{column.name}"'
    numeric = column.type.lower().startswith(NUMERIC)
    number = (
        f"cast({name} as double)"
        if numeric
        else f"cast({name} as integer)"
        if column.type == "boolean"
        else "cast(null as double)"
    )
    mean = f"avg({name})::double" if column.type.lower().startswith(("decimal", "int", "bigint")) else f"avg({number})"
    return [
        f"(1 - count({name}) / nullif(count(*), 0))::double",
        f"approx_count_distinct({name}) export_state",
        f"min({number})::double",
        f"max({number})::double",
        mean,
    ]


STATISTICS = ("null_share", "distinct_count", "minimum", "maximum", "mean")


def measure(connection: DuckDBPyConnection, table: Table, relation: str, into: str) -> None:
    """Make the temporary table ``into``: per part the rows and, per column, the statistics.

    Distinct values stand there as sketches (``sketch_<number of the column>``), which can be merged later.
    """
    part = f'"{table.partition_column}"' if table.is_partitioned else "cast(null as date)"
    names = [
        f"sketch_{index}" if statistic == "distinct_count" else f"{statistic}_{index}"
        for index in range(len(table.columns))
        for statistic in STATISTICS
    ]
    texts = [text for column in table.columns for text in _aggregates(column)]
    aggregates = ", ".join(f"{text} as {name}" for text, name in zip(texts, names, strict=True))
    connection.execute(
        f"create or replace temporary table {into} as "
        f"select {part} as part, count(*) as row_count, {aggregates} from {relation} group by part"
    )


def read_profiles(connection: DuckDBPyConnection, table: Table, measured: str) -> list[ColumnProfile]:
    """The profiles that `measure` left in a temporary table."""
    columns = ", ".join(
        f"finalize(sketch_{index})" if statistic == "distinct_count" else f"{statistic}_{index}"
        for index in range(len(table.columns))
        for statistic in STATISTICS
    )
    rows = connection.execute(f"select part, row_count, {columns} from {measured} order by part").fetchall()
    found = []
    for values in rows:
        for index, column in enumerate(table.columns):
            start = 2 + index * 5
            null_share, distinct, minimum, maximum, mean = values[start : start + 5]
            found.append(ColumnProfile(values[0], column.name, values[1], null_share, distinct, minimum, maximum, mean))
    return found


def profile_table(connection: DuckDBPyConnection, table: Table, candidate: str) -> list[ColumnProfile]:
    """Profile every column (distinct counts are approximate) of every part of a candidate."""
    measure(connection, table, candidate, MEASURED)
    return read_profiles(connection, table, MEASURED)


def wide_frame(
    profiles: Sequence[ColumnProfile], parts: Sequence[Part], previous_rows: Mapping[Part, int]
) -> pd.DataFrame:
    """One row per part: `row_count`, `row_count_change` against the part before, and `<column>.<statistic>`."""
    import pandas as pd

    rows: dict[Part, dict[str, float | None]] = {part: {"row_count": 0.0} for part in parts}
    for item in profiles:
        row = rows.setdefault(item.part, {})
        row["row_count"] = float(item.row_count)
        for statistic in STATISTICS:
            row[f"{item.column}.{statistic}"] = getattr(item, statistic)
    for part, row in rows.items():
        before = previous_rows.get(part)
        row["row_count_change"] = float(row["row_count"] or 0) / before - 1 if before else None
    frame = pd.DataFrame(list(rows.values()), dtype="float64")
    frame.insert(0, "part", [str(part) if part else "all" for part in rows])
    return frame
