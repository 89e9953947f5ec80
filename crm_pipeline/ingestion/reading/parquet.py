"""Reads Parquet: every value as text, fields of structs under dotted names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from crm_pipeline.ingestion.reading.reader import BROKEN, LINE, POSITION, Facts, text_schema, unique_names, unreadable

if TYPE_CHECKING:
    from duckdb.sqltypes import DuckDBPyType

BATCH_ROWS = 100_000


class ParquetReader:
    """Positions are row numbers from 1; nothing of a Parquet file can be broken by itself."""

    lines = None

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            with self._connected() as connection:
                relation = connection.sql(f"select * from read_parquet({_literal(path)})")
                leaves = [
                    leaf
                    for name, kind in zip(relation.columns, relation.types, strict=True)
                    for leaf in _leaves(f'"{_escaped(name)}"', name, kind)
                ]
        except duckdb.Error as error:
            raise unreadable(path, error) from None
        self._expressions = [expression for expression, _ in leaves]
        self._names = unique_names([name for _, name in leaves])

    @property
    def facts(self) -> Facts:
        """The names."""
        return Facts("parquet", tuple(self._names))

    def batches(self) -> Iterator[pa.Table]:
        """Tables in the order of the file; see `Reader.batches`."""
        texts = ", ".join(f"cast({expression} as varchar) as c{n}" for n, expression in enumerate(self._expressions))
        try:
            with self._connected() as connection:
                reader: pa.RecordBatchReader = connection.sql(
                    f"select file_row_number + 1 as {POSITION}, cast(null as varchar) as {BROKEN}, "
                    f"cast(null as varchar) as {LINE}, {texts} "
                    f"from read_parquet({_literal(self._path)}, file_row_number = true)"
                ).to_arrow_reader(BATCH_ROWS)
                for batch in reader:
                    table = pa.Table.from_batches([batch])
                    yield table.rename_columns(text_schema(self._names).names).cast(text_schema(self._names))
        except duckdb.Error as error:
            raise unreadable(self._path, error) from None

    @staticmethod
    def _connected() -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect(config={"memory_limit": "2GB"})
        connection.execute("set TimeZone = 'UTC'")  # how times with a zone are written, on any machine
        return connection


def _leaves(expression: str, name: str, kind: DuckDBPyType) -> list[tuple[str, str]]:
    """Expression and dotted name of a column, or of each field of a struct."""
    if kind.id != "struct":
        return [(expression, name)]
    found: list[tuple[str, str]] = []
    for field, inner in kind.children:
        assert not isinstance(inner, (int, list))
        found += _leaves(f'{expression}."{_escaped(field)}"', f"{name}.{field}", inner)
    return found


def _escaped(name: str) -> str:
    return name.replace('"', '""')


def _literal(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
