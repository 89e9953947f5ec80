"""Pictures of customer value against what became of it, from the live tables; None where they have no rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def clv_deciles(connection: DuckDBPyConnection) -> bytes | None:
    """Mean expected and actual spend per tenth of the customers, all judged snapshots."""
    from crm_pipeline.charts import line_chart

    rows = connection.execute(
        "select decile, sum(actual_amount) / sum(customer_count), sum(expected_amount) / sum(customer_count), "
        "sum(naive_amount) / sum(customer_count) from features.clv_deciles group by decile order by decile"
    ).fetchall()
    if not rows:
        return None
    deciles, actual, expected, naive = zip(*rows, strict=True)
    series = {"spent": actual, "expected": expected, "rule": naive}
    return line_chart(
        deciles, series, "Spend in the horizon by tenth of the customers", "tenth, 1 expected to spend most", "mean"
    )
