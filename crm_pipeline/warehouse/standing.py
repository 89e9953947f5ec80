"""Whether a table stands as it was written: one that was dropped or edited by hand is rebuilt, not built upon."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from crm_pipeline.contract.table import Table
from crm_pipeline.warehouse.as_of import has_its_columns, qualified_from

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from crm_pipeline.warehouse.candidate import Part
    from crm_pipeline.warehouse.ledger import Version

GONE, OTHER_COLUMNS, OTHER_ROWS = (
    "its table is gone",
    "its table has other columns than were written",
    "its table has more or fewer rows than were written",
)


def altered_parts(
    connection: DuckDBPyConnection, table: Table, versions: Mapping[Part, Version], parts: Sequence[Part]
) -> dict[Part, str]:
    """What is wrong with the parts that the ledger knows; nothing where the table stands with its columns and rows.

    Rows are counted, not hashed, which takes milliseconds: values that were changed in place are not noticed. Of
    append-only tables, which keep former versions of their parts, only the table itself is looked for.
    """
    known = [part for part in parts if part in versions]
    if not known:
        return {}
    location = qualified_from(connection, table)
    if location is None:
        return dict.fromkeys(known, GONE)
    if not has_its_columns(connection, table, location):
        return dict.fromkeys(known, OTHER_COLUMNS)
    if table.kind == "append_only":
        return {}
    key = f'"{table.partition_column}"' if table.is_partitioned else "cast(null as date)"
    rows = connection.execute(f"select {key} as part, count(*) from {location} group by part").fetchall()
    counts = {part: int(count) for part, count in rows}
    return {part: OTHER_ROWS for part in known if counts.get(part, 0) != versions[part].row_count}
