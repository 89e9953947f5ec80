"""Numbers with a home: each remembers the query, row and column that it comes from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

import duckdb

from crm_pipeline.errors import UserError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Kind = Literal[
    "text",
    "count",
    "money",
    "share",
    "change",
    "signed",
    "ratio",
    "decimal",
    "fine",
    "points",
    "signed_ratio",
    "day",
    "month",
]


@dataclass(frozen=True)
class Cell:
    """One value of a query's result, and how it is to be written."""

    value: Any
    kind: Kind
    query: str
    row: int
    column: str

    @property
    def number(self) -> float:
        """As a float; 0 where it is missing."""
        return float(self.value or 0)


@dataclass(frozen=True)
class Result:
    """Rows of a query with its text as readers can run it."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    sql: str

    def __bool__(self) -> bool:
        return bool(self.rows)

    def cell(self, row: int, column: str, kind: Kind = "text") -> Cell:
        """The cell of a row (from the end where negative)."""
        place = row % len(self.rows)
        return Cell(self.rows[place][self.columns.index(column)], kind, self.name, place, column)

    def column(self, name: str) -> list[Any]:
        """All values of a column."""
        place = self.columns.index(name)
        return [row[place] for row in self.rows]

    def numbers(self, name: str) -> list[float]:
        """A column as floats, 0 where missing."""
        return [float(value or 0) for value in self.column(name)]

    def known(self, name: str) -> list[float | None]:
        """A column as floats, None where missing."""
        return [None if value is None else float(value) for value in self.column(name)]

    def indices(self) -> Iterator[int]:
        """Row numbers."""
        return iter(range(len(self.rows)))


class Reader:
    """Runs the queries of a catalogue on an open connection, each once; one whose tables are missing has no rows."""

    def __init__(
        self, connection: DuckDBPyConnection, queries: Mapping[str, str], parameters: Mapping[str, date | str]
    ) -> None:
        self.connection = connection
        self.queries = queries
        self.parameters = dict(parameters)
        self.results: dict[str, Result] = {}
        self._there = {
            (schema, name)
            for schema, name in connection.execute(
                "select schema_name, table_name from duckdb_tables() "
                "union all select schema_name, view_name from duckdb_views() where not internal"
            ).fetchall()
        }

    def __getitem__(self, name: str) -> Result:
        if name not in self.results:
            self.results[name] = self._run(name, self.queries[name])
        return self.results[name]

    def _run(self, name: str, sql: str) -> Result:
        shown = as_typed(sql, self.parameters)
        if not set(tables_of(sql)) <= self._there:
            return Result(name, (), (), shown)
        given = {key: value for key, value in self.parameters.items() if f"${key}" in sql}
        try:
            found = self.connection.execute(sql, given) if given else self.connection.execute(sql)
        except (duckdb.BinderException, duckdb.CatalogException) as error:
            missing = str(error).partition("\n")[0]
            raise UserError(
                "the copy for readers was published by another version of crm-pipeline: "
                f"{missing}. `crm-pipeline run` builds and publishes it anew"
            ) from error
        columns = tuple(column[0] for column in found.description)
        return Result(name, columns, tuple(found.fetchall()), shown)


def tables_of(sql: str) -> list[tuple[str, str]]:
    """Schema and name of the tables that a query names."""
    return sorted(set(re.findall(r"(?<!distinct )\b(?:from|join)\s+(\w+)\.(\w+)", sql)))


def as_typed(sql: str, parameters: Mapping[str, date | str]) -> str:
    """The query with its parameters written out, to be copied into any SQL tool."""
    for name, value in parameters.items():
        quoted = str(value).replace("'", "''")
        literal = f"date '{quoted}'" if isinstance(value, date) else f"'{quoted}'"
        sql = re.sub(rf"\${name}\b", literal.replace("\\", r"\\"), sql)
    return sql


def plain(value: Any) -> str:
    """A value as it stands in the page's data attributes: exact, in no language."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    return repr(value) if isinstance(value, float) else str(value)
