"""Contents of table parts that are still at hand: in the live file, the published copy and the one before it.

A content is recognised by its hash in the ledger of the file that holds it, so it does not matter which run made it.
Append-only tables keep every version.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import duckdb

from crm_pipeline.contract.table import Table
from crm_pipeline.diff.states import Key
from crm_pipeline.warehouse.candidate import Part
from crm_pipeline.warehouse.connection import Warehouse, translated
from crm_pipeline.warehouse.ledger import Ledger, Version

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True)
class Contents:
    """Open files with what each of them holds."""

    connection: DuckDBPyConnection
    held: Mapping[str, Mapping[Key, str]]

    def query(self, table: Table, part: Part, version: Version) -> str | None:
        """The query that gives the rows of a version of a part; None when they are gone."""
        names = ", ".join(f'"{name}"' for name in table.column_names)
        where = f" where \"{table.partition_column}\" = date '{part}'" if part is not None else ""
        for file, held in self.held.items():
            location = f"{file}.{table.qualified_name}"
            if table.kind == "append_only":
                newest = f"select max(table_version) from {location}{where} and table_version <= {version.version}"
                if (table.name, part) in held and self._has_rows(newest):
                    return f"select {names} from {location}{where} and table_version = ({newest})"
            elif held.get((table.name, part)) == version.content_hash:
                return f"select {names} from {location}{where}"
        return None

    def _has_rows(self, newest: str) -> bool:
        rows = self.connection.execute(newest).fetchall()
        return rows[0][0] is not None


@dataclass(frozen=True)
class RowChanges:
    """How the rows of one part differ, by its grain; ``columns``: changed rows per column, most first."""

    added: int
    removed: int
    changed: int
    columns: Mapping[str, int] = field(default_factory=dict)


@contextmanager
def open_contents(warehouse: Warehouse) -> Iterator[Contents]:
    """Attach what files there are, for reading. WarehouseError when one cannot be opened."""
    files = {"published": warehouse.published, "previous": warehouse.previous, "live": warehouse.live}
    with duckdb.connect(":memory:") as connection:
        connection.execute("set TimeZone = 'UTC'")
        held: dict[str, dict[Key, str]] = {}
        for name, path in files.items():
            if not path.exists():
                continue
            quoted = str(path).replace("'", "''")
            with translated(path):
                connection.execute(f"attach '{quoted}' as {name} (read_only)")
            current = Ledger(connection, name).current()
            held[name] = {
                (table, part): version.content_hash
                for table, parts in current.items()
                for part, version in parts.items()
            }
        yield Contents(connection, held)


def compare_rows(connection: DuckDBPyConnection, table: Table, before: str, after: str) -> RowChanges:
    """Join two contents of a part on the grain, and count; columns that say when something was done do not matter."""
    compared = [name for name in table.hashed_columns if name not in table.grain]
    joined = " and ".join(f'a."{name}" = b."{name}"' for name in table.grain)
    differs = [f'a."{name}" is distinct from b."{name}"' for name in compared]
    is_in_both = "a.is_there and b.is_there"
    counts = [f"count(*) filter (where {is_in_both} and {condition})" for condition in differs]
    changed = f"count(*) filter (where {is_in_both} and ({' or '.join(differs)}))" if differs else "0"
    (row,) = connection.execute(
        f"with a as (select *, true as is_there from ({before})), b as (select *, true as is_there from ({after})) "
        f"select count(*) filter (where a.is_there is null), count(*) filter (where b.is_there is null), "
        f"{', '.join([changed, *counts])} from a full join b on {joined}"
    ).fetchall()
    by_column = sorted(zip(compared, row[3:], strict=True), key=lambda item: (-item[1], item[0]))
    return RowChanges(row[0], row[1], row[2], {name: count for name, count in by_column if count})
