"""Small helpers for SQL whose shape depends on the columns at hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


def rows(
    connection: duckdb.DuckDBPyConnection, query: str, parameters: Sequence[object] = ()
) -> list[tuple[object, ...]]:
    """All rows of a query."""
    result: list[tuple[object, ...]] = connection.execute(query, list(parameters)).fetchall()
    return result


def number(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    """The single whole number of a query; 0 for null."""
    found = connection.execute(query).fetchone()
    return int(found[0] or 0) if found else 0


def whole_numbers(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[NDArray[np.int64], ...]:
    """The columns of a query as whole numbers."""
    return tuple(np.asarray(column, dtype=np.int64) for column in connection.execute(query).fetchnumpy().values())


def keep(connection: duckdb.DuckDBPyConnection, name: str, columns: dict[str, object]) -> None:
    """Make a temporary table of columns in memory."""
    connection.register("identity_frame", pa.table(columns))
    connection.execute(f"create or replace temp table {name} as select * from identity_frame")
    connection.unregister("identity_frame")


def columns_of(connection: duckdb.DuckDBPyConnection, table: str) -> set[str]:
    """The column names of a table or view, in lower case."""
    return {str(row[0]).lower() for row in rows(connection, f"describe select * from {table}")}


def literal(text: str) -> str:
    """A text as a SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def literals(texts: Iterable[str]) -> str:
    """Texts as a list of SQL literals, for `in (...)`."""
    return ", ".join(literal(text) for text in texts)
