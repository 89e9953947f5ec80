"""Builds a candidate: the rows of the parts to renew, aside from the live table."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from crm_pipeline.contract.catalog import Transform
from crm_pipeline.contract.table import Table
from crm_pipeline.errors import CrmError
from crm_pipeline.project import Project
from crm_pipeline.warehouse.as_of import as_of_views, has_its_columns, is_there, location_of, visible_rows
from crm_pipeline.warehouse.sampled_customers import draw_customers
from crm_pipeline.warehouse.side_by_side import SideBySide, worker_count

if TYPE_CHECKING:
    import pandas as pd
    from duckdb import DuckDBPyConnection

BATCH_ROWS = 250_000
LEAST_ROWS_APART = 5_000
"""Rows of a part's frames from which its function is called in a process of its own, beside those of other parts."""
CANDIDATE = "__candidate"
"""How the names of unpublished tables end."""

PLAINLY = " using compression zstd"
"""How texts are stored that do not repeat: a third of the time of the usual way, in half as much space again."""

Part = date | None


def candidate_name(table: Table) -> str:
    """Where the candidate of a table stands: beside it, so that a rename publishes it."""
    return f'"{table.stage}"."{table.name}{CANDIDATE}"'


def create_candidate(connection: DuckDBPyConnection, table: Table) -> None:
    """An empty candidate with the contract's columns; what an earlier killed run left is dropped."""
    columns = ", ".join(f'"{c.name}" {c.type}{PLAINLY if c.is_own else ""}' for c in table.columns)
    connection.execute(f'create schema if not exists "{table.stage}"')
    connection.execute(f"drop table if exists {candidate_name(table)}")
    connection.execute(f"create table {candidate_name(table)} ({columns})")


def sql_values(project: Project, snapshot_date: Part) -> dict[str, Any]:
    """Everything that a `.sql` file may name as a parameter."""
    return {
        "snapshot_date": snapshot_date,
        "previous_snapshot_date": project.snapshots.previous(snapshot_date) if snapshot_date else None,
        "churn_horizon_days": project.churn.horizon_days,
        "active_days": project.churn.active_days,
        "clv_horizon_days": project.clv.horizon_days,
        "recommendation_horizon_days": project.recommendations.horizon_days,
        "recommendation_count": project.recommendations.count,
        "recommendation_available_days": project.recommendations.available_days,
        "recommendation_min_price": project.recommendations.min_price,
        "recommendation_excluded_categories": [name.lower() for name in project.recommendations.excluded_categories],
        "recommendation_consent_purpose": project.recommendations.consent_purpose,
        "custom_segment_count": len(project.segments.custom),
        "week_start_offset": {"monday": 0, "sunday": 1, "saturday": 2}[project.week_start],
    }


