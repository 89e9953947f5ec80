"""Tables and queries of SQL databases, streamed as text in the order of the cursor."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, closing
from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import sqlalchemy as sa

from crm_pipeline.errors import CrmError, UserError
from crm_pipeline.ingestion.connectors.engine import abandon, as_parameter, open_engine, zoned_columns
from crm_pipeline.ingestion.connectors.identity import Landed, check_unique, not_unique, with_identity
from crm_pipeline.ingestion.connectors.landing import SNAPSHOT, Landing, text_schema
from crm_pipeline.ingestion.connectors.secrets import Secrets
from crm_pipeline.ingestion.connectors.settings import SqlExtract
from crm_pipeline.ingestion.connectors.sql_errors import explained
from crm_pipeline.ingestion.connectors.texts import to_text

if TYPE_CHECKING:
    from crm_pipeline.project import Source

FETCH_ROWS = 5_000
FILE_ROWS = 200_000
FILE_BYTES = 128_000_000


def land(source_name: str, source: Source, landing: Landing, secrets: Secrets, tell: Callable[[int], None]) -> int:
    """Land the rows that are new since the cursor that was reached, or, without a cursor, all of them as one file."""
    assert source.extract is not None and source.extract.sql is not None
    settings = source.extract.sql
    engine = open_engine(secrets.resolve(settings.url, in_url=True))
    problem: CrmError
    try:
        with engine.connect() as connection:
            reading = Reading(source_name, settings, connection)
            if settings.cursor is None:
                return reading.land_snapshot(landing, tell)
            return reading.land_increment(landing, settings.cursor, tell)
    except sa.exc.SQLAlchemyError as error:
        problem = explained(error, source_name)
    finally:
        engine.dispose()
    raise problem


class Reading:
    """One pass over a table or query."""

    def __init__(self, source_name: str, settings: SqlExtract, connection: sa.Connection) -> None:
        self.source_name = source_name
        self.settings = settings
        self.connection = connection
        preparer = connection.dialect.identifier_preparer
        self._quote = preparer.quote
        if settings.table is not None:
            self._from = ".".join(self._quote(part) for part in settings.table.split("."))
        else:
            query = (settings.query or "").strip().rstrip(";")
            self._from = f"(\n{query}\n) source_rows"

    def land_snapshot(self, landing: Landing, tell: Callable[[int], None]) -> int:
        """Replace the one file by what the source holds now; the same rows again leave it as it is."""
        order = f" order by {self._listed(self.settings.key)}" if self.settings.key else ""
        rows = 0
        with ExitStack() as stack:
            writer: Any = None
            tables = stack.enter_context(closing(self._tables(f"select * from {self._from}{order}", None)))
            for table in tables:
                if writer is None:
                    writing = landing.writing(landing.folder / SNAPSHOT, table.schema, 0, None, keep_same=True)
                    writer = stack.enter_context(writing)
                writer.write_table(table)
                rows += table.num_rows
                tell(rows)
        return rows

    def land_increment(self, landing: Landing, cursor: str, tell: Callable[[int], None]) -> int:
        """Land file after file in the order of the cursor; a load that is cut off goes on behind its last file."""
        before = landing.files()
        self._check_cursor(cursor, first=not before)
        start = before[-1].cursor if before else None
        sequence = before[-1].sequence if before else 0
        sql, parameters = self._since(cursor, start)
        read = landed = 0
        files = [file.path for file in before]
        with Landed(files, cursor) as known, closing(self._tables(sql, parameters)) as tables:
            for table in tables:
                if cursor not in table.column_names:
                    raise UserError(self._no_column(cursor, table.column_names))
                if not table.num_rows:
                    break
                last = table.column(cursor)[-1].as_py()
                rows = with_identity(table, self.settings.key, sequence + 1)
                if self.settings.key:
                    check_unique(rows, self.settings.key, self.source_name)
                rows = known.new_rows(rows)
                if rows.num_rows:
                    sequence += 1
                    landing.land(rows, sequence, last)
                landed += rows.num_rows
                read += table.num_rows
                tell(read)
        return landed

    def _since(self, cursor: str, start: str | None) -> tuple[str, tuple[str, ...] | None]:
        order = f"order by {self._listed([cursor, *(name for name in self.settings.key if name != cursor)])}"
        if start is None:
            return f"select * from {self._from} {order}", None
        if self.settings.overlap_minutes:
            start = _earlier(start, self.settings.overlap_minutes, self.source_name)
        mark = "?" if self.connection.dialect.paramstyle == "qmark" else "%s"
        source = self._from if mark == "?" else self._from.replace("%", "%%")
        sql = f"select * from {source} where {self._quote(cursor)} >= {mark} {order}"
        return sql, (as_parameter(self.connection.dialect, start),)

    def _listed(self, names: Sequence[str]) -> str:
        return ", ".join(self._quote(name) for name in names)

    def _check_cursor(self, cursor: str, *, first: bool) -> None:
        """UserError for what would lose rows: a cursor without a value, or a key that several rows share."""
        where = f"where {self._quote(cursor)} is null"
        asking = self.connection.execution_options(no_parameters=True)  # else a % in the query would be a placeholder
        missing = int(asking.exec_driver_sql(f"select count(*) from {self._from} {where}").scalar() or 0)
        if missing:
            raise UserError(
                f"sources.{self.source_name}.extract: {missing} rows have no {cursor}, and would never be "
                "read; choose a cursor that every row has, or a query with coalesce(...)"
            )
        if first and self.settings.key:
            keys = self._listed(self.settings.key)
            known = " and ".join(f"{self._quote(name)} is not null" for name in self.settings.key)
            repeated = asking.exec_driver_sql(
                f"select 1 from {self._from} where {known} group by {keys} having count(*) > 1 limit 1"
            ).first()
            if repeated is not None:
                raise UserError(not_unique(self.source_name, self.settings.key))

    def _tables(self, sql: str, parameters: tuple[str, ...] | None) -> Generator[pa.Table]:
        """The result as tables of text, each as large as a landed file may be; at least one, maybe empty."""
        streaming = self.connection.execution_options(
            stream_results=True, max_row_buffer=FETCH_ROWS, no_parameters=parameters is None
        )
        result = streaming.exec_driver_sql(sql, parameters)
        names = list(result.keys())
        self._check_names(names)
        zoned = zoned_columns(self.connection.dialect, result)
        schema = text_schema(names)
        try:
            yield from _batched(result, schema, zoned)
        except BaseException:
            abandon(self.connection, result)
            raise

    def _check_names(self, names: Sequence[str]) -> None:
        seen: set[str] = set()
        for name in names:
            if name.lower() in seen:
                raise UserError(
                    f"sources.{self.source_name}.extract: the query gives two columns named {name!r}; "
                    "name them apart with `as`"
                )
            if name.startswith("__"):
                raise UserError(
                    f"sources.{self.source_name}.extract: names that begin with __ are reserved; name {name!r} anew "
                    "with a query"
                )
            seen.add(name.lower())

    def _no_column(self, name: str, names: Sequence[str]) -> str:
        near = get_close_matches(name, names, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(names[:20])}"
        return f"sources.{self.source_name}.extract: there is no column {name!r}; {hint}"


def _batched(result: sa.CursorResult[Any], schema: pa.Schema, zoned: Sequence[int]) -> Iterator[pa.Table]:
    batches: list[pa.Table] = []
    rows = size = 0
    while fetched := result.fetchmany(FETCH_ROWS):
        columns = [[to_text(value) for value in column] for column in zip(*fetched, strict=True)]
        for number in zoned:
            columns[number] = [value and f"{value}+00" for value in columns[number]]
        batches.append(pa.table([pa.array(column, pa.string()) for column in columns], schema=schema))
        rows, size = rows + len(fetched), size + batches[-1].nbytes
        if rows >= FILE_ROWS or size >= FILE_BYTES:
            yield pa.concat_tables(batches)
            batches, rows, size = [], 0, 0
    yield pa.concat_tables(batches) if batches else schema.empty_table()


def _earlier(start: str, minutes: int, source_name: str) -> str:
    """The cursor moved back by some minutes, for rows that were committed late; UserError when it is no time."""
    try:
        moment = datetime.fromisoformat(re.sub(r"([+-]\d\d)$", r"\1:00", start))
        return (moment - timedelta(minutes=minutes)).isoformat(sep=" ")
    except (ValueError, OverflowError):
        pass
    raise UserError(f"sources.{source_name}.extract: `overlap_minutes` needs a cursor that is a time")
