"""Pictures in the metadata of assets, where people would rather look than read."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from crm_pipeline.contract.table import Table
from crm_pipeline.warehouse.connection import Warehouse

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Chart = Callable[["DuckDBPyConnection"], bytes | None]


def _rejections(connection: DuckDBPyConnection) -> bytes | None:
    from crm_pipeline.charts import bar_chart

    rows = connection.execute(
        "select source, sum(rejected_count + duplicate_count) / nullif(sum(read_count), 0) "
        "from quality.reconciliation group by source order by source"
    ).fetchall()
    return bar_chart(
        [row[0] for row in rows],
        [100 * float(row[1] or 0) for row in rows],
        "Rows rejected or repeated",
        "% of rows read",
    )


CHARTS: dict[str, tuple[str, Chart]] = {
    "reconciliation": ("rows rejected or repeated per source", _rejections),
}


def charts_of(warehouse: Warehouse, table: Table) -> dict[str, Any]:
    """The table's chart as Markdown metadata, or nothing for tables without one."""
    import dagster as dg

    from crm_pipeline.charts import as_markdown

    if table.name not in CHARTS:
        return {}
    alt, draw = CHARTS[table.name]
    with warehouse.connect(read_only=False) as connection:
        png = draw(connection)
    return {"chart": dg.MetadataValue.md(as_markdown(png, alt))} if png else {}