@dataclass(frozen=True)
class Builder:
    """Computes parts of one declared table into its candidate."""

    transform: Transform
    tables: Mapping[str, Table]
    project: Project

    def build(self, connection: DuckDBPyConnection, parts: Sequence[Part], progress: Callable[[str], None]) -> None:
        """Fill the candidate part by part, in order of date."""
        table = self.transform.table
        create_candidate(connection, table)
        if self.transform.function is not None and not self.transform.streams:
            self._build_side_by_side(connection, parts, progress)
            return
        for part in parts:
            progress(f"{table.name} {part}" if part else table.name)
            with self._views(connection, part, parts):
                if self.transform.streams:
                    self._insert_stream(connection, part)
                else:
                    self._insert_query(connection, part)

    def _build_side_by_side(
        self, connection: DuckDBPyConnection, parts: Sequence[Part], progress: Callable[[str], None]
    ) -> None:
        """Call the function of several parts at a time, unless the table reads itself or frames are small or huge."""
        table = self.transform.table
        with SideBySide["pd.DataFrame"](worker_count() if len(parts) > 1 else 1) as calls:
            for part in parts:
                progress(f"{table.name} {part}" if part else table.name)
                with self._views(connection, part, parts):
                    function, frame_rows = self._call(connection, part)
                    is_worth_it = LEAST_ROWS_APART <= frame_rows <= BATCH_ROWS
                    alone = table.name in self.transform.upstream or not is_worth_it
                    for rows in calls.call(function, alone=alone):
                        self._insert_frame(connection, rows)
            for rows in calls.rest():
                self._insert_frame(connection, rows)

    def _views(self, connection: DuckDBPyConnection, part: Part, parts: Sequence[Part]) -> AbstractContextManager[None]:
        """What the table reads, as it is seen at ``part``."""
        table = self.transform.table
        upstream = {name: self._table(name) for name in self.transform.upstream}
        own = self._own_rows(connection, part, parts) if table.name in upstream else None
        if self.transform.customers is None:
            return as_of_views(connection, table, upstream, part, own_rows=own)
        orders, location = upstream["orders"], location_of(upstream["orders"], "live")
        visible = visible_rows(orders, location, part) if is_there(connection, orders, location) else None
        restrict = draw_customers(connection, visible, self.transform.customers)
        return as_of_views(connection, table, upstream, part, own_rows=own, restrict=restrict)

    def build_into(self, connection: DuckDBPyConnection, target: str, restrict: Callable[[Table, str], str]) -> None:
        """Run the query of a table without parts over fewer upstream rows, into a table that exists."""
        upstream = {name: self._table(name) for name in self.transform.upstream}
        with as_of_views(connection, self.transform.table, upstream, None, restrict=restrict):
            self._insert_query(connection, None, target)

    def _table(self, name: str) -> Table:
        if name not in self.tables:
            raise CrmError(f"{self.transform.table.name} reads a table {name!r} that nothing declares")
        return self.tables[name]

    def _own_rows(self, connection: DuckDBPyConnection, part: Part, parts: Sequence[Part]) -> str | None:
        """What a table sees of itself: its earlier parts, those of this candidate included."""
        table = self.transform.table
        if part is None:
            return None
        names = ", ".join(f'"{name}"' for name in table.column_names)
        earlier = f"select {names} from {candidate_name(table)} where \"{table.partition_column}\" < date '{part}'"
        location = table.qualified_name
        if not is_there(connection, table, location) or not has_its_columns(connection, table, location):
            return earlier
        rebuilt = ", ".join(f"date '{p}'" for p in parts)
        live = visible_rows(table, table.qualified_name, part, before=True)
        return f'{earlier} union all select * from ({live}) where "{table.partition_column}" not in ({rebuilt})'

    def _parameters(self, part: Part) -> dict[str, Any]:
        values = sql_values(self.project, part)
        unknown = set(self.transform.sql_parameters) - values.keys()
        if unknown:
            raise CrmError(
                f"{self.transform.table.name}.sql names the unknown parameters {sorted(unknown)}; "
                f"known are {sorted(values)}"
            )
        return {name: values[name] for name in self.transform.sql_parameters}

    def _insert_query(self, connection: DuckDBPyConnection, part: Part, target: str | None = None) -> None:
        values = self._parameters(part)
        described = connection.execute(f"describe {self.transform.sql}", values or None).fetchall()
        self._insert_relation(connection, [row[0] for row in described], self.transform.sql, values, target)

    def _insert_relation(
        self,
        connection: DuckDBPyConnection,
        found: Sequence[str],
        sql: str,
        values: Mapping[str, Any],
        target: str | None = None,
    ) -> None:
        table = self.transform.table
        if list(found) != list(table.column_names):
            raise CrmError(
                f"{table.name}.sql selects {list(found)}, but {table.name}.py declares {list(table.column_names)}"
            )
        casts = ", ".join(f'cast("{column.name}" as {column.type}) as "{column.name}"' for column in table.columns)
        query = re.sub(r";\s*(--.*\s*)*\Z", "", sql)  # a closing semicolon; the line break ends a closing comment
        chosen = f"select {casts} from ({query}\n)"
        if not table.keeps_order:
            chosen += " order by " + ", ".join(f'"{name}"' for name in table.stored_order)
        connection.execute(f"insert into {target or candidate_name(table)} {chosen}", dict(values) or None)

    def _given(self, connection: DuckDBPyConnection, part: Part) -> dict[str, Any]:
        """What the function takes beside its rows."""
        function = self.transform.function
        assert function is not None
        given: dict[str, Any] = {name: self._given_frame(connection, name, part) for name in self.transform.frames}
        named = inspect.signature(function).parameters
        return given | {
            name: value for name, value in (("project", self.project), ("snapshot_date", part)) if name in named
        }

    def _call(self, connection: DuckDBPyConnection, part: Part) -> tuple[Callable[[], pd.DataFrame], int]:
        """The function of one part with all that it reads, to be called in any process; and the rows of its frames."""
        function = self.transform.function
        assert function is not None
        given = self._given(connection, part)
        frame: pd.DataFrame = connection.execute(self.transform.sql, self._parameters(part) or None).df()
        row_count = len(frame) + sum(len(given[name]) for name in self.transform.frames)
        return partial(function, frame, **given), row_count

    def _insert_stream(self, connection: DuckDBPyConnection, part: Part) -> None:
        """Call the function with one frame of a bounded size after the other."""
        function = self.transform.function
        assert function is not None
        given = self._given(connection, part)
        for frame in self._stream(connection, self._parameters(part)):
            if self.transform.fit is not None and "fitted" not in given:
                given["fitted"] = self.transform.fit(self._sample(connection))
            self._insert_frame(connection, function(frame, **given))

    def _given_frame(self, connection: DuckDBPyConnection, name: str, part: Part) -> pd.DataFrame:
        table = self.tables[name]
        is_current = name in self.transform.current_frames and part is not None
        where = f" where \"{table.partition_column}\" = date '{part}'" if is_current else ""
        frame: pd.DataFrame = connection.sql(f'select * from "{name}"{where}').df()
        return frame

    def _stream(self, connection: DuckDBPyConnection, values: Mapping[str, Any]) -> Iterator[pd.DataFrame]:
        """Frames of at most BATCH_ROWS rows (and what ``stream_by`` keeps together), in the query's order."""
        connection.execute(
            f"create or replace temporary table model_frame as {self.transform.sql}", dict(values) or None
        )
        for start, stop in self._ranges(connection):
            yield connection.execute(
                f"select * from model_frame where rowid >= {start} and rowid < {stop} order by rowid"
            ).df()
        connection.execute("drop table model_frame")

    def _sample(self, connection: DuckDBPyConnection) -> pd.DataFrame:
        """All rows of some values of `stream_by`, drawn by a digest, so that the same ones are drawn every time."""
        key = self.transform.stream_by
        drawn = (
            f"select {key} from (select distinct {key} from model_frame) "
            f"order by md5({key}::varchar), {key} limit {self.transform.sample_size}"
        )
        sample: pd.DataFrame = connection.execute(
            f"select * from model_frame where {key} in ({drawn}) order by rowid"
        ).df()
        return sample

    def _ranges(self, connection: DuckDBPyConnection) -> list[tuple[int, int]]:
        """First row and the row after the last of each frame; one empty frame when there are no rows."""
        key = self.transform.stream_by
        groups = (
            f"select min(rowid) as first_row, max(rowid) as last_row from model_frame group by {key}"
            if key
            else "select rowid as first_row, rowid as last_row from model_frame"
        )
        found: list[tuple[int, int]] = connection.execute(
            f"select min(first_row), max(last_row) + 1 from ({groups}) group by first_row // {BATCH_ROWS} order by 1"
        ).fetchall()
        if any(stop != start for (_, stop), (start, _) in pairwise(found)):
            raise CrmError(f"{self.transform.table.name}.sql must be ordered by {key}, by which its frames are cut")
        return found or [(0, 0)]

    def _insert_frame(self, connection: DuckDBPyConnection, rows: pd.DataFrame) -> None:
        table = self.transform.table
        connection.register("function_rows", rows)
        columns = ", ".join(
            f'nullif("{c.name}", \'nan\'::double) as "{c.name}"' if c.type == "double" else f'"{c.name}"'
            for c in table.columns
            if c.name in rows.columns
        )
        try:
            self._insert_relation(connection, list(rows.columns), f"select {columns} from function_rows", {})
        finally:
            connection.unregister("function_rows")
